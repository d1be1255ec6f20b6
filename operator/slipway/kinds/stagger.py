"""When an object that is looked at again and again is due: spread over the interval, also after a restart.

An object is due whenever the time since 1970 leaves the same remainder by the interval as a hash of its UID,
or of what it asks for. Nothing about it needs to be stored, so a restarted operator neither writes anything
nor looks at everything at once, and the objects of one registry do not all ask in the same second. Those that
ask the same are due in the same moment, also where one interval is a multiple of the other: one answer serves
them.

Intervals of whole five seconds have their moments on a grid of five seconds, so that of thousands of objects
some dozens are due at once and then nothing for a while: looks that follow each other closely cost half of
what looks cost that each wake the process, and share what they read of the cluster.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from typing import Final

__all__ = ["last_due", "next_due"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)

_GRID: Final = 5_000_000
"""Microseconds between two moments."""

_SHORTEST: Final = 30_000_000
"""Microseconds of the shortest interval with moments on the grid: others would all be due at once."""


def last_due(spread_by: str, interval: timedelta, now: datetime) -> datetime:
    """The latest moment, not after now, at which what is spread by this text was due."""
    return now - (now - _EPOCH - _offset(spread_by, interval)) % interval


def next_due(spread_by: str, interval: timedelta, now: datetime) -> datetime:
    """The first moment after now at which what is spread by this text is due."""
    return last_due(spread_by, interval, now) + interval


def _offset(spread_by: str, interval: timedelta) -> timedelta:
    """Where in the interval the object stands: from zero on, and before its end."""
    spread = int.from_bytes(blake2b(spread_by.encode(), digest_size=8).digest(), "big")
    whole = interval // timedelta(microseconds=1)
    on_grid = whole >= _SHORTEST and whole % _GRID == 0
    return timedelta(microseconds=(spread - spread % _GRID if on_grid else spread) % whole)
