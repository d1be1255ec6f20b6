"""What one look asks a registry, and whether it was told the same as the look before."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from typing import Final

from slipway.kinds.lookups import Lookups
from slipway.kinds.registry.access import Access
from slipway.kinds.undescribed import NO_IMAGE
from slipway.kinds.warehouse.findings import Evidence
from slipway.kinds.warehouse.questions import Answer, Describe, Question, Resolve
from slipway.kinds.warehouse.subscriptions.watch import Moment
from slipway.oci.errors import DigestMismatch, ManifestNotFound, RegistryError
from slipway.oci.results import ImageInfo, TagsList

__all__ = ["Asking"]

_PATIENCE: Final = 5.0
"""Seconds that a choice waits to be described."""

_MOST_TAGS: Final = 10_000
"""Longer lists are judged anew with each look: to tell whether they are the same takes long too."""

_MOST_DIGESTS: Final = 64
"""Whoever asks for more remembers none of the answers."""


class Asking:
    """The questions of one look about one repository; remembers the answers that its finding rests on.

    Args:
        lookups: shares the answers with others that look at the same time.
        access: the registry, as one credential sees it.
        path: of the repository, without its host.
        moment: of the look.
    """

    __slots__ = ("_digests", "_is_whole", "_lookups", "_moment", "access", "path")

    def __init__(self, lookups: Lookups, access: Access, path: str, moment: Moment) -> None:
        self.access = access
        self._lookups = lookups
        self.path = path
        self._moment = moment
        self._digests: dict[str, str] = {}
        self._is_whole = True

    async def tags(self) -> TagsList:
        """All tags of the repository.

        Raises:
            RegistryError: when they could not all be listed.
        """
        return await self._lookups.tags(self.access, self.path, self._moment.since)

    async def answer(self, question: Question, listing: TagsList) -> Answer:
        """What the registry says to a question of the choice.

        Raises:
            RegistryError: when it does not tell.
        """
        match question:
            case Resolve(tags=(tag,)):
                digest = await self._digest(tag)
                return Answer(digests={} if digest is None else {tag: digest})
            case Resolve(tags):
                return Answer(digests=await self._digests_of(tags, listing))
            case Describe(digests):
                images = await asyncio.gather(*map(self._image, digests))
                return Answer(images={image.digest: image for image in images if image is not None})

    async def description(self, digest: str) -> ImageInfo | None:
        """What is nice to know: no reason to refuse the choice, or to keep anybody waiting.

        An answer that comes too late is there for the next look.

        Raises:
            DigestMismatch: when the digest is not that of its content.
            ManifestNotFound: when the tag names what is not there.
        """
        try:
            async with asyncio.timeout(_PATIENCE):
                return await self._lookups.image(self.access, self.path, digest, self._moment.since)
        except (DigestMismatch, ManifestNotFound):
            raise  # nothing is unknown here: no pod could pull it
        except (RegistryError, TimeoutError):
            self._is_whole = False
            return None

    def evidence(self, listing: TagsList | None) -> Evidence | None:
        """What the finding of this look rests on; None where the same answers may come to another one.

        Args:
            listing: the tags that the choice was made from; None where one is followed.
        """
        is_large = len(self._digests) > _MOST_DIGESTS or (listing is not None and len(listing) > _MOST_TAGS)
        if is_large or not self._is_whole:
            return None
        return Evidence(_fingerprint(listing) if listing is not None else None, tuple(self._digests.items()))

    async def confirms(self, evidence: Evidence) -> bool:
        """Whether the registry still says what a finding rests on.

        Raises:
            RegistryError: when it does not tell.
        """
        if evidence.listing is not None and evidence.listing != _fingerprint(await self.tags()):
            return False
        return evidence.digests == tuple((await self._asked(tag for tag, _ in evidence.digests)).items())

    async def _digests_of(self, tags: tuple[str, ...], listing: TagsList) -> Mapping[str, str]:
        """Of many tags, as the listing told them; only what it did not tell is asked for."""
        told = {tag: digest for tag in tags if (digest := listing.info(tag).digest) is not None}
        return told | await self._asked(tag for tag in tags if tag not in told)

    async def _asked(self, tags: Iterable[str]) -> dict[str, str]:
        wanted = tuple(tags)
        found = [await self._digest(wanted[0])] if len(wanted) == 1 else await self._together(wanted)
        return {tag: digest for tag, digest in zip(wanted, found, strict=True) if digest is not None}

    async def _together(self, tags: tuple[str, ...]) -> list[str | None]:
        return await asyncio.gather(*map(self._digest, tags))

    async def _digest(self, tag: str) -> str | None:
        try:
            digest = await self._lookups.digest(self.access, self.path, tag, self._moment.since)
        except ManifestNotFound:
            self._is_whole = False
            return None
        self._digests[tag] = digest
        return digest

    async def _image(self, digest: str) -> ImageInfo | None:
        try:
            return await self._lookups.image(self.access, self.path, digest, self._moment.since)
        except NO_IMAGE:
            self._is_whole = False
            return None


def _fingerprint(listing: TagsList) -> int:
    """Equal for lists that say the same, in this process."""
    return hash((listing.names, tuple(listing.details.values())))
