"""Images that say of which build they are."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from slipway.build.evidence import is_marked
from slipway.build.rebase.image import Image, PlatformImage
from slipway.oci.platform import Platform

KEY = "a" * 32
OURS = {"slipway.dev/build-key": KEY}
THEIRS = {"slipway.dev/build-key": "b" * 32}


def image(*platforms: Mapping[str, str], index: Mapping[str, str] | None = None) -> Image:
    """An image with these annotations."""
    parts = tuple(
        PlatformImage("x", "sha256:1", Platform(architecture=f"a{number}"), (), (), {}, {}, annotations)
        for number, annotations in enumerate(platforms)
    )
    return Image("x", "sha256:0", parts, is_index=len(parts) != 1, annotations=index or {})


@pytest.mark.parametrize(
    ("sentence", "found", "expected"),
    [
        ("by its manifest", image(OURS), True),
        ("by the key of an attempt, which pipelines are told",
         image({"slipway.dev/build-key": f"{KEY}-1763715600"}), True),
        ("by the manifests of all platforms", image(OURS, OURS), True),
        ("by its index", image({}, {}, index=OURS), True),
        ("one platform is of another build", image(OURS, THEIRS), False),
        ("it is of another build, such as that of its base", image(THEIRS), False),
        ("it says nothing", image({}), False),
        ("it has no platform", image(), False),
        ("the key is only the beginning", image({"slipway.dev/build-key": f"{KEY}0"}), False),
    ],
)  # fmt: skip
def test_image_is_marked(sentence: str, found: Image, *, expected: bool) -> None:
    """By annotations alone: labels go from base to image, and are a part of what runs."""
    assert is_marked(found, KEY) is expected, sentence
