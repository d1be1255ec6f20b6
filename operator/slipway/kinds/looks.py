"""What was looked at outside the cluster, when, and when the next look is due.

A look asks a registry something: whether it answers, or which tags it has. Looks live in memory alone. After
a restart an object whose status speaks of its current generation counts as looked at just now, so that it is
asked again at its own staggered moment, and nothing is written in the meantime.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final, Generic, TypeVar

from slipway.kinds.stagger import last_due, next_due

__all__ = ["Cause", "Look", "Looks", "Schedule", "why_look"]

Result = TypeVar("Result")

_FIRST_PAUSE: Final = timedelta(seconds=2)
_SHORTEST_PAUSE: Final = timedelta(seconds=1)
_DOUBLINGS: Final = 20


class Cause(StrEnum):
    """Why a look was made; the words that histories carry."""

    POLL = "Poll"
    REQUEST = "Request"


@dataclass(frozen=True, slots=True)
class Look(Generic[Result]):
    """One look, or the assumption after a restart that there was one."""

    uid: str
    generation: int
    at: datetime
    cause: Cause
    result: Result | None
    """What was found; None when the look is only assumed."""

    failures: int = 0
    """How many looks in a row, this one included, found trouble."""

    not_before: datetime | None = None
    """When the registry may be asked again at the earliest, where it said so."""

    look_again_at: datetime | None = None
    """When something that was found becomes more, whatever the schedule says."""

    dependency: object = None
    """What the look went through, such as the versions of Secrets; compared by equality."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """When an object is looked at again: at its staggered moments, and sooner after trouble."""

    spread_by: str
    """What the moments are staggered by: the UID of an object, or what all that are due together ask for."""

    interval: timedelta
    retry: bool
    """Whether trouble is looked at again before the interval is over, with pauses that grow up to it."""

    def next_look(self, last: Look[Result], now: datetime) -> datetime:
        """The moment of the next look, if nothing else asks for one before."""
        regular = next_due(self.spread_by, self.interval, now)
        retry_at = self._retry_at(last)
        sooner = [max(now, moment) for moment in (retry_at, last.look_again_at) if moment is not None]
        due = min((regular, *sooner))
        return due if last.not_before is None else max(due, last.not_before)

    def is_due(self, last: Look[Result], now: datetime) -> bool:
        """Whether a look is due after the last one."""
        if last.at > now:
            # The clock was set back: waiting until it catches up could take any time.
            return True
        if last.not_before is not None and now < last.not_before:
            return False
        sooner = (self._retry_at(last), last.look_again_at)
        regular = last.at < self.last_due(now)
        return regular or any(moment is not None and moment <= now for moment in sooner)

    def due_since(self, last: Look[Result], now: datetime) -> datetime | None:
        """The latest moment since the last look at which all that were due with this one were due again."""
        moments = (self.last_due(now), self._retry_at(last))
        return max((one for one in moments if one is not None and last.at < one <= now), default=None)

    def last_due(self, now: datetime) -> datetime:
        """The latest staggered moment, not after now."""
        return last_due(self.spread_by, self.interval, now)

    def _retry_at(self, last: Look[Result]) -> datetime | None:
        """When trouble is looked at again: pauses double, and their ends are staggered like everything."""
        if not (self.retry and last.failures):
            return None
        pause = min(self.interval, _FIRST_PAUSE * 2 ** min(last.failures, _DOUBLINGS))
        return max(next_due(self.spread_by, pause, last.at), last.at + _SHORTEST_PAUSE)


def why_look(
    last: Look[Result] | None,
    schedule: Schedule,
    now: datetime,
    *,
    generation: int,
    observed_generation: int,
    requested: bool,
    changed: bool,
) -> Cause | None:
    """Why the registry is asked now, or None: the first of these rules that fits.

    Args:
        last: the last look, or None after a restart and for a new object.
        schedule: when looks are due.
        now: the moment of the decision.
        generation: of the spec as it is now.
        observed_generation: of the spec that the status speaks of.
        requested: whether a person asks for a look.
        changed: whether what the last look went through is another now, in a way that matters.
    """
    # A person asked.
    if requested:
        return Cause.REQUEST
    if last is None or last.generation != generation:
        # This spec was never looked at; a status that speaks of it means that only the memory is gone.
        return None if last is None and observed_generation == generation else Cause.POLL
    # What stood between us and the registry has changed.
    if changed:
        return Cause.POLL
    # The interval, or the pause after trouble, is over.
    return Cause.POLL if schedule.is_due(last, now) else None


class Looks(Generic[Result]):
    """The last looks, by what was looked at; what goes, or is suspended, is forgotten."""

    __slots__ = ("_looks",)

    def __init__(self) -> None:
        self._looks: dict[Hashable, Look[Result]] = {}

    def last(self, key: Hashable, uid: str) -> Look[Result] | None:
        """The last look, made for the object of this UID."""
        look = self._looks.get(key)
        return look if look is not None and look.uid == uid else None

    def record(self, key: Hashable, look: Look[Result]) -> None:
        """Remember a look in place of the one before."""
        self._looks[key] = look

    def forget(self, key: Hashable) -> None:
        """Drop what is known."""
        self._looks.pop(key, None)
