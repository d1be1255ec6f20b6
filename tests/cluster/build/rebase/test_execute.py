"""Rebase on a real registry: what the result is, what is sent, what is refused, what a crash leaves."""

from __future__ import annotations

import gzip
import hashlib
import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from dev.images import Step, add, compose, copy, note, run
from dev.registry import Registry
from slipway.build.evidence import verify_adopted
from slipway.build.rebase import (
    Places,
    RebaseOrder,
    RebasePlan,
    Refusal,
    RefusalReason,
    TagTakenError,
    prepare,
    publish,
)
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.oci.client import RegistryClient
from slipway.oci.errors import ManifestNotFound
from slipway.oci.manifest import ImageIndex
from tests.support.rebase import Recorder, Scene, app_on, base_of, planned

BOTH = ["linux/amd64", "linux/arm64/v8"]


def random_steps(chance: random.Random) -> list[Step]:
    makers: list[Callable[[dict[str, str | bytes]], Step]] = [copy, add]
    steps = [
        chance.choice(makers)({f"/{chance.randrange(9)}": chance.randbytes(chance.randrange(1, 5000))})
        for _ in range(chance.randrange(5))
    ]
    return [step for made in steps for step in (made, note("ENV A=b"))]


@pytest.mark.parametrize("seed", range(6))
async def test_a_rebase_equals_the_build_on_the_new_base(scene: Scene, seed: int) -> None:
    """Random images: the same layers and diff IDs as when the same steps are built on the new base."""
    chance = random.Random(seed)
    platforms = chance.choice([["linux/amd64"], BOTH])
    old, new = (compose(None, [*random_steps(chance), add({"/os": v})], platforms=platforms) for v in "12")
    steps = random_steps(chance)
    image, direct = compose(old, steps, attested=seed % 2 == 0), compose(new, steps)
    order = await scene.push_all(old, image, new)
    digest = await publish(await planned(order, scene.places), scene.places, "1.4.0-1")
    results = await scene.images("1.4.0-1")
    for (manifest, config), wanted in zip(results, direct.platforms, strict=True):
        assert [layer.digest for layer in manifest.layers] == [layer.blob.digest for layer in wanted.layers]
        assert config["rootfs"] == wanted.config["rootfs"]
        assert config["history"] == wanted.config["history"]
    app, base = scene.place("app"), scene.place("base")
    assert await verify_adopted(app, digest, base, new.digest) is None
    assert await verify_adopted(app, image.digest, base, new.digest) is not None


async def test_the_stored_layers_are_what_the_diff_ids_say(scene: Scene) -> None:
    """Every blob of the result can be pulled from its repository, and unpacks to its diff ID."""
    old, new = base_of("1"), base_of("2")
    order = await scene.push_all(old, app_on(old), new)
    await publish(await planned(order, scene.places), scene.places, "1.4.0-1")
    [(manifest, config)] = await scene.images("1.4.0-1")
    for layer, diff_id in zip(manifest.layers, config["rootfs"]["diff_ids"], strict=True):
        content = await scene.client.get_blob(f"{scene.corner}/app", layer.digest, 1 << 20)
        assert "sha256:" + hashlib.sha256(gzip.decompress(content)).hexdigest() == diff_id


async def test_docker_images_become_oci_images(scene: Scene) -> None:
    """Schema 2 manifests and lists go in, OCI manifests and an index come out."""
    old, new = base_of("1", BOTH, docker=True), base_of("2", BOTH, docker=True)
    order = await scene.push_all(old, app_on(old, docker=True), new)
    await publish(await planned(order, scene.places), scene.places, "1.4.0-1")
    top = await scene.manifest("1.4.0-1")
    assert top.media_type == "application/vnd.oci.image.index.v1+json"
    for manifest, _ in await scene.images("1.4.0-1"):
        types = {
            manifest.media_type,
            manifest.config.media_type,
            *(layer.media_type for layer in manifest.layers),
        }
        assert all(str(media_type).startswith("application/vnd.oci.image.") for media_type in types)


async def test_attestations_stay_behind(scene: Scene) -> None:
    """They speak of the source build; the result has its images alone, and labels that name the base."""
    old, new = base_of("1", BOTH), base_of("2", BOTH)
    order = await scene.push_all(old, app_on(old, attested=True), new)
    await publish(await planned(order, scene.places), scene.places, "1.4.0-1")
    top = await scene.manifest("1.4.0-1")
    assert isinstance(top.content, ImageIndex)
    assert [str(entry.platform) for entry in top.content.manifests] == BOTH
    for _, config in await scene.images("1.4.0-1"):
        assert config["config"]["Labels"] == {BASE_NAME: scene.base_name, BASE_DIGEST: new.digest}


async def test_within_one_credential_layers_are_mounted(scene: Scene) -> None:
    """No layer passes through: own ones are there already, the registry takes over those of the base."""
    old, new = base_of("1"), base_of("2")
    order = await scene.push_all(old, app_on(old), new)
    recorder = Recorder(scene.client)
    places = scene.places_with(recorder, recorder)
    plan = await planned(order, places)
    await publish(plan, places, "1.4.0-1", ["latest"])
    assert recorder.mounted == [layer.blob.digest for layer in new.platforms[0].layers]
    assert recorder.uploaded == [config.digest for config in plan.configs]
    assert recorder.put == ["1.4.0-1", "latest"]


