"""The work queue: each key once, never run twice at the same time, every namespace in its turn.

add ──▶ waiting (one line per namespace, in turns) ──take──▶ running ──done──▶ out
             ▲                                                  │ add during the run
             └────────────────── again, once ◀──────────────────┘
"""

from __future__ import annotations

import asyncio
from collections import deque
from contextlib import suppress

from slipway.engine.key import Key

__all__ = ["Queue", "QueueClosed"]


class QueueClosed(Exception):  # noqa: N818 - it tells a state, as asyncio.QueueShutDown does
    """The queue was closed: nothing is handed out any more."""


class Queue:
    """Keys that wait for a worker. Used from one event loop only."""

    __slots__ = ("_again", "_closed", "_lines", "_paused", "_running", "_takers", "_turns", "_waiting")

    def __init__(self) -> None:
        self._lines: dict[str, deque[Key]] = {}
        self._turns: deque[str] = deque()
        self._waiting: set[Key] = set()
        self._running: set[Key] = set()
        self._again: set[Key] = set()
        self._takers: deque[asyncio.Future[None]] = deque()
        self._paused = False
        self._closed = False

    @property
    def waiting(self) -> int:
        """How many keys wait for a worker, those that wait for their own run to end included."""
        return len(self._waiting) + len(self._again)

    @property
    def running(self) -> int:
        """How many keys are with a worker."""
        return len(self._running)

    def add(self, key: Key) -> None:
        """Ask for a run of this key: one that waits already counts, one that runs is run once more after."""
        if self._closed:
            return
        if key in self._running:
            self._again.add(key)
        else:
            self._line_up(key)

    async def take(self) -> Key:
        """The next key, marked as running until `done`; waits until there is one.

        Cancelling it loses nothing. Await it directly: a task around it (`asyncio.wait_for`) may take a key
        and be cancelled before it can hand it over.

        Raises:
            QueueClosed: when the queue is closed, even while keys wait.
        """
        while (self._paused or not self._turns) and not self._closed:
            await self._wait()
        if self._closed:
            raise QueueClosed
        return self._next()

    def done(self, key: Key) -> None:
        """The run of a key that was taken is over; call it exactly once, whatever the run came to."""
        self._running.remove(key)
        if key in self._again:
            self._again.remove(key)
            self._line_up(key)

    def pause(self, paused: bool) -> None:
        """Hand out nothing for now, or go on; keys are still taken in, and runs go on."""
        self._paused = paused
        if not paused:
            for _ in self._waiting:
                self._wake_one()

    def close(self) -> None:
        """Hand out nothing any more; keys that wait are dropped, since a restart queues every key."""
        self._closed = True
        self._waiting.clear()
        self._lines.clear()
        self._turns.clear()
        self._again.clear()
        while self._takers:
            self._wake_one()

    def _line_up(self, key: Key) -> None:
        if key in self._waiting:
            return
        self._waiting.add(key)
        if key.namespace not in self._lines:
            self._lines[key.namespace] = deque()
            self._turns.append(key.namespace)
        self._lines[key.namespace].append(key)
        self._wake_one()

    def _next(self) -> Key:
        namespace = self._turns.popleft()
        line = self._lines[namespace]
        key = line.popleft()
        if line:
            self._turns.append(namespace)
        else:
            del self._lines[namespace]
        self._waiting.remove(key)
        self._running.add(key)
        return key

    async def _wait(self) -> None:
        taker = asyncio.get_running_loop().create_future()
        self._takers.append(taker)
        try:
            await taker
        except asyncio.CancelledError:
            # Woken and cancelled in the same turn of the loop: the wake-up belongs to another taker now.
            if taker.done() and not taker.cancelled():
                self._wake_one()
            with suppress(ValueError):
                self._takers.remove(taker)
            raise

    def _wake_one(self) -> None:
        while self._takers:
            taker = self._takers.popleft()
            if not taker.done():
                taker.set_result(None)
                return
