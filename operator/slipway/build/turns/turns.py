"""The turns that are taken, and who waits for one.

A turn is a build under way. Only `ask` gives one, to whoever is first then; so nobody has a turn without
knowing. The rules for the caller:

- Each run of an image that wants a build asks, each time; one that has a turn keeps it. What is `Queued` runs
  again when its key is among those that an answer names. A repeated `ask` costs little.
- Each run that ends otherwise releases its key: the build ended, nothing is to be built any more, the object
  is gone, the run failed before its build was recorded. Then no turn stays with a key that has no use for it.
- Whoever gets keys back, from `release` or in `Queued`, has them run soon: those are the ones that would be
  given a turn now. No turn stays free while somebody waits.

Held in memory alone: after a restart, what is under way is put back by `occupy` before anybody asks.
One thread only.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import Counter
from dataclasses import dataclass
from datetime import datetime

from slipway.build.turns.order import Line, Place, Priority, first_of
from slipway.engine.key import Key

__all__ = ["Granted", "Queued", "Turns"]


@dataclass(frozen=True, slots=True)
class Granted:
    """The key has a turn, until it is released."""


@dataclass(frozen=True, slots=True)
class Queued:
    """The key waits."""

    ahead: int
    """How many of those that wait have a higher priority, or the same and are older; turns of namespaces, and
    priorities that rise by waiting, let some of them pass, or be passed."""

    first: tuple[Key, ...]
    """Who would be given a turn now: they should run. Mostly nobody, as there is no turn left."""


class Turns:
    """A limited number of builds at a time."""

    __slots__ = ("_everybody", "_holders", "_limit", "_lines", "_running", "_waiting")

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._holders: set[Key] = set()
        self._running = Counter[str]()
        self._waiting: dict[Key, tuple[Priority, Place]] = {}
        self._everybody: list[tuple[int, Place]] = []
        self._lines: dict[tuple[str, Priority], Line] = {}

    def holds(self, key: Key) -> bool:
        """Whether the key has a turn."""
        return key in self._holders

    def ask(self, key: Key, priority: Priority, since: datetime, now: datetime) -> Granted | Queued:
        """Give this key a turn, or a place in its line; what it asked for before is forgotten.

        Args:
            key: the image.
            priority: how urgent its build is.
            since: since when it has been ready but for a turn: the oldest of a namespace is first.
            now: the moment.
        """
        if key in self._holders:
            return Granted()
        place = Place(since, key)
        self._line_up(priority, place, now)
        first = self._first(now)
        if key not in first:
            return Queued(bisect_left(self._everybody, (-priority, place)), first)
        self._lines[key.namespace, priority].served_at = now
        self.occupy(key)
        return Granted()

    def occupy(self, key: Key) -> None:
        """A build of this key is under way: it has a turn, also beyond the limit."""
        self._leave(key)
        if key not in self._holders:
            self._holders.add(key)
            self._running[key.namespace] += 1

    def release(self, key: Key, now: datetime) -> tuple[Key, ...]:
        """This key builds nothing and waits for nothing any more.

        Returns:
            Who would be given a turn now: they should run.
        """
        self._leave(key)
        if key in self._holders:
            self._holders.remove(key)
            self._running[key.namespace] -= 1
            if not self._running[key.namespace]:
                del self._running[key.namespace]
        return self._first(now)

    def stand_back(self, key: Key, now: datetime) -> tuple[Key, ...]:
        """This key waits no more until it asks again; a turn that it has stays with it.

        Returns:
            Who would be given a turn now: they should run.
        """
        self._leave(key)
        return self._first(now)

    def _first(self, now: datetime) -> tuple[Key, ...]:
        free = self._limit - len(self._holders)
        return first_of(self._lines.values(), self._running, free, now)

    def _line_up(self, priority: Priority, place: Place, now: datetime) -> None:
        name = (place.key.namespace, priority)
        line = self._lines.setdefault(name, Line(*name, served_at=now))
        line.add(place)
        self._leave(place.key)  # after the new place is taken: a line that is never empty keeps its moment
        self._waiting[place.key] = (priority, place)
        insort(self._everybody, (-priority, place))

    def _leave(self, key: Key) -> None:
        if key not in self._waiting:
            return
        priority, place = self._waiting.pop(key)
        del self._everybody[bisect_left(self._everybody, (-priority, place))]
        line = self._lines[key.namespace, priority]
        line.remove(place)
        if not line.places:
            del self._lines[key.namespace, priority]
