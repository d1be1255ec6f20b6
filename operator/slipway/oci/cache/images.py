"""The table of images: what belongs to a digest and never changes."""

from __future__ import annotations

import sqlite3
from typing import Final

__all__ = ["ImageRows"]

_LARGEST_USE: Final = 2**48
"""More than there can be: somebody wrote it there, and counting on from it would end at the edge."""


class ImageRows:
    """Images by digest, and which of them were used last.

    That is kept as the number of a period, which `begin_period` raises, and not as a time: no clock that
    is set spoils it, and a read is a write only once in a period.

    All methods raise `sqlite3.Error` when the database fails.
    """

    __slots__ = ("_connection", "_period")

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._period = self._last_period() + 1

    def put(self, digest: str, body: bytes) -> None:
        """Keep the value of an image."""
        self._connection.execute(
            "INSERT OR REPLACE INTO images (digest, used, body) VALUES (?, ?, ?)",
            (digest, self._period, body),
        )

    def get(self, digest: str) -> bytes | None:
        """The value of a digest. It has yet to be looked at."""
        row = self._connection.execute("SELECT used, body FROM images WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            return None
        used, body = row
        if used != self._period:
            self._connection.execute("UPDATE images SET used = ? WHERE digest = ?", (self._period, digest))
        return body if isinstance(body, bytes) else None

    def begin_period(self) -> None:
        """From now on, what is used counts as used later than everything before."""
        self._period += 1

    def drop_unused(self, number: int) -> int:
        """Drop so many of those that were not used for longest, the first that came first; tells how many."""
        return self._connection.execute(
            "DELETE FROM images WHERE rowid IN (SELECT rowid FROM images ORDER BY used, rowid LIMIT ?)",
            (number,),
        ).rowcount

    def count(self) -> int:
        """How many there are."""
        count: int = self._connection.execute("SELECT count(*) FROM images").fetchone()[0]
        return count

    def _last_period(self) -> int:
        last: object = self._connection.execute("SELECT max(used) FROM images").fetchone()[0]
        if isinstance(last, int) and 0 <= last < _LARGEST_USE:
            return last
        self._connection.execute("UPDATE images SET used = 0")
        return 0
