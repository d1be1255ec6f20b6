"""What labels and annotations say that an image stands on. Pure.

`org.opencontainers.image.base.name` and `.digest` (OCI image-spec, annotations.md) may stand in four places.
For each platform the first that names a base counts, name and digest together:

1. annotations of its manifest: written for this very image,
2. annotations of its entry in the index: likewise, but by whoever put the index together,
3. annotations of the index: said of all platforms at once,
4. labels of its configuration: inherited from the base, where no build wrote them anew.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from slipway.build.evidence.claims import Claim, Kind, Source
from slipway.build.evidence.references import meant
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.build.rebase.image import Image, PlatformImage
from slipway.oci.digest import is_digest
from slipway.redact import redact

__all__ = ["label_claims"]

_LONGEST: Final = 512
"""Characters of a reference: 255 of its path, 128 of its tag, and room for host and digest."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What stands in the place that counts for one platform."""

    place: str
    """`annotation {} of {} in the index`: the name of what stands there, then the image."""

    name: str | None
    digest: str | None

    def reading(self, which: str) -> Claim | str:
        """The claim; a note where it cannot be read."""
        if self.name is None:
            where = self.place.format(BASE_DIGEST, which)
            return f"the {where} names a digest, but no {BASE_NAME} says of what"
        speaker = f"the {self.place.format(BASE_NAME, which)}"
        if len(self.name) > _LONGEST or meant(self.name) is None:
            return f"{speaker} holds {redact(self.name)[:64]!r}, which is no image reference"
        digest = self.digest if self.digest is not None and is_digest(self.digest) else None
        return Claim(Source.LABEL, self.name, digest, Kind.FINAL, speaker)


def label_claims(image: Image) -> tuple[tuple[Claim, ...], tuple[str, ...]]:
    """What an image says it stands on, and notes on what cannot be read; each once."""
    said = [(part, _said(image, part)) for part in image.platforms]
    is_one_voice = len({(one.place, one.name) if one else None for _, one in said}) == 1
    readings = dict.fromkeys(
        one.reading("the image" if is_one_voice else f"the image for {part.platform}")
        for part, one in said
        if one is not None
    )
    claims = tuple(reading for reading in readings if isinstance(reading, Claim))
    return claims, tuple(reading for reading in readings if isinstance(reading, str))


def _said(image: Image, part: PlatformImage) -> _Said | None:
    for place, values in _places(image, part):
        if BASE_NAME in values or BASE_DIGEST in values:
            return _Said(place, values.get(BASE_NAME), values.get(BASE_DIGEST))
    return None


def _places(image: Image, part: PlatformImage) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Where it may stand, the first that counts first."""
    entry = part.entry.annotations if part.entry is not None else None
    yield "annotation {} of {}", part.annotations
    yield "annotation {} of {} in the index", entry or {}
    yield "annotation {} of the index", image.annotations if image.is_index else {}
    yield "label {} of {}", part.settings.get("Labels", {})
