from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.image_composer import MadeImage, Settings, Step, compose, copy, note, run
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME, REBASE_SOURCE
from slipway.build.rebase.image import Image
from slipway.build.rebase.plan import Origin, RebasePlan, plan_rebase, rebase_source
from slipway.build.rebase.refusal import Refusal, RefusalReason
from tests.support.made_images import as_image

NAME = "registry.test/base/python:3.12"
BOTH = ["linux/amd64", "linux/arm64/v8"]


def base_of(version: str, *, platforms: list[str] | None = None, **options: Any) -> MadeImage:
    steps = [copy({"/base": version + " {platform}"}), run("fix", {"/lib/tls": version})]
    return compose(None, steps, Settings(env={"VERSION": version}), platforms=platforms or [], **options)


OLD, NEW = base_of("1"), base_of("2")
APP = compose(OLD, [note("ENV A=b"), copy({"/app": "x"})], Settings(env={"A": "b"}))


def rebase(old: MadeImage, image: MadeImage, new: MadeImage, *, allow_run: bool = False) -> RebasePlan:
    plan = attempt(old, image, new, allow_run=allow_run)
    assert isinstance(plan, RebasePlan), plan
    return plan


def attempt(
    old: MadeImage, image: MadeImage, new: MadeImage, *, allow_run: bool = False
) -> RebasePlan | Refusal:
    parts = (as_image(old, "old"), as_image(image, "app"), as_image(new, "new"))
    return plan_rebase(*parts, NAME, allow_run=allow_run)


def reason_of(old: MadeImage, image: MadeImage, new: MadeImage) -> RefusalReason:
    refusal = attempt(old, image, new)
    assert isinstance(refusal, Refusal), refusal
    return refusal.reason


def configs_of(plan: RebasePlan) -> list[dict[str, Any]]:
    return [json.loads(config.content) for config in plan.configs]


FILES = st.dictionaries(st.sampled_from(["/a", "/b", "/c"]), st.text(max_size=5), min_size=1)
STEPS = st.lists(st.one_of(FILES.map(copy), st.just(note("USER app"))), max_size=4)
ENV = st.dictionaries(st.sampled_from(["A", "B", "C"]), st.sampled_from(["1", "2"]), max_size=3)


@given(old_env=ENV, new_env=ENV, own_env=ENV, steps=STEPS, platforms=st.sampled_from([[], BOTH]))
def test_a_rebase_equals_the_build_on_the_new_base(
    old_env: dict[str, str],
    new_env: dict[str, str],
    own_env: dict[str, str],
    steps: list[Step],
    platforms: list[str],
) -> None:
    """Layers, diff IDs, history and environment are those that the same Dockerfile gives on the new base."""
    # What repeats the value of the old base is not seen as a change, and short values are never derived ones.
    own = {f"OWN_{name}": value for name, value in own_env.items()}
    old = compose(None, [copy({"/os": "1 {platform}"})], Settings(env=old_env), platforms=platforms)
    new = compose(
        None,
        [copy({"/os": "2 {platform}"}), run("x", {"/y": "z"})],
        Settings(env=new_env),
        platforms=platforms,
    )
    image, direct = (compose(base, steps, Settings(env=own)) for base in (old, new))
    plan = rebase(old, image, new)
    for result, wanted in zip(configs_of(plan), direct.platforms, strict=True):
        assert result["rootfs"] == wanted.config["rootfs"]
        assert result["history"] == wanted.config["history"]
        assert result["config"].get("Env", []) == wanted.config["config"].get("Env", [])
    for manifest, wanted in zip(plan.manifests, direct.platforms, strict=False):
        assert json.loads(manifest.content)["layers"] == json.loads(wanted.manifest.content)["layers"]


def test_the_same_inputs_give_the_same_digest() -> None:
    """A rebase is a pure function: after a crash it ends where it would have ended."""
    one, other = rebase(OLD, APP, NEW), rebase(base_of("1"), APP, base_of("2"))
    assert one == other
    assert one.digest == "sha256:" + hashlib.sha256(one.top.content).hexdigest()


def test_bytes_stay_the_same_for_good() -> None:
    """A new release of the operator must not turn finished builds into other digests."""
    made = enumerate((OLD, APP, NEW))
    old, image, new = (without_compression(as_image(part), place) for place, part in made)
    plan = plan_rebase(old, image, new, NAME, allow_run=False)
    assert isinstance(plan, RebasePlan)
    assert plan.digest == "sha256:1dd06f3aecb6826ae406aff3fa6e5cee38f04c26f4958fffcb960bae1cfd8192"


def without_compression(image: Image, place: int) -> Image:
    """The image with made-up digests of stored layers: compressors differ between releases of zlib."""
    part = image.platforms[0]
    layers = tuple(replace(layer, digest=layer.diff_id, size=1) for layer in part.layers)
    return replace(image, digest=f"sha256:{place:064}", platforms=(replace(part, layers=layers),))


