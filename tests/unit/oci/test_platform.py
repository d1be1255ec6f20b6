from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.oci.digest import digest_of
from slipway.oci.errors import InvalidReference, PlatformNotFound
from slipway.oci.manifest import OCI_MANIFEST, Descriptor, ImageIndex
from slipway.oci.platform import Platform, select_platform


def _index(*platforms: str | None) -> ImageIndex:
    entries = tuple(
        Descriptor(
            media_type=OCI_MANIFEST,
            digest=digest_of(str(number).encode()),
            size=number,
            platform=None if platform is None else Platform.parse(platform),
        )
        for number, platform in enumerate(platforms)
    )
    return ImageIndex(manifests=entries)


@pytest.mark.parametrize(
    ("one", "other", "want"),
    [
        ("linux/amd64", "linux/x86_64", True),
        ("linux/amd64", "linux/amd64/v1", True),
        ("linux/amd64", "linux/amd64/v2", False),
        ("linux/arm64", "linux/arm64/v8", True),
        ("linux/arm64/8", "linux/aarch64", True),
        ("linux/arm", "linux/arm/v7", True),
        ("linux/armhf", "linux/arm/7", True),
        ("linux/armel", "linux/arm/v6", True),
        ("linux/amd64", "windows/amd64", False),
        ("Linux/AMD64", "linux/amd64", True),
    ],
)
def test_names_of_one_platform_are_equal(one: str, other: str, want: bool) -> None:
    """Variants and old names are normalised as containerd has it."""
    assert (Platform.parse(one).key == Platform.parse(other).key) == want


@pytest.mark.parametrize(
    ("written", "want"),
    [
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/armhf", "linux/arm/v7"),
        ("Windows/AMD64", "windows/amd64"),
    ],
)
def test_a_platform_has_one_usual_name(written: str, want: str) -> None:
    """What images are told and compared by, however an index writes it."""
    assert Platform.parse(written).usual_name == want


@given(
    st.sampled_from(["linux", "Windows", "freebsd"]),
    st.sampled_from(["amd64", "x86_64", "arm", "arm64", "aarch64", "armhf", "armel", "386", "riscv64"]),
    st.sampled_from([None, "v1", "v5", "6", "v7", "V8", "8"]),
)
def test_the_usual_name_means_the_same_platform(system: str, architecture: str, variant: str | None) -> None:
    """Written out and read again it is equal, and stays as it is."""
    platform = Platform(os=system, architecture=architecture, variant=variant)
    again = Platform.parse(platform.usual_name)

    assert again.key == platform.key
    assert again.usual_name == platform.usual_name == str(again)


@pytest.mark.parametrize(
    ("available", "wanted", "position"),
    [
        (["linux/amd64", "linux/arm64/v8"], "linux/arm64", 1),
        (["linux/arm/v5", "linux/arm/v6"], "linux/arm/v7", 1),
        (["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], "linux/arm", 2),
        (["linux/amd64", "linux/amd64"], "linux/amd64", 0),
        ([None, "linux/amd64"], "linux/amd64", 1),
        (["unknown/unknown", "linux/amd64"], "linux/amd64", 1),
    ],
)
def test_the_image_for_a_platform_is_found(available: list[str | None], wanted: str, position: int) -> None:
    """The exact one, else for arm the nearest older variant; the first of several."""
    index = _index(*available)

    assert select_platform(index, Platform.parse(wanted)) == index.manifests[position]


@pytest.mark.parametrize("wanted", ["linux/s390x", "windows/amd64", "linux/arm/v6", "linux/amd64/v3"])
def test_a_missing_platform_names_those_that_there_are(wanted: str) -> None:
    """Nothing is chosen that would not run."""
    with pytest.raises(PlatformNotFound, match=r"linux/amd64, linux/arm/v7$"):
        select_platform(_index("linux/amd64", "linux/arm/v7"), Platform.parse(wanted))


@pytest.mark.parametrize("text", ["", "linux", "linux/", "a/b/c/d", "/amd64"])
def test_what_is_no_platform_is_refused(text: str) -> None:
    """The message shows the form."""
    with pytest.raises(InvalidReference, match="linux/arm/v7"):
        Platform.parse(text)


def test_attestations_have_no_known_platform() -> None:
    """`unknown/unknown` and nothing at all are no platforms."""
    assert Platform.parse("linux/amd64").is_known
    assert not Platform.parse("unknown/unknown").is_known
    assert not Platform().is_known
