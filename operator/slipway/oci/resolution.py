"""From an index to one image: a pure flow that yields what has to be read (image-spec image-index.md).

An index may hold indexes; they are searched where the outer one has no image of its own for the platform.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import dataclass
from typing import Final

from slipway.oci.errors import UnsupportedManifest
from slipway.oci.manifest import INDEX_TYPES, MANIFEST_TYPES, Descriptor, ImageIndex, ManifestV2
from slipway.oci.platform import Platform, find_platform, no_such_platform

__all__ = ["Resolution", "ResolutionFlow", "resolve"]

_DEEPEST: Final = 4  # indexes within each other
_MOST_READS: Final = 16


@dataclass(frozen=True, slots=True)
class Resolution:
    """The image that was chosen, and the way to it."""

    image: ManifestV2
    indexes: tuple[ImageIndex, ...] = ()
    """Those it was found through, the outermost first; none when it was named itself."""


ResolutionFlow = Generator[Descriptor, ManifestV2, Resolution]
"""A choice under way: yields the manifest to read next, is sent it, returns the image."""


def resolve(manifest: ManifestV2, wanted: Platform | None) -> ResolutionFlow:
    """The image for a platform; without one, the first image.

    An image that is named itself is given as it is: its platform is known to its configuration alone.

    Raises:
        PlatformNotFound: when there is none, naming those that there are.
        UnsupportedManifest: when indexes are nested deeper than anybody needs.
    """
    return (yield from _Search(wanted).run(manifest))


class _Search:
    """The choice for one platform, and how much was read for it."""

    def __init__(self, wanted: Platform | None) -> None:
        self._wanted = wanted
        self._reads = 0
        self._seen: list[Descriptor] = []

    def run(self, manifest: ManifestV2) -> ResolutionFlow:
        found = yield from self._within(manifest, ())
        if found is None:
            raise no_such_platform(self._wanted, self._seen)
        return found

    def _within(
        self, manifest: ManifestV2, outer: tuple[ImageIndex, ...]
    ) -> Generator[Descriptor, ManifestV2, Resolution | None]:
        index = manifest.content
        if not isinstance(index, ImageIndex):
            return Resolution(manifest, outer)
        self._seen.extend(index.images)
        for entry in self._promising(index):
            self._reads += 1
            if self._reads > _MOST_READS or len(outer) + 1 > _DEEPEST:
                msg = f"the index holds more indexes than are searched: ask for {entry.digest} itself"
                raise UnsupportedManifest(msg)
            found = yield from self._within((yield entry), (*outer, index))
            if found is not None:
                return found
        return None

    def _promising(self, index: ImageIndex) -> Iterator[Descriptor]:
        """The entry for the platform, then the indexes that may hold one; without a platform, all images."""
        if self._wanted is None:
            for entry in index.images:
                if entry.media_type in MANIFEST_TYPES and entry.artifact_type is None:
                    yield entry
            return
        chosen = find_platform(index, self._wanted)
        if chosen is not None:
            yield chosen
        for entry in index.images:
            is_open = entry.platform is None or not entry.platform.is_known
            if entry.media_type in INDEX_TYPES and is_open:
                yield entry