def test_every_document_has_the_digest_of_its_bytes() -> None:
    """Descriptors in the result point at what is pushed."""
    plan = rebase(
        base_of("1", platforms=BOTH),
        compose(base_of("1", platforms=BOTH), [copy({"/a": "1"})]),
        base_of("2", platforms=BOTH),
    )
    pushed = {document.digest: document for document in (*plan.configs, *plan.manifests)}
    blobs = {blob.digest: blob.size for blob in plan.blobs}
    for digest, document in pushed.items():
        assert digest == "sha256:" + hashlib.sha256(document.content).hexdigest()
        content = json.loads(document.content)
        for child in [*content.get("manifests", []), *([content["config"]] if "layers" in content else [])]:
            assert (child["size"], child["mediaType"]) == (
                pushed[child["digest"]].size,
                pushed[child["digest"]].media_type,
            )
        for layer in content.get("layers", []):
            assert blobs[layer["digest"]] == layer["size"]


def test_the_result_says_where_it_comes_from() -> None:
    """Annotations and labels name the new base; the source build is named by an annotation alone."""
    plan = rebase(OLD, APP, NEW)
    annotations = json.loads(plan.top.content)["annotations"]
    assert annotations == {BASE_NAME: NAME, BASE_DIGEST: NEW.digest, REBASE_SOURCE: APP.digest}
    assert configs_of(plan)[0]["config"]["Labels"] == {BASE_NAME: NAME, BASE_DIGEST: NEW.digest}


def test_annotations_of_the_source_build_stay_and_its_time_is_renewed() -> None:
    """`created` in annotations would otherwise contradict the configuration."""
    created = "org.opencontainers.image.created"
    app = compose(
        OLD, [copy({"/app": "x"})], Settings(annotations={"team": "shop", created: "2020-01-01T00:00:00Z"})
    )
    annotations = json.loads(rebase(OLD, app, NEW).top.content)["annotations"]
    assert annotations["team"] == "shop"
    assert annotations[created] == "2026-11-01T00:00:00Z"


def test_an_index_stays_an_index_without_its_attestations() -> None:
    """Attestations speak of the old image."""
    old, new = base_of("1", platforms=BOTH), base_of("2", platforms=BOTH)
    plan = rebase(old, compose(old, [copy({"/a": "1"})], attested=True), new)
    index = json.loads(plan.top.content)
    assert index["mediaType"] == "application/vnd.oci.image.index.v1+json"
    assert [entry["platform"] for entry in index["manifests"]] == [
        {"os": "linux", "architecture": "amd64"},
        {"os": "linux", "architecture": "arm64", "variant": "v8"},
    ]
    assert [entry["digest"] for entry in index["manifests"]] == [
        child.digest for child in plan.manifests[:-1]
    ]
    assert index["annotations"][BASE_DIGEST] == new.digest
    assert plan.platforms == ("linux/amd64", "linux/arm64/v8")


def test_a_single_image_picks_its_platform_of_an_index() -> None:
    """The base may serve more platforms than the image."""
    old, new = base_of("1", platforms=BOTH), base_of("2", platforms=BOTH)
    app = compose(old, [copy({"/a": "1"})], platforms=["linux/arm64/v8"])
    plan = rebase(old, app, new)
    assert len(plan.manifests) == 1
    assert configs_of(plan)[0]["rootfs"]["diff_ids"][:2] == list(new.platforms[1].diff_ids)


def test_an_index_of_one_platform_stands_on_a_single_base() -> None:
    """BuildKit makes an index even of one platform, for its attestation."""
    app = compose(OLD, [copy({"/a": "1"})], attested=True)
    plan = rebase(OLD, app, NEW)
    assert len(json.loads(plan.top.content)["manifests"]) == 1


def test_docker_types_become_oci_types() -> None:
    """Manifest, configuration, layers and index are OCI's, whatever the inputs are."""
    old, new = base_of("1", platforms=BOTH, docker=True), base_of("2", platforms=BOTH, docker=True)
    plan = rebase(old, compose(old, [copy({"/a": "1"})], docker=True), new)
    assert b"docker" not in b"".join(document.content for document in plan.manifests)
    oci = base_of("1", platforms=BOTH), base_of("2", platforms=BOTH)
    assert plan.configs[0].media_type == "application/vnd.oci.image.config.v1+json"
    same_in_oci = rebase(oci[0], compose(oci[0], [copy({"/a": "1"})]), oci[1])
    assert [blob.digest for blob in plan.blobs] == [blob.digest for blob in same_in_oci.blobs]


def test_each_layer_is_pushed_once_from_where_it_is() -> None:
    """Own layers come from the source build, those of the new base from the base."""
    own = {layer.blob.digest for layer in APP.platforms[0].layers[2:]}
    plan = rebase(OLD, APP, NEW)
    assert {blob.digest for blob in plan.blobs if blob.origin is Origin.SOURCE} == own
    assert {blob.digest for blob in plan.blobs if blob.origin is Origin.BASE} == {
        layer.blob.digest for layer in NEW.platforms[0].layers
    }
    assert len({blob.digest for blob in plan.blobs}) == len(plan.blobs)


