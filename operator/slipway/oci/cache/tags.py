"""The table of tags: what each credential lately saw them point at, or saw not to be there."""

from __future__ import annotations

import sqlite3
from typing import Final, NamedTuple

from slipway.oci.cache.documents import fingerprint, sealed, unsealed
from slipway.oci.cache.limits import CLOCK_TOLERANCE, MISSING_SECONDS, TAG_SECONDS
from slipway.oci.digest import is_digest

__all__ = ["SeenTag", "TagKey", "TagRows"]

_REPOSITORY: Final = b""
"""In the place of a tag: the repository itself, which is not there."""


class TagKey(NamedTuple):
    """A tag, or a whole repository, as one credential sees it; in fingerprints, which have one length."""

    credential: bytes
    repository: bytes
    tag: bytes

    @classmethod
    def of(cls, host: str, repository: str, tag: str | None, credential_id: str) -> TagKey:
        """The key of a tag; of the repository when there is none."""
        name = _REPOSITORY if tag is None else fingerprint(tag)
        return cls(fingerprint(credential_id), fingerprint(host, repository), name)

    @property
    def whole_repository(self) -> TagKey:
        """The key of the repository."""
        return self._replace(tag=_REPOSITORY)


class SeenTag(NamedTuple):
    """What was seen, and when."""

    digest: str | None
    """None: it was not there."""

    checked: float
    """Seconds since the epoch."""

    def is_fresh(self, now: float) -> bool:
        """Whether a reader may be given it; never what lies in the future."""
        lifetime = MISSING_SECONDS if self.digest is None else TAG_SECONDS
        return -CLOCK_TOLERANCE <= now - self.checked < lifetime


class TagRows:
    """Tags by credential and repository. All methods raise `sqlite3.Error` when the database fails."""

    __slots__ = ("_connection",)

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def put(self, key: TagKey, seen: SeenTag) -> None:
        """Keep what was seen. Where a tag is there is a repository, and where no repository is, no tag."""
        if key == key.whole_repository:
            self._connection.execute("DELETE FROM tags WHERE credential = ? AND repository = ?", key[:2])
        elif seen.digest is not None:
            self._delete(key.whole_repository)
        value = sealed((seen.digest or "").encode(), *key, repr(seen.checked).encode())
        self._connection.execute(
            "INSERT OR REPLACE INTO tags VALUES (?, ?, ?, ?, ?)", (*key, seen.checked, value)
        )

    def get(self, key: TagKey, now: float) -> SeenTag | None:
        """What was lately seen of a tag, or of its repository."""
        return self._get(key.whole_repository, now) or self._get(key, now)

    def forget(self, credential_id: str) -> None:
        """Drop all tags of a credential."""
        self._connection.execute("DELETE FROM tags WHERE credential = ?", (fingerprint(credential_id),))

    def clear(self) -> None:
        """Drop all tags."""
        self._connection.execute("DELETE FROM tags")

    def drop_stale(self, now: float) -> None:
        """Drop what no reader is given any more, nor may be given again when the future has come."""
        kept = (now - TAG_SECONDS, now + CLOCK_TOLERANCE)
        self._connection.execute("DELETE FROM tags WHERE checked NOT BETWEEN ? AND ?", kept)

    def drop_oldest(self, number: int) -> None:
        """Drop so many of those that were seen longest ago."""
        self._connection.execute(
            "DELETE FROM tags WHERE (credential, repository, tag) IN"
            " (SELECT credential, repository, tag FROM tags ORDER BY checked LIMIT ?)",
            (number,),
        )

    def count(self) -> int:
        """How many there are."""
        count: int = self._connection.execute("SELECT count(*) FROM tags").fetchone()[0]
        return count

    def _get(self, key: TagKey, now: float) -> SeenTag | None:
        row = self._connection.execute(
            "SELECT checked, value FROM tags WHERE credential = ? AND repository = ? AND tag = ?", key
        ).fetchone()
        if row is None:
            return None
        seen = _read(key, *row)
        if seen is not None and seen.is_fresh(now):
            return seen
        self._delete(key)
        return None

    def _delete(self, key: TagKey) -> None:
        self._connection.execute("DELETE FROM tags WHERE credential = ? AND repository = ? AND tag = ?", key)


def _read(key: TagKey, checked: object, value: object) -> SeenTag | None:
    """The row, when it is as it was written."""
    content = unsealed(value, *key, repr(checked).encode())
    if content is None or not isinstance(checked, float):
        return None
    digest = content.decode(errors="replace")
    return SeenTag(digest or None, checked) if not digest or is_digest(digest) else None
