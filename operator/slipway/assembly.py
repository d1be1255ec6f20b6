"""The parts of the operator, put together, started in order and stopped in parallel."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from slipway.clock import Clock, SystemClock
from slipway.engine.elector import Alone, Election
from slipway.engine.handover import Handover
from slipway.engine.heartbeat import LOOP_SILENCE
from slipway.engine.intake import Intake
from slipway.engine.queue import Queue
from slipway.engine.reconcile import Kind, Reconciler
from slipway.engine.resync import Resync
from slipway.engine.runtime import Engine
from slipway.engine.schedule import Schedule
from slipway.engine.store import Store
from slipway.handlers import Ear
from slipway.health import HealthServer
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.discovery import wait_until_served
from slipway.kube.events import KubeEventRecorder
from slipway.kube.lister import KubeLister
from slipway.kube.status import KubeStatusWriter
from slipway.kube.watched import Watched
from slipway.redact import redact
from slipway.settings import Settings

__all__ = ["Assembly", "assemble"]

_log = structlog.get_logger(__name__)

_DRAIN = 6.0
"""Seconds that running reconciles have to end after a stop was asked for; all of a stop takes at most 10."""

_STOP = 9.0
"""Seconds after the begin of a stop at which giving the Lease back is given up."""

_RELEASE = 1.5
"""Seconds that it has at least, however long the rest took."""


@dataclass(frozen=True, slots=True)
class Assembly:
    """A whole operator, not started yet."""

    settings: Settings
    kube: KubeClient
    watched: Sequence[Watched]
    store: Store
    handover: Handover
    engine: Engine
    ear: Ear
    election: Election
    clock: Clock

    async def run(self, stop: asyncio.Event) -> None:
        """Wait for our turn, work until `stop` is set, then end within 10 s.

        Raises:
            LeaseLost: when it became another's turn; nothing was changed since.
            Exception: whatever ended a part that has to run for ever; the process is to be started anew.
        """
        health = HealthServer(
            self.settings.health_host,
            self.settings.health_port,
            illness=self._illness,
            delay=self._delay,
            turn=self._turn,
        )
        health.start()
        _log.info("Started", server=self.kube.connection.server, health_port=health.port)
        try:
            await _first(stop.wait(), self._work())
        finally:
            begun = self.clock.monotonic()
            self.handover.close()
            drained, *_ = await asyncio.gather(
                # What another's turn has overtaken is not worth waiting for: the fence refuses its writes.
                self.engine.stop(_DRAIN if self.election.holding else 0.0),
                self.ear.stop(),
                asyncio.to_thread(health.stop),
            )
            await self.election.release(max(_RELEASE, begun + _STOP - self.clock.monotonic()))
            _log.info("Stopped", drained=drained)

    async def _work(self) -> None:
        await self.election.acquire()
        self.engine.start(self.settings.workers)
        await _first(self.engine.wait(), self._listen(), self.election.lost())

    async def _listen(self) -> None:
        await wait_until_served(self.kube, [kind.resource for kind in self.watched])
        self.ear.start()
        await self.ear.ended()

    def _illness(self) -> str | None:
        if not self.election.holding:
            silence = self.clock.monotonic() - self.election.last_turn
            return None if silence < LOOP_SILENCE else f"nobody has looked at the Lease for {silence:.0f} s"
        life = self.engine.heartbeat()
        return None if life.alive else f"nothing moves: {life}"

    def _turn(self) -> str | None:
        rival = self.election.rival
        return None if rival is None else f"standing by: {rival} has the Lease"

    def _delay(self) -> str | None:
        if not self.election.holding:
            return "the Lease is not ours yet"
        return None if self.engine.synced else "the first list of all objects is not complete"


def assemble(
    settings: Settings,
    kube: KubeClient,
    watched: Sequence[Watched],
    kinds: Callable[[Store, Children], Sequence[Kind[Any, Any]]],
    clock: Clock | None = None,
    *,
    election: Election | None = None,
) -> Assembly:
    """Put an operator together; call it in the event loop that it is to run in.

    Args:
        settings: of this process.
        kube: the client of the cluster; stays the caller's to close.
        watched: every kind that is watched and listed, children included.
        kinds: makes the kinds that are reconciled, given the store they look things up in and the writer of
            their children.
        clock: of the machine, if none is given.
        election: whose turn it is; always ours, if none is given.
    """
    clock = clock or SystemClock()
    store, queue = Store(clock), Queue()
    schedule = Schedule(clock, queue.add)
    reconcilable = [kind.resource.key_kind for kind in watched if not kind.children_only]
    intake = Intake(store, queue, reconcilable, schedule)
    reconciled = kinds(store, Children(kube, intake, watched))
    writer, events = KubeStatusWriter(kube, intake, watched), KubeEventRecorder(kube, clock)
    runners = [
        Reconciler(kind, store=store, writer=writer, events=events, clock=clock, redact=redact)
        for kind in reconciled
    ]
    resync = Resync(
        KubeLister(kube, watched, store),
        store,
        intake,
        [kind.resource.key_kind for kind in watched],
        interval=settings.resync_interval,
    )
    engine = Engine(runners, store=store, queue=queue, schedule=schedule, resync=resync, clock=clock)
    handover = Handover(asyncio.get_running_loop(), intake)
    ear = Ear(watched, handover, store, resync.begin_watch, kubeconfig=settings.kubeconfig)
    return Assembly(settings, kube, watched, store, handover, engine, ear, election or Alone(), clock)


async def _first(*waits: Coroutine[Any, Any, object]) -> None:
    """Wait until one of them is over and cancel the others; what it raised is raised."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()
