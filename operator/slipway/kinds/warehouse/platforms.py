"""Which image of an index each wanted platform gets."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from slipway.oci.errors import InvalidReference
from slipway.oci.platform import Platform, runnable
from slipway.oci.results import ImageInfo

__all__ = ["PlatformImages", "images_for"]


@dataclass(frozen=True, slots=True)
class PlatformImages:
    """The images for some platforms."""

    digests: dict[str, str]
    """By the usual name of the platform."""

    missing: tuple[str, ...]
    """The usual names of the platforms for which there is none, sorted."""


def images_for(image: ImageInfo, wanted: Sequence[Platform]) -> PlatformImages:
    """The digest of the image that each platform gets, as a kubelet there would choose."""
    available = dict(_by_key(image.platforms))
    found, missing = {}, []
    for platform in wanted:
        digest = next((available[key] for key in runnable(platform) if key in available), None)
        if digest is None:
            missing.append(platform.usual_name)
        else:
            found[platform.usual_name] = digest
    return PlatformImages(found, tuple(sorted(missing)))


def _by_key(
    platforms: Sequence[tuple[str, str]],
) -> Iterable[tuple[tuple[str, str, str | None], str]]:
    """Of several images for one platform the first counts, so they come in reverse."""
    for name, digest in reversed(platforms):
        try:
            platform = Platform.parse(name)
        except InvalidReference:
            continue
        if platform.is_known:
            yield platform.key, digest
