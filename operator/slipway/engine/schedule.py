"""The schedule: one heap for every "look at this key again at T", and one task that watches it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable
from heapq import heapify, heappop, heappush
from typing import Final

from slipway.clock import Clock
from slipway.engine.key import Key

__all__ = ["Schedule"]

_SLACK: Final = 64


class Schedule:
    """At most one moment per key, the earliest that was asked for. Used from one event loop only.

    Moments are seconds of the clock's `monotonic()`. Overruled entries stay in the heap until they surface or
    outnumber the valid ones.
    """

    __slots__ = ("_changed", "_clock", "_due", "_heap", "_wake")

    def __init__(self, clock: Clock, wake: Callable[[Key], None]) -> None:
        self._clock = clock
        self._wake = wake
        self._heap: list[tuple[float, Key]] = []
        self._due: dict[Key, float] = {}
        self._changed = asyncio.Event()

    def __len__(self) -> int:
        return len(self._due)

    def within(self, key: Key, seconds: float) -> None:
        """Wake this key some seconds from now at the latest."""
        at = self._clock.monotonic() + seconds
        if self._due.get(key, math.inf) <= at:
            return
        self._due[key] = at
        heappush(self._heap, (at, key))
        if self._heap[0] == (at, key):
            self._changed.set()
        self._compact()

    def forget(self, key: Key) -> None:
        """Do not wake this key."""
        self._due.pop(key, None)
        self._compact()

    def next_at(self) -> float | None:
        """The earliest moment that counts."""
        while self._heap and not self._counts(self._heap[0]):
            heappop(self._heap)
        return self._heap[0][0] if self._heap else None

    def wake_due(self) -> int:
        """Wake every key whose moment has come, in the order of their moments; returns how many."""
        now = self._clock.monotonic()
        woken = 0
        while (at := self.next_at()) is not None and at <= now:
            _, key = heappop(self._heap)
            del self._due[key]
            self._wake(key)
            woken += 1
        return woken

    async def run(self) -> None:
        """Wake keys as their moments come, until cancelled."""
        while True:
            self._changed.clear()
            self.wake_due()
            at = self.next_at()
            await self._pause(None if at is None else max(0.0, at - self._clock.monotonic()))

    async def _pause(self, seconds: float | None) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            pass

    def _counts(self, entry: tuple[float, Key]) -> bool:
        at, key = entry
        return self._due.get(key) == at

    def _compact(self) -> None:
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self._heap = [(at, key) for key, at in self._due.items()]
            heapify(self._heap)
