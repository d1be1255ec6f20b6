"""The one thread that touches the database. Others hand work over, and wait for answers if they want any."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Event, Thread
from typing import Any, Final, NamedTuple, TypeVar

import structlog

from slipway.oci.cache.rows import Rows
from slipway.oci.cache.storage import Storage, Work

__all__ = ["Worker"]

_BATCH: Final = 256
"""How many works share a transaction, at most."""

_GATHERING: Final = 0.05
"""Seconds that work waits for more of it, while nobody waits for an answer: to wake the thread for each costs
more than the work."""

_COST: Final = 500
"""Bytes that a work takes up while it waits, besides what it carries."""

_T = TypeVar("_T")

_log = structlog.get_logger(__name__)


class _Answer(NamedTuple):
    """Where somebody waits."""

    loop: asyncio.AbstractEventLoop
    future: asyncio.Future[Any]

    def give(self, answer: object) -> None:
        """Tell it, from the thread; nobody may be there any more."""
        with suppress(RuntimeError):
            self.loop.call_soon_threadsafe(self._settle, answer)

    def _settle(self, answer: object) -> None:
        if not self.future.done():
            self.future.set_result(answer)


class _Job(NamedTuple):
    work: Work | None
    """None: the last one, to close the storage."""

    answer: _Answer | None = None
    cost: int = _COST


class Worker:
    """Does work in the order it came in, as much of it in one transaction as waits at a time.

    Args:
        make_storage: called first thing in the thread.
        patience: seconds that anybody waits for an answer.
        max_pending: how many bytes may wait; beyond it, what nobody waits for is dropped.
    """

    def __init__(self, make_storage: Callable[[], Storage], patience: float, max_pending: int) -> None:
        self._make_storage = make_storage
        self._patience = patience
        self._max_pending = max_pending
        self._jobs: deque[_Job] = deque()
        self._has_jobs = Event()
        self._is_urgent = Event()
        self._is_closed = False
        # Each counter has one thread that writes it, and so needs no lock.
        self._handed = 0
        self._done = 0
        self._late_after = -1
        # A thread that a broken disk holds must not hold up the end of the process as well.
        self._thread = Thread(target=self._run, name="registry-cache", daemon=True)
        self._thread.start()

    def hand(self, work: Work, size: int = 0) -> None:
        """Have it done some time; not at all when too much waits already.

        Args:
            work: what to do.
            size: bytes that it carries.
        """
        if not self._is_closed and self._handed - self._done < self._max_pending:
            self._put(_Job(work, cost=_COST + size))

    def hand_surely(self, work: Work) -> None:
        """Have it done some time, however much waits."""
        if not self._is_closed:
            self._put(_Job(work))

    async def ask(self, work: Callable[[Rows], _T]) -> _T | None:
        """Have it done and wait for the answer; None when it takes too long or fails."""
        if self._is_closed or self._is_stuck():
            return None
        answer: _T | None = await self._wait(work)
        return answer

    async def aclose(self) -> None:
        """Have the rest done and the storage closed; given up when it takes too long."""
        if self._is_closed:
            return
        self._is_closed = True
        if await self._wait(None) is None:
            _log.warning("Registry cache not closed in time")

    def _is_stuck(self) -> bool:
        """Whether somebody waited in vain, and nothing was done since: then nobody else needs to wait."""
        return self._late_after == self._done and bool(self._jobs)

    def _put(self, job: _Job) -> None:
        self._handed += job.cost
        self._jobs.append(job)
        if job.answer is not None:
            self._is_urgent.set()
        if not self._has_jobs.is_set():
            self._has_jobs.set()

    async def _wait(self, work: Work | None) -> Any:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._put(_Job(work, _Answer(loop, future)))
        try:
            async with asyncio.timeout(self._patience):
                return await future
        except TimeoutError:
            self._late_after = self._done
            return None

    def _run(self) -> None:
        storage = self._make_storage()
        is_open = True
        while is_open:
            batch = self._next_batch()
            is_open = batch[-1].work is not None
            answers = _answers(storage, [job.work for job in batch if job.work is not None])
            if not is_open:
                storage.close()
                answers.append(True)
            self._done += sum(job.cost for job in batch)
            for job, answer in zip(batch, answers, strict=True):
                if job.answer is not None:
                    job.answer.give(answer)

    def _next_batch(self) -> list[_Job]:
        """At least one job; the one that closes is always the last of its batch."""
        batch: list[_Job] = []
        while not batch:
            self._has_jobs.wait()
            self._is_urgent.wait(_GATHERING)
            # Before the jobs are taken: what comes after that sets them anew.
            self._has_jobs.clear()
            self._is_urgent.clear()
            batch = self._take_jobs()
        if self._jobs:
            self._has_jobs.set()
            self._is_urgent.set()
        return batch

    def _take_jobs(self) -> list[_Job]:
        batch: list[_Job] = []
        while self._jobs and len(batch) < _BATCH and (not batch or batch[-1].work is not None):
            batch.append(self._jobs.popleft())
        return batch


def _answers(storage: Storage, works: list[Work]) -> list[Any]:
    """What comes of the works; None for each of them when something goes wrong that nobody thought of."""
    if not works:
        return []
    try:
        return storage.run(works)
    except Exception:  # noqa: BLE001 - the thread has to live on, for others wait
        _log.exception("Registry cache failed")
        return [None] * len(works)
