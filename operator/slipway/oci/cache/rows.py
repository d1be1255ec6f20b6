"""All rows of one database, and the bounds on them."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass
from typing import Final

from slipway.oci.cache.images import ImageRows
from slipway.oci.cache.limits import CacheLimits
from slipway.oci.cache.tags import SeenTag, TagKey, TagRows

__all__ = ["Holdings", "Rows"]

_TIDY_AFTER: Final = 1024
"""Rows written between two tidyings, at most; each counts all rows, which takes milliseconds."""

_SHARE: Final = 10
"""Tidied is after a tenth of what may be there was written, and down to a tenth below it."""


@dataclass(frozen=True, slots=True)
class Holdings:
    """How much there is."""

    rows: int = 0
    bytes: int = 0
    """Of the pages in use."""

    has_file: bool = False


class Rows:
    """Both tables. The caller holds the transaction.

    All methods raise `sqlite3.Error` when the database fails.
    """

    def __init__(
        self, connection: sqlite3.Connection, limits: CacheLimits, now: float, *, has_file: bool
    ) -> None:
        self.images = ImageRows(connection)
        self.tags = TagRows(connection)
        self._connection = connection
        self._limits = limits
        self._has_file = has_file
        self._max_bytes = limits.file_bytes if has_file else limits.memory_bytes
        self._rows_left = self._bytes_left = 0
        self._now = now
        self.tags.drop_stale(now)

    def put_image(self, digest: str, body: bytes) -> None:
        """Keep the value of an image."""
        self.images.put(digest, body)
        self._tidy_after(len(body))

    def put_tag(self, key: TagKey, seen: SeenTag) -> None:
        """Keep what was seen of a tag."""
        self.tags.put(key, seen)
        self._now = seen.checked
        self._tidy_after(0)

    def holdings(self) -> Holdings:
        """How much there is now; every row is counted."""
        return Holdings(self.images.count() + self.tags.count(), self._bytes(), self._has_file)

    def _tidy_after(self, size: int) -> None:
        """Keep to the bounds, when enough was written since the last time."""
        self._rows_left -= 1
        self._bytes_left -= size
        if self._rows_left > 0 and self._bytes_left > 0:
            return
        self._rows_left = min(_TIDY_AFTER, max(1, min(self._limits.images, self._limits.tags) // _SHARE))
        self._bytes_left = self._max_bytes // _SHARE
        self.images.begin_period()
        self._tidy_tags()
        self._tidy_images()

    def _tidy_tags(self) -> None:
        self.tags.drop_stale(self._now)
        count, limit = self.tags.count(), self._limits.tags
        if count > limit:
            self.tags.drop_oldest(count - limit + limit // _SHARE)

    def _tidy_images(self) -> None:
        count, limit = self.images.count(), self._limits.images
        if count > limit:
            count -= self.images.drop_unused(count - limit + limit // _SHARE)
        while count > 0 and self._bytes() > self._max_bytes:
            count -= self.images.drop_unused(max(1, count // _SHARE))

    def _bytes(self) -> int:
        pages = self._number("page_count") - self._number("freelist_count")
        return pages * self._number("page_size")

    def _number(self, pragma: str) -> int:
        number: int = self._connection.execute(f"PRAGMA {pragma}").fetchone()[0]
        return number