async def test_between_credentials_layers_are_streamed(scene: Scene, server: Registry) -> None:
    """A mount would hand over what the credential of the target may not read."""
    old, new = base_of("1"), base_of("2")
    order = await scene.push_all(old, app_on(old), new)
    async with RegistryClient(server.url) as other:
        recorder = Recorder(scene.client)
        places = scene.places_with(recorder, Recorder(other))
        await publish(await planned(order, places), places, "1.4.0-1")
    assert recorder.mounted == []
    assert recorder.uploaded[:-1] == [layer.blob.digest for layer in new.platforms[0].layers]


async def test_between_registries_layers_are_streamed_in_small_pieces(scene: Scene) -> None:
    """Memory does not grow with the layer."""
    big = {"/big": random.Random(1).randbytes(8 << 20)}
    old, new = base_of("1"), compose(None, [add(big)])
    with Registry() as elsewhere:
        async with RegistryClient(elsewhere.url) as other:
            far = Scene(other, elsewhere.host, scene.corner)
            await far.push("base", "old", old)
            await far.push("base", "stable", new)
            app = await scene.push("app", "1.4.0", app_on(old))
            recorder = Recorder(scene.client)
            target = scene.place("app", recorder)
            places = Places(target, far.place("base"), target)
            order = RebaseOrder(app.digest, old.digest, new.digest, far.base_name)
            await publish(await planned(order, places), places, "1.4.0-1")
    assert new.platforms[0].layers[0].blob.digest in recorder.uploaded
    assert 0 < recorder.largest_piece <= 1 << 20


async def test_a_second_publish_sends_nothing(scene: Scene) -> None:
    """What is there is not done again; only floating tags are seen to."""
    old, new = base_of("1"), base_of("2")
    order = await scene.push_all(old, app_on(old), new)
    plan = await planned(order, scene.places)
    first = await publish(plan, scene.places, "1.4.0-1")
    recorder = Recorder(scene.client)
    places = scene.places_with(recorder, recorder)
    assert await publish(await planned(order, places), places, "1.4.0-1", ["latest"]) == first
    assert (recorder.mounted, recorder.uploaded, recorder.put) == ([], [], ["latest"])


async def test_a_crash_at_any_write_leaves_no_tag_and_is_made_good(scene: Scene) -> None:
    """The tag comes last, and the next try ends at the same digest."""
    old, new = base_of("1", BOTH), base_of("2", BOTH)
    order = await scene.push_all(old, app_on(old), new)
    plan = await planned(order, scene.places)
    writes = 0
    while True:
        recorder = Recorder(scene.client, breaks_after=writes)
        places = scene.places_with(recorder, recorder)
        try:
            assert await publish(plan, places, "1.4.0-1") == plan.digest
        except ConnectionResetError:
            with pytest.raises(ManifestNotFound):
                await scene.manifest("1.4.0-1")
            writes += 1
        else:
            break
    assert writes > 0
    assert (await scene.manifest("1.4.0-1")).digest == plan.digest


async def test_an_existing_tag_is_never_overwritten(scene: Scene) -> None:
    """Whoever put it there meant it; nothing is pushed then."""
    old, new = base_of("1"), base_of("2")
    order = await scene.push_all(old, app_on(old), new)
    theirs = await scene.push("app", "1.4.0-1", base_of("3"))
    recorder = Recorder(scene.client)
    places = scene.places_with(recorder, recorder)
    with pytest.raises(TagTakenError) as taken:
        await publish(await planned(order, places), places, "1.4.0-1")
    assert taken.value.digest == theirs.digest
    assert (recorder.mounted, recorder.uploaded, recorder.put) == ([], [], [])


async def test_a_result_is_refused_as_a_source(scene: Scene) -> None:
    """Each rebase starts from the source build."""
    old, new, newer = base_of("1"), base_of("2"), base_of("3")
    order = await scene.push_all(old, app_on(old), new)
    digest = await publish(await planned(order, scene.places), scene.places, "1.4.0-1")
    await scene.push("base", "stable", newer)
    again = replace(order, source_digest=digest, old_base_digest=new.digest, new_base_digest=newer.digest)
    refusal = await prepare(again, scene.places)
    assert isinstance(refusal, Refusal)
    assert refusal.reason is RefusalReason.ALREADY_REBASED


async def test_refusals_of_images_as_the_registry_has_them(scene: Scene) -> None:
    """Nothing is written for what can't be rebased exactly."""
    old, new = base_of("1"), base_of("2")
    with_run = compose(old, [run("make", {"/x": "1"})])
    cases = [
        (old, base_of("9"), new, RefusalReason.NOT_ON_BASE),
        (old, app_on(old), base_of("2", ["linux/arm64/v8"]), RefusalReason.PLATFORM_MISSING),
        (old, app_on(old), base_of("2", ["linux/arm64/v8"], index=True), RefusalReason.PLATFORM_MISSING),
        (old, with_run, new, RefusalReason.RUN_NEEDS_ALLOW),
    ]
    for old_base, image, new_base, reason in cases:
        order = await scene.push_all(old_base, image, new_base)
        refusal = await prepare(order, scene.places)
        assert isinstance(refusal, Refusal)
        assert refusal.reason is reason
    allowed = replace(await scene.push_all(old, with_run, new), allow_run=True)
    assert isinstance(await prepare(allowed, scene.places), RebasePlan)
