"""In which order those that wait for a turn get one. Pure.

1. Emergencies, which may also use one turn beyond the limit, all of them together.
2. The higher priority. A line (what one namespace waits for with one priority) that got no turn for an hour
   counts as one priority higher, for two hours as two, up to High; with its next turn it begins anew. So
   nothing waits for ever, and yet a thousand old builds of one namespace are not before a new one of another.
3. The namespace that has the fewest turns.
4. What has been ready for the longest time, then the name.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

from slipway.engine.key import Key

__all__ = ["Line", "Place", "Priority", "first_of"]

_STEP: Final = timedelta(hours=1)
"""How long a line gets no turn before it counts as one priority higher."""


class Priority(IntEnum):
    """How urgent a build is."""

    LOW = 0
    NORMAL = 1
    HIGH = 2
    EMERGENCY = 3
    """What a person demanded at once; no line becomes this by waiting."""


class Place(NamedTuple):
    """Where in its line an image stands."""

    since: datetime
    """Since when it has been ready but for a turn."""

    key: Key


@dataclass(slots=True, eq=False)
class Line:
    """What one namespace waits for with one priority: never empty."""

    namespace: str
    priority: Priority

    served_at: datetime
    """When it last got a turn; when it came to be, if it has got none yet."""

    places: list[Place] = field(default_factory=list)
    """Who waits, the oldest first."""

    def add(self, place: Place) -> None:
        """Take another place in."""
        insort(self.places, place)

    def remove(self, place: Place) -> None:
        """Take a place out that is in the line."""
        del self.places[bisect_left(self.places, place)]

    def counts_as(self, now: datetime) -> int:
        """Its priority, raised for each hour without a turn."""
        waited = now - self.served_at
        if waited < _STEP or self.priority >= Priority.HIGH:
            return self.priority
        return min(Priority.HIGH, self.priority + waited // _STEP)


def first_of(lines: Iterable[Line], running: Mapping[str, int], free: int, now: datetime) -> tuple[Key, ...]:
    """Who gets a turn now, were everybody to ask.

    Args:
        lines: who waits.
        running: how many turns each namespace has.
        free: how many turns the limit leaves; negative when more are taken.
        now: the moment.
    """
    left = list(lines) if free > 0 else _emergencies(lines)
    taken, passed, first = Counter(running), Counter[Line](), list[Key]()
    while left and len(first) <= free:
        line = min(left, key=lambda line: _rank(line, passed.get(line, 0), taken, now))
        first.append(line.places[passed[line]].key)
        taken[line.namespace] += 1
        passed[line] += 1
        if passed[line] == len(line.places):
            left.remove(line)
        if len(first) == free:
            left = _emergencies(left)  # theirs is the one turn beyond the limit
    return tuple(first)


def _emergencies(lines: Iterable[Line]) -> list[Line]:
    emergency = Priority.EMERGENCY
    return [line for line in lines if line.priority is emergency]


_Rank: TypeAlias = tuple[int, int, Place]


def _rank(line: Line, passed: int, running: Mapping[str, int], now: datetime) -> _Rank:
    """The least is the first.

    Args:
        line: who waits.
        passed: how many of the line have got a turn already: it does not count as one that got none then.
        running: how many turns each namespace has.
        now: the moment.
    """
    level = line.priority if passed else line.counts_as(now)
    return -level, running.get(line.namespace, 0), line.places[passed]
