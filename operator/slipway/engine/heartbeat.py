"""Signs of life: does the loop turn, and do the workers get on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from slipway.clock import Clock
from slipway.engine.key import Key

__all__ = ["BEAT_SECONDS", "LOOP_SILENCE", "WORKER_SILENCE", "Heartbeat", "Pulse"]

BEAT_SECONDS: Final = 1.0
"""How often the loop says that it turns."""

LOOP_SILENCE: Final = 15.0
"""Seconds without a beat after which the loop counts as stuck."""

WORKER_SILENCE: Final = 900.0
"""Seconds in which keys wait and no worker begins or ends a run, after which the workers count as stuck."""


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """The engine's state of life at one moment; all durations in seconds."""

    since_beat: float
    since_move: float
    """Since a worker last began or ended a run, or had nothing to do."""
    longest_run: float
    waiting: int
    running: int

    @property
    def alive(self) -> bool:
        """Whether the process works: what `/healthz` answers."""
        return self.since_beat < LOOP_SILENCE and (self.waiting == 0 or self.since_move < WORKER_SILENCE)


class Pulse:
    """Collects the signs. Written by the engine's loop, read from any thread."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._beat = self._move = clock.monotonic()
        self._began: dict[Key, float] = {}

    def beat(self, *, idle: bool) -> None:
        """The loop turns; `idle` when the workers have nothing to do, or may not begin yet."""
        self._beat = self._clock.monotonic()
        if idle:
            self._move = self._beat

    @contextmanager
    def run(self, key: Key) -> Iterator[None]:
        """Around each run of a worker."""
        self._move = self._began[key] = self._clock.monotonic()
        try:
            yield
        finally:
            del self._began[key]
            self._move = self._clock.monotonic()

    def read(self, *, waiting: int) -> Heartbeat:
        """The state now."""
        now = self._clock.monotonic()
        began = tuple(self._began.copy().values())
        return Heartbeat(
            since_beat=now - self._beat,
            since_move=now - self._move,
            longest_run=now - min(began, default=now),
            waiting=waiting,
            running=len(began),
        )
