"""Resync: our own paged LIST over each kind, at the start and every now and then.

The watch never tells what was deleted while it was cut off; this does. For each kind one pass:

    version of the list below the highest seen? ──yes──▶ distrust all that is known (a restored etcd)
    every object listed  ──▶ taken in, and its key queued
    every entry not listed and not newer, or distrusted ──▶ live GET: 404 ──▶ removed, else taken in
    410 on the way ──▶ the pass counts for nothing, and starts again

Nothing is removed before the list is whole, and an entry newer than the list (created while the list ran) is
never touched.

A watch begins at the version of a pass (`begin_watch`), so that no object is listed twice, and what vanished
while a watch was cut off is found as soon as the watch begins anew.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Protocol

import structlog

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.engine.view import View

__all__ = ["Expired", "Lister", "Page", "Resync"]

_log = structlog.get_logger(__name__)
_TRIES_AT_ONCE: Final = 3
_JITTER: Final = 0.1
_LONGEST_PAUSE: Final = 60.0


class Expired(Exception):  # noqa: N818 - it tells a state: the list's version is compacted (410)
    """The version a list was begun at is gone: its next page cannot be had."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page of a list."""

    views: Sequence[View]
    resource_version: int
    """The version of the whole list, the same on each page."""


class Lister(Protocol):
    """How the API server is asked."""

    def pages(self, kind: str) -> AsyncIterator[Page]:
        """All pages of a fresh list (without a `resourceVersion`: never older than what was seen).

        Raises:
            Expired: when the list cannot be continued (410).
        """

    async def get(self, key: Key) -> View | None:
        """The live object, or None when the API server says 404."""


class Resync:
    """Keeps the store true to the API server, kind by kind."""

    def __init__(
        self,
        lister: Lister,
        store: Store,
        intake: Intake,
        kinds: Sequence[str],
        *,
        interval: timedelta = timedelta(minutes=10),
        uniform: Callable[[float, float], float] = random.uniform,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self._lister = lister
        self._store = store
        self._intake = intake
        self._kinds = tuple(kinds)
        self._interval = interval.total_seconds()
        self._uniform = uniform
        self._sleep = sleep
        self._untrue = set(kinds)
        self._unwatched: dict[str, int] = {}
        """The versions of whole passes that no watch has begun at."""
        self._due: set[str] = set()
        self._asked = asyncio.Event()
        self._passed = asyncio.Event()
        self._passing = asyncio.Lock()
        self._whole = asyncio.Event()
        self._guarded: Queue | None = None
        self._note_whole()

    def guard(self, queue: Queue) -> None:
        """Let this queue hand out keys only while `synced`: nothing is decided from half a picture."""
        self._guarded = queue
        self._note_whole()

    @property
    def synced(self) -> bool:
        """Whether every kind had a whole pass, and none was found restored since."""
        return self._whole.is_set()

    async def wait_synced(self) -> None:
        """Wait until `synced`."""
        await self._whole.wait()

    async def begin_watch(self, kind: str) -> int:
        """The version from which a watch misses nothing: that of a whole pass, waited for where need be.

        Each pass serves one watch. Who begins another one lost the first, which makes a pass due at once.
        """
        while kind not in self._unwatched:
            if kind not in self._untrue:
                self._due.add(kind)
                self._asked.set()
            await self._passed.wait()
        return self._unwatched.pop(kind)

    async def run(self) -> None:
        """Pass over all kinds, for ever: failed ones again after a pause, all again after the interval."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._run_regularly(), name="engine resync interval")
            group.create_task(self._run_for_watches(), name="engine resync watches")

    async def _run_regularly(self) -> None:
        while True:
            await self.run_all()
            await self._sleep(self._interval * self._uniform(1 - _JITTER, 1 + _JITTER))

    async def _run_for_watches(self) -> None:
        while True:
            await self._asked.wait()
            self._asked.clear()
            due, self._due = self._due, set()
            await self.run_all(due)

    async def run_all(self, kinds: Collection[str] | None = None) -> None:
        """One whole pass over each kind: those that fail again after a pause, until none does.

        A restore that one kind finds out makes the others pass once more, those before it included.

        Args:
            kinds: some of them; all of them if none are given.
        """
        pending = set(self._kinds if kinds is None else kinds)
        rounds = 0
        while pending:
            failed = {kind for kind in self._kinds if kind in pending and not await self.run_pass(kind)}
            if failed:
                rounds += 1
                await self._sleep(self._uniform(1.0, min(_LONGEST_PAUSE, 2.0 ** min(rounds, 8))))
            pending = failed | self._untrue

    async def run_pass(self, kind: str) -> bool:
        """One pass over one kind; False when it could not be ended, so that nothing was removed.

        A list that expires on the way is begun anew at once, a few times.
        """
        for _ in range(_TRIES_AT_ONCE):
            try:
                async with self._passing:
                    version = await self._pass(kind)
            except Expired:
                _log.info("List expired on the way", kind=kind)
                continue
            except Exception as error:  # noqa: BLE001 - one kind that cannot be listed must not stop the others
                _log.warning(
                    "List failed",
                    kind=kind,
                    error=type(error).__name__,
                    reason=getattr(error, "reason", None),
                )
                return False
            self._untrue.discard(kind)
            self._note_whole()
            self._offer(kind, version)
            return True
        return False

    async def _pass(self, kind: str) -> int | None:
        highest = self._store.highest_version(kind)  # before the list begins: events go on while it runs
        version: int | None = None
        listed: set[Key] = set()
        async for page in self._lister.pages(kind):
            if version is None:
                version = page.resource_version
                self._compare(kind, highest, version)
            for view in page.views:
                listed.add(view.key)
                self._intake.observe(view)
                self._intake.wake(view.key)
        if version is not None:
            self._store.saw_version(kind, version)
            await self._remove_vanished(kind, listed, version)
        return version

    def _offer(self, kind: str, version: int | None) -> None:
        if version is not None:
            self._unwatched[kind] = version
        self._passed.set()
        self._passed = asyncio.Event()

    def _compare(self, kind: str, highest: int, version: int) -> None:
        if version < highest:
            _log.warning("Versions went back: etcd was restored", kind=kind, highest=highest, version=version)
            # One etcd holds them all; later its revision may have passed the highest seen of another kind.
            for other in self._kinds:
                self._store.distrust(other, version)
            self._untrue.update(self._kinds)
            self._unwatched.clear()
            self._note_whole()

    async def _remove_vanished(self, kind: str, listed: set[Key], version: int) -> None:
        for view in self._store.of_kind(kind):
            vanished = view.key not in listed and view.resource_version <= version
            if vanished or self._store.is_suspect(view.key):
                await self._confirm(view, version)

    async def _confirm(self, view: View, version: int) -> None:
        live = await self._lister.get(view.key)
        if live is None:
            self._intake.forget(view.key, view.uid, version)
        else:
            self._intake.observe(live)  # of another UID it replaces the entry

    def _note_whole(self) -> None:
        if self._untrue:
            self._whole.clear()
        else:
            self._whole.set()
        if self._guarded is not None:
            self._guarded.pause(self._untrue != set())