def test_created_is_the_latest_of_the_inputs() -> None:
    """A result is never older than what it is made of."""
    new = compose(None, [copy({"/base": "2"})], Settings(created="2026-11-20T00:00:00Z"))
    assert configs_of(rebase(OLD, APP, new))[0]["created"] == "2026-11-20T00:00:00Z"


def test_a_result_is_no_source() -> None:
    """A rebase starts from the source build; the refusal names it."""
    marked = Settings(annotations={REBASE_SOURCE: APP.digest})
    rebased = compose(OLD, [copy({"/app": "x"})], marked)
    refusal = attempt(OLD, rebased, NEW)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.ALREADY_REBASED
    assert APP.digest in refusal.message
    assert rebase_source(as_image(rebased)) == APP.digest
    assert rebase_source(as_image(APP)) is None


NO_LAYERS = compose(None, [note("ENV A=b")])
WITH_TRIGGER = compose(None, [copy({"/b": "2"})], Settings(config={"OnBuild": ["RUN x"]}))
WITH_PATH = compose(None, [copy({"/b": "1"})], Settings(env={"PATH": "/usr/bin"}))
EXTENDS_PATH = compose(WITH_PATH, [copy({"/a": "1"})], Settings(env={"PATH": "/app:/usr/bin"}))
OTHER_PATH = compose(None, [copy({"/b": "2"})], Settings(env={"PATH": "/bin"}))


@pytest.mark.parametrize(
    ("old", "image", "new", "reason"),
    [
        (NEW, APP, OLD, RefusalReason.NOT_ON_BASE),
        (base_of("1", platforms=["linux/arm64/v8"]), APP, NEW, RefusalReason.NOT_ON_BASE),
        (OLD, APP, base_of("2", platforms=["linux/arm64/v8"]), RefusalReason.PLATFORM_MISSING),
        (OLD, compose(OLD, [run("make", {"/x": "1"})]), NEW, RefusalReason.RUN_NEEDS_ALLOW),
        (NO_LAYERS, APP, NEW, RefusalReason.BASE_EMPTY),
        (OLD, APP, NO_LAYERS, RefusalReason.BASE_EMPTY),
        (
            OLD,
            APP,
            compose(None, [copy({"/b": "2"})], Settings(config={"OnBuild": ["RUN x"]})),
            RefusalReason.ON_BUILD_CHANGED,
        ),
        (
            compose(None, [copy({"/b": "1"})], Settings(env={"PATH": "/usr/bin"})),
            compose(
                compose(None, [copy({"/b": "1"})]),
                [copy({"/a": "1"})],
                Settings(env={"PATH": "/app:/usr/bin"}),
            ),
            compose(None, [copy({"/b": "2"})], Settings(env={"PATH": "/bin"})),
            RefusalReason.DERIVED_FROM_BASE,
        ),
        (
            compose(None, [copy({"/b": "1"})], Settings(env={"HOME": "/srv"})),
            compose(
                compose(None, [copy({"/b": "1"})], Settings(env={"HOME": "/srv"})), [copy({"/srv/x": "1"})]
            ),
            compose(None, [copy({"/b": "2"})], Settings(env={"HOME": "/home/app"})),
            RefusalReason.DERIVED_FROM_BASE,
        ),
    ],
)
def test_what_would_be_a_guess_is_refused_with_its_reason(
    old: MadeImage, image: MadeImage, new: MadeImage, reason: RefusalReason
) -> None:
    """Each fault has a reason of its own."""
    assert reason_of(old, image, new) is reason


def test_one_platform_missing_in_the_new_base_refuses_all() -> None:
    """A result for fewer platforms than the source build is none."""
    old = base_of("1", platforms=BOTH)
    refusal = attempt(old, compose(old, [copy({"/a": "1"})]), base_of("2"))
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.PLATFORM_MISSING
    assert "linux/arm64" in refusal.message


def test_run_may_stay_when_the_user_says_so() -> None:
    """`allowRun` lifts that refusal and nothing else."""
    app = compose(OLD, [run("make", {"/x": "1"})])
    plan = rebase(OLD, app, NEW, allow_run=True)
    assert configs_of(plan)[0]["rootfs"]["diff_ids"][2:] == list(app.platforms[0].diff_ids[2:])
    assert isinstance(attempt(NEW, app, OLD, allow_run=True), Refusal)


def test_a_foreign_layer_of_the_new_base_is_refused() -> None:
    """It may not be pushed elsewhere; in the old base it does not matter, since it goes."""
    new, old = as_image(NEW, "new"), as_image(OLD, "old")
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"

    def with_foreign(image: Image) -> Image:
        part = image.platforms[0]
        layers = (replace(part.layers[0], media_type=foreign), *part.layers[1:])
        return replace(image, platforms=(replace(part, layers=layers),))

    refusal = plan_rebase(old, as_image(APP), with_foreign(new), NAME, allow_run=False)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.FOREIGN_LAYER
    assert isinstance(plan_rebase(with_foreign(old), as_image(APP), new, NAME, allow_run=False), RebasePlan)
