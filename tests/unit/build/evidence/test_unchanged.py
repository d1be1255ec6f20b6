from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dev.image_composer import Files, MadeImage, Settings, Step, compose, copy, note, run
from slipway.build.evidence.unchanged import PER_BUILD_LABELS, is_unchanged
from slipway.build.rebase.image import Image
from slipway.build.rebase.reading import parse_platform_image
from slipway.oci.manifest import ImageManifest, ManifestV2
from tests.support.made_images import as_image

BOTH = ("linux/amd64", "linux/arm64/v8")
LATER = "2026-12-01T00:00:00Z"


def built(
    files: Files | None = None,
    *,
    labels: dict[str, str] | None = None,
    config: dict[str, Any] | None = None,
    env: dict[str, str] | None = None,
    steps: tuple[Step, ...] = (),
    created: str = LATER,
    platforms: tuple[str, ...] = ("linux/amd64",),
    **options: Any,
) -> MadeImage:
    """An image of two layers."""
    return compose(
        None,
        [run("make", {"/base": "1"}), copy(files or {"/app": "{platform}"}), *steps],
        Settings(env or {"A": "1"}, labels or {}, config or {"Cmd": ["/app"]}, created=created),
        platforms=platforms,
        **options,
    )


def changed_document(**members: Any) -> Image:
    """The image of `built`, with other members of its configuration; None takes one away."""
    part = built().platforms[0]
    document = {name: value for name, value in (part.config | members).items() if value is not None}
    manifest = ManifestV2.parse(part.manifest.content).content
    assert isinstance(manifest, ImageManifest)
    read = parse_platform_image("x", part.manifest.digest, manifest, json.dumps(document).encode())
    return Image("x", part.manifest.digest, (read,), is_index=False)


OLD = as_image(built(created="2026-11-01T00:00:00Z"))

SAME = {
    "other times": as_image(built()),
    "no time at all": changed_document(created=None),
    "the labels of a build": as_image(built(labels=dict.fromkeys(PER_BUILD_LABELS, "x"))),
    "other annotations": as_image(
        compose(
            None,
            [run("make", {"/base": "1"}), copy({"/app": "{platform}"})],
            Settings({"A": "1"}, {}, {"Cmd": ["/app"]}, {"org.opencontainers.image.created": LATER}),
        )
    ),
    "an index with an attestation": as_image(built(attested=True)),
    "Docker's media types": as_image(built(docker=True)),
    "notes of the builder": changed_document(
        **{"moby.buildkit.cache.v0": "eA==", "container": "c0ffee", "container_config": {"Cmd": ["x"]}}
    ),
    "what is there but empty": changed_document(author="", variant=""),
    "leftovers of a build step": as_image(
        built(config={"Cmd": ["/app"], "Hostname": "c0ffee", "Image": "sha256:x"})
    ),
}

OTHER = {
    "another file": as_image(built({"/app": "2"})),
    "a further layer": as_image(built(steps=(copy({"/more": "1"}),))),
    "a further line of history": as_image(built(steps=(note("ENV X=1"),))),
    "another environment": as_image(built(env={"A": "2"})),
    "another command": as_image(built(config={"Cmd": ["/other"]})),
    "another user": as_image(built(config={"Cmd": ["/app"], "User": "1000"})),
    "another label": as_image(built(labels={"team": "shop"})),
    "another version by its label": as_image(built(labels={"org.opencontainers.image.version": "2"})),
    "another author": changed_document(author="Ann"),
    "a member that nobody knows": changed_document(**{"os.features": ["win32k"]}),
    "another platform": as_image(built({"/app": "linux/amd64"}, platforms=("linux/arm64/v8",))),
    "a further platform": as_image(built(platforms=BOTH)),
}


@pytest.mark.parametrize("case", SAME)
def test_what_runs_the_same_is_unchanged(case: str) -> None:
    """In both directions."""
    assert is_unchanged(OLD, SAME[case])
    assert is_unchanged(SAME[case], OLD)


@pytest.mark.parametrize("case", OTHER)
def test_what_may_run_otherwise_has_changed(case: str) -> None:
    """In both directions."""
    assert not is_unchanged(OLD, OTHER[case])
    assert not is_unchanged(OTHER[case], OLD)


def test_every_platform_must_be_the_same() -> None:
    """Whatever their order."""
    both, reversed_order = built(platforms=BOTH), built(platforms=BOTH[::-1], created="x")
    one_changed = built({"/app": "linux/amd64"}, platforms=BOTH)

    assert is_unchanged(as_image(both), as_image(reversed_order))
    assert not is_unchanged(as_image(both), as_image(one_changed))


pieces = st.fixed_dictionaries(
    {
        "files": st.sampled_from([{"/a": "1"}, {"/a": "2"}]),
        "labels": st.dictionaries(
            st.sampled_from(["team", *sorted(PER_BUILD_LABELS)]), st.sampled_from("xy"), max_size=3
        ),
        "env": st.sampled_from([{"A": "1"}, {"A": "2"}]),
        "platforms": st.sampled_from([BOTH[:1], BOTH, BOTH[::-1]]),
        "created": st.sampled_from(["2026-11-01T00:00:00Z", LATER]),
    }
)


def essence(piece: dict[str, Any]) -> Any:
    """What of it counts."""
    return piece["files"], piece["labels"].get("team"), piece["env"], sorted(piece["platforms"])


@given(pieces, pieces)
def test_times_and_labels_of_a_build_alone_change_nothing(one: dict[str, Any], other: dict[str, Any]) -> None:
    """And everything else does."""
    assert is_unchanged(as_image(built(**one)), as_image(built(**other))) == (essence(one) == essence(other))
