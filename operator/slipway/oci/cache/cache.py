"""The cache as the rest of Slipway sees it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from slipway.clock import Clock, SystemClock
from slipway.oci.cache.authority import Authority, Sight
from slipway.oci.cache.documents import image_body, read_image
from slipway.oci.cache.limits import CLOCK_TOLERANCE, CacheLimits
from slipway.oci.cache.recent import RecentImages
from slipway.oci.cache.rows import Holdings, Rows
from slipway.oci.cache.storage import Storage
from slipway.oci.cache.tags import SeenTag, TagKey
from slipway.oci.cache.worker import Worker
from slipway.oci.digest import is_digest
from slipway.oci.results import ImageInfo

__all__ = ["CacheCounts", "CachedTag", "RegistryCache"]

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class CachedTag:
    """What a tag was lately seen to point at."""

    digest: str | None
    """None: the tag, or its whole repository, was not there."""

    checked_at: datetime
    """When the registry said so."""


@dataclass(frozen=True, slots=True)
class CacheCounts:
    """The cache in numbers."""

    hits: int
    """Questions that were answered, since the start."""

    misses: int
    """Questions that were not, for lack of a row or of authority, since the start."""

    rows: int
    bytes: int
    """What the rows take up, in the file or in memory."""

    has_file: bool
    """Whether the rows survive a restart."""


class RegistryCache:
    """Remembers what registries said, so that nobody asks twice.

    Nothing here raises, and nothing waits for the disk: what is recorded is handed to a thread of the cache's
    own, and a question that gets no answer in time is a miss. Answers hold all that was recorded before.

    Hosts are written as they are called, `registry.example.com:5000`; a credential id names credential,
    authorities and TLS mode (`slipway.oci.credentials.credential_id`).

    Example:
        >>> async with RegistryCache.open(path) as cache:
        ...     described = await client.head_manifest("shop/api", "v1")
        ...     cache.record_seen(host, "shop/api", described.digest, endpoint.credential_id)
        ...     image = await cache.image(host, "shop/api", described.digest, endpoint.credential_id)
    """

    def __init__(self, worker: Worker, limits: CacheLimits, clock: Clock) -> None:
        self._worker = worker
        self._clock = clock
        self._authority = Authority(clock, limits.authorities)
        self._recent = RecentImages(clock, limits.recent_bytes)
        self._lead = _lead_of(clock)
        self._hits = 0
        self._misses = 0

    @classmethod
    def open(
        cls, path: Path | None = None, *, clock: Clock | None = None, limits: CacheLimits | None = None
    ) -> Self:
        """A cache over a file, or in memory alone.

        Args:
            path: of the file, readable for its user alone; it is made when it is missing, in a directory that
                exists. Several processes may share it.
            clock: the wall clock dates tags, the monotonic one measures authority.
            limits: bounds other than the usual ones.
        """
        clock = clock or SystemClock()
        limits = limits or CacheLimits()
        make_storage = partial(Storage, path, limits, clock.now().timestamp())
        worker = Worker(make_storage, limits.answer_seconds, limits.pending_bytes)
        return cls(worker, limits, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Writes what was recorded and closes the file, within bounded time. Nothing more is kept then."""
        await self._worker.aclose()

    def record_image(self, image: ImageInfo) -> None:
        """Keep what the content of a digest says, for everybody who may see that digest.

        Only what was read from bytes with that digest may be recorded. What a product's own API tells of an
        image is the word of one tenant's registry.
        """
        body = image_body(image)
        if body is not None:
            self._recent.put(image.digest, body)
            self._worker.hand(lambda rows: rows.put_image(image.digest, body), len(body))

    def record_seen(self, host: str, repository: str, digest: str, credential_id: str) -> None:
        """A HEAD or GET of this digest in this repository has just succeeded with this credential."""
        self._notice_clock()
        if is_digest(digest):
            self._authority.grant(Sight(host, repository, digest, credential_id))

    async def image(self, host: str, repository: str, digest: str, credential_id: str) -> ImageInfo | None:
        """What the content of a digest says.

        None when it is not known, and when the credential has not seen the digest in that repository within
        five minutes: then a HEAD comes first, and `record_seen`.
        """
        self._notice_clock()
        sight = Sight(host, repository, digest, credential_id)
        if not self._authority.holds(sight):
            return self._counted(None)
        found = await self._image(digest)
        # The credential may have been dropped while the file was read.
        return self._counted(found if self._authority.holds(sight) else None)

    def record_tag(self, host: str, repository: str, tag: str, digest: str, credential_id: str) -> None:
        """The registry has just said what a tag points at. It gives no authority; see `record_seen`."""
        if is_digest(digest):
            self._record(TagKey.of(host, repository, tag, credential_id), digest)

    def record_missing(self, host: str, repository: str, credential_id: str, tag: str | None = None) -> None:
        """The registry has just said that a tag, or without one the whole repository, is not there."""
        self._record(TagKey.of(host, repository, tag, credential_id), None)

    async def fresh_tag(self, host: str, repository: str, tag: str, credential_id: str) -> CachedTag | None:
        """What a tag pointed at within five minutes, or that it was not there within one; else None.

        For readers such as the command line. Whoever polls asks the registry and records what it said.
        """
        now = self._notice_clock()
        key = TagKey.of(host, repository, tag, credential_id)
        seen = self._counted(await self._worker.ask(lambda rows: rows.tags.get(key, now)))
        return seen and CachedTag(seen.digest, datetime.fromtimestamp(seen.checked, UTC))

    def forget(self, credential_id: str) -> None:
        """Drop the tags and the authority of a credential, when it was changed or its Registry deleted."""
        self._authority.revoke(credential_id)
        self._worker.hand_surely(lambda rows: rows.tags.forget(credential_id))

    async def counts(self) -> CacheCounts:
        """The cache in numbers; rows are counted, which takes the thread some milliseconds."""
        held = await self._worker.ask(Rows.holdings) or Holdings()
        return CacheCounts(self._hits, self._misses, held.rows, held.bytes, held.has_file)

    async def _image(self, digest: str) -> ImageInfo | None:
        body = self._recent.get(digest)
        if body is not None:
            return read_image(digest, body)
        body = await self._worker.ask(lambda rows: rows.images.get(digest))
        image = read_image(digest, body)
        if body is not None and image is not None:
            self._recent.put(digest, body)
        return image

    def _record(self, key: TagKey, digest: str | None) -> None:
        seen = SeenTag(digest, self._notice_clock())
        self._worker.hand(lambda rows: rows.put_tag(key, seen))

    def _counted(self, answer: _T | None) -> _T | None:
        if answer is None:
            self._misses += 1
        else:
            self._hits += 1
        return answer

    def _notice_clock(self) -> float:
        """The wall clock, in seconds. When it was set, or the machine slept, no age is believed any more."""
        lead = _lead_of(self._clock)
        if abs(lead - self._lead) > CLOCK_TOLERANCE:
            self._authority.clear()
            self._worker.hand_surely(lambda rows: rows.tags.clear())
        self._lead = lead
        return self._clock.now().timestamp()


def _lead_of(clock: Clock) -> float:
    """By how many seconds the wall clock is ahead of the monotonic one."""
    return clock.now().timestamp() - clock.monotonic()
