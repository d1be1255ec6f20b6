"""How much the cache keeps, for how long, and how long anybody waits for it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

__all__ = ["AUTHORITY_SECONDS", "CLOCK_TOLERANCE", "MISSING_SECONDS", "TAG_SECONDS", "CacheLimits"]

AUTHORITY_SECONDS: Final = 300.0
"""How long after a credential saw a digest in a repository it is given the content of it."""

TAG_SECONDS: Final = 300.0
"""How long readers take a tag to point at what it was seen to point at."""

MISSING_SECONDS: Final = 60.0
"""How long a tag or repository that was not there is taken not to be there."""

CLOCK_TOLERANCE: Final = 5.0
"""By how many seconds the wall clock may be put right before what is known by the old one is dropped."""


@dataclass(frozen=True, slots=True)
class CacheLimits:
    """The bounds of one cache. Those on rows and bytes may be exceeded by a tenth until the next tidying."""

    images: int = 100_000
    """Rows of content; the longest unused go first."""

    tags: int = 50_000
    """Rows of tags, and of what was not there; the oldest go first."""

    file_bytes: int = 256 * 2**20
    """Of the file, without its write-ahead log."""

    memory_bytes: int = 16 * 2**20
    """When there is no file."""

    recent_bytes: int = 4 * 2**20
    """Of images that are at hand in memory besides."""

    authorities: int = 20_000
    """How many sights of a digest are remembered; the oldest go first."""

    pending_bytes: int = 8 * 2**20
    """Of rows under way to the thread; what comes on top is not kept: a disk that hangs fills no memory."""

    lock_seconds: float = 5.0
    """How long another process may hold the file before it is gone on without it. Longer than callers wait:
    writers are not served in turn."""

    answer_seconds: float = 2.0
    """How long a caller waits before the answer counts as none, and closing before it is given up."""
