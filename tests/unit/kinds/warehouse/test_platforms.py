from __future__ import annotations

import pytest

from slipway.kinds.warehouse.platforms import images_for
from slipway.oci.platform import Platform
from slipway.oci.results import ImageInfo

IMAGE = ImageInfo(
    "sha256:index",
    "",
    platforms=(
        ("linux/amd64", "a"),
        ("linux/arm64/v8", "b"),
        ("linux/arm/v6", "c"),
        ("unknown/unknown", "attestation"),
        ("linux/amd64", "second"),
        ("", "none"),
    ),
)

FOUND = {
    "linux/amd64": {"linux/amd64": "a"},
    "linux/x86_64": {"linux/amd64": "a"},
    "linux/arm64": {"linux/arm64": "b"},
    "linux/aarch64": {"linux/arm64": "b"},
    "linux/arm64/v8": {"linux/arm64": "b"},
    "linux/arm/v7": {"linux/arm/v7": "c"},
    "linux/arm": {"linux/arm/v7": "c"},
}


@pytest.mark.parametrize("wanted", FOUND)
def test_a_platform_is_found_under_any_of_its_names(wanted: str) -> None:
    """Variants as a kubelet there would take them; of two images for one platform the first counts."""
    images = images_for(IMAGE, [Platform.parse(wanted)])

    assert images.digests == FOUND[wanted]
    assert images.missing == ()


def test_all_that_are_missing_are_named() -> None:
    """And what is there is found all the same."""
    images = images_for(
        IMAGE, [Platform.parse(name) for name in ("linux/s390x", "linux/amd64", "linux/arm/v5")]
    )

    assert images.missing == ("linux/arm/v5", "linux/s390x")
    assert images.digests == {"linux/amd64": "a"}
