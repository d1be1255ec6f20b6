"""The Lease by which one replica works at a time: what is stored, and what follows from it. Pure.

Times in the record are for people. Whether another's Lease has ended is judged by our own monotonic clock,
from the moment we first saw the record as it is: clocks of nodes need not agree. Every write is bound to the
version that was seen, so of several replicas that find the Lease free exactly one gets it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final, Protocol, TypeAlias

__all__ = [
    "TOLERANCE",
    "Acquire",
    "Decision",
    "LeaseLost",
    "LeaseStore",
    "LeaseUnavailable",
    "Lost",
    "Raced",
    "Record",
    "Renew",
    "Sighting",
    "Wait",
    "decide",
    "sight",
]

TOLERANCE: Final = 1.02
"""Others wait this much longer than the holder counts: the clocks of two machines run at different speeds, by
less than a thousandth when they are sound."""


class LeaseLost(Exception):  # noqa: N818 - it tells what happened to the Lease; no request has failed
    """This process is not, or not surely, the one that works: it must change nothing."""


class LeaseUnavailable(Exception):  # noqa: N818 - it tells a state that passes
    """The record could not be read or written; a write may have arrived all the same."""


class Raced(Exception):  # noqa: N818 - it is an expected answer
    """Another write came first (409): nothing was written, and the record has to be looked at again."""


@dataclass(frozen=True, slots=True)
class Record:
    """The Lease as it is stored."""

    holder: str
    """Identity of the replica that works; empty when the Lease was released."""
    duration: float
    """Seconds from a renewal until others may take it."""
    acquired: datetime | None
    """When its holder got it, by the holder's wall clock: no two terms of one identity have the same."""
    renewed: datetime | None
    transitions: int
    """How often the Lease went to another holder."""
    version: str = ""
    """The resourceVersion; empty when the record is to be created."""


class LeaseStore(Protocol):
    """Where the record is kept. Each call ends within a few seconds, one way or the other."""

    async def read(self) -> Record | None:
        """The record as it is now, or None when there is none.

        Raises:
            LeaseUnavailable: when it could not be read.
        """

    async def write(self, record: Record) -> Record:
        """Replace the version that the record carries, or create it; the record with its new version.

        A record that does not differ from what is stored keeps its version.

        Raises:
            Raced: when the stored record has another version, or is there or gone against expectation.
            LeaseUnavailable: when nobody knows whether it was written.
        """


@dataclass(frozen=True, slots=True)
class Sighting:
    """The record as one replica saw it."""

    record: Record | None
    since: float
    """Monotonic moment at which this version was in our hands first: never before it was written."""


@dataclass(frozen=True, slots=True)
class Acquire:
    """The Lease is free: write that it is ours."""


@dataclass(frozen=True, slots=True)
class Renew:
    """The Lease is ours: write that it still is."""


@dataclass(frozen=True, slots=True)
class Wait:
    """Another has the Lease."""

    seconds: float
    """Until it may be taken, if its holder says nothing more."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The Lease was ours, and is not any more."""

    holder: str


Decision: TypeAlias = Acquire | Renew | Wait | Lost


def sight(before: Sighting | None, record: Record | None, now: float) -> Sighting:
    """What we know after another look.

    A record that somebody deleted counts as it was, and as renewed just before we missed it: its holder may
    be at work, and nobody else can know.
    """
    if before is None or before.record is None:
        return Sighting(record, now)
    if record is None:
        return Sighting(replace(before.record, version=""), now) if before.record.version else before
    return before if record.version == before.record.version else Sighting(record, now)


def decide(seen: Sighting, identity: str, term: datetime | None, now: float) -> Decision:
    """What follows from what was seen; the first verdict that fits counts.

    Args:
        seen: the record, and since when it is as it is.
        identity: ours.
        term: `acquired` of the record by which the Lease is ours; None while we do not have it.
        now: monotonic, of the same clock as the sighting.
    """
    record = seen.record
    if term is not None:
        # Our identity is not enough: another process that uses it works beside us.
        is_ours = record is None or (record.holder == identity and record.acquired == term)
        return Renew() if is_ours else Lost(record.holder if record is not None else "")
    # Never held, or released.
    if record is None or not record.holder:
        return Acquire()
    # The same pod after a restart: its former process has ended.
    if record.holder == identity:
        return Acquire()
    left = seen.since + record.duration * TOLERANCE - now
    return Wait(left) if left > 0 else Acquire()
