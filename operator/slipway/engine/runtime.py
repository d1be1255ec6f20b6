"""The engine at work: workers on the queue, the schedule's timer, the resync, and a graceful stop."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import Any, Final, Protocol

import structlog

from slipway.clock import Clock
from slipway.engine.backoff import Backoff
from slipway.engine.heartbeat import BEAT_SECONDS, Heartbeat, Pulse
from slipway.engine.key import Key
from slipway.engine.lease import LeaseLost
from slipway.engine.outcome import Outcome, verdict_on
from slipway.engine.queue import Queue, QueueClosed
from slipway.engine.reconcile import StaleWrite
from slipway.engine.resync import Resync
from slipway.engine.schedule import Schedule
from slipway.engine.store import Store

__all__ = ["Engine", "Runner"]

_log = structlog.get_logger(__name__)

_CONFLICTS_AT_ONCE: Final = 3
"""How often in a row a key is decided anew at once because its object had changed."""

_CANCEL_GRACE: Final = 1.0
"""Seconds a cancelled task has to clean up."""


class Runner(Protocol):
    """What the engine asks of a reconciler."""

    @property
    def name(self) -> str:
        """The kind it runs."""

    async def run(self, key: Key) -> Outcome | None:
        """Reconcile one object; None when it is gone. Raises StaleWrite when it is to be decided anew."""


class Engine:
    """Keeps the parts running. Used from one event loop only, `heartbeat` excepted.

    Workers begin when the store is true to the API server, and pause while it is not (see `Resync.guard`).
    """

    def __init__(
        self,
        runners: Iterable[Runner],
        *,
        store: Store,
        queue: Queue,
        schedule: Schedule,
        resync: Resync,
        clock: Clock,
        backoff: Backoff | None = None,
    ) -> None:
        self._runners = {runner.name: runner for runner in runners}
        self._store = store
        self._queue = queue
        self._resync = resync
        self._backoff = backoff or Backoff()
        self._conflicts: dict[Key, int] = {}
        self._schedule = schedule
        self._pulse = Pulse(clock)
        resync.guard(queue)
        self._workers: list[asyncio.Task[None]] = []
        self._services: list[asyncio.Task[None]] = []

    @property
    def synced(self) -> bool:
        """Whether the store is true to the API server: what `/readyz` answers."""
        return self._resync.synced

    def heartbeat(self) -> Heartbeat:
        """The signs of life; may be read from any thread."""
        return self._pulse.read(waiting=self._queue.waiting)

    def start(self, workers: int = 32) -> None:
        """Begin: list everything, then work."""
        self._services = [
            _task("engine resync", self._resync.run()),
            _task("engine schedule", self._schedule.run()),
            _task("engine heartbeat", self._beat()),
        ]
        self._workers = [_task(f"engine worker {number}", self._work()) for number in range(workers)]

    async def wait(self) -> None:
        """Wait until the engine was stopped; a part that ended by an error raises that error here."""
        done, _ = await asyncio.wait([*self._services, *self._workers], return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            if not task.cancelled():
                task.result()

    async def stop(self, deadline: float) -> bool:
        """Hand out no key any more and let running ones end, all in parallel.

        Args:
            deadline: Seconds after which runs that are still going on are cancelled.

        Returns:
            Whether every run ended by itself.
        """
        self._queue.close()
        await _cancel(self._services)
        if not self._workers:
            return True
        _, late = await asyncio.wait(self._workers, timeout=deadline)
        if late:
            _log.warning("Runs cancelled at the deadline", runs=len(late), seconds=deadline)
        await _cancel(late)
        return not late

    # --- workers

    async def _work(self) -> None:
        while True:
            try:
                key = await self._queue.take()
            except QueueClosed:
                return
            try:
                with self._pulse.run(key):
                    await self._run(key)
            except asyncio.CancelledError:
                self._queue.add(key)  # the run did not end, so that what woke it is still to be done
                raise
            finally:
                self._queue.done(key)

    async def _run(self, key: Key) -> None:
        # What was asked for until now is looked at now; what comes from here on is not.
        self._schedule.forget(key)
        try:
            outcome = await self._runners[key.kind].run(key)
        except StaleWrite:
            self._run_again(key)
        except LeaseLost:
            # Who keeps the Lease tells of it, once and not for each key; it may still be had again.
            self._retry_later(key)
        except Exception as error:  # noqa: BLE001 - a worker outlives whatever one object brings about
            _log.error("Run broke off", key=key.label, error=type(error).__name__)
            self._retry_later(key)
        else:
            self._conclude(key, outcome)

    def _conclude(self, key: Key, outcome: Outcome | None) -> None:
        self._conflicts.pop(key, None)
        verdict = verdict_on(outcome) if outcome is not None else None
        if verdict is not None and verdict.backs_off:
            self._retry_later(key)
            return
        self._backoff.reset(key)
        if verdict is not None and verdict.look_again is not None:
            self._schedule.within(key, verdict.look_again.total_seconds())

    def _run_again(self, key: Key) -> None:
        """At once, to the end of the line; after a few conflicts in a row with pauses."""
        self._conflicts[key] = self._conflicts.get(key, 0) + 1
        if self._conflicts[key] > _CONFLICTS_AT_ONCE:
            self._retry_later(key)
        else:
            self._queue.add(key)

    def _retry_later(self, key: Key) -> None:
        view = self._store.get(key)
        self._schedule.within(key, self._backoff.next(key, view.wish if view is not None else b""))

    # --- signs of life

    async def _beat(self) -> None:
        while True:
            self._pulse.beat(idle=self._queue.waiting == 0 or not self.synced)
            await asyncio.sleep(BEAT_SECONDS)


def _task(name: str, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
    return asyncio.create_task(work, name=name)


async def _cancel(tasks: Iterable[asyncio.Task[None]]) -> None:
    tasks = list(tasks)
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks, timeout=_CANCEL_GRACE)
