"""The one thread that touches the database. Others hand work over, and wait for answers if they want any."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Any, Final, NamedTuple, TypeVar

import structlog

from slipway.oci.cache.rows import Rows
from slipway.oci.cache.storage import Storage, Work

__all__ = ["Worker"]

_BATCH: Final = 256
"""How many works share a transaction, at most."""

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

    answer: _Answer | None


class Worker:
    """Does work in the order it came in, as much of it in one transaction as waits at a time.

    Args:
        make_storage: called first thing in the thread.
        patience: seconds that anybody waits for an answer.
        pending: how many works may wait before those that nobody waits for are dropped.
    """

    def __init__(self, make_storage: Callable[[], Storage], patience: float, pending: int) -> None:
        self._make_storage = make_storage
        self._patience = patience
        self._pending = pending
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._is_closed = False
        self._batches = 0
        self._late_after = -1
        # A thread that a broken disk holds must not hold up the end of the process as well.
        self._thread = Thread(target=self._run, name="registry-cache", daemon=True)
        self._thread.start()

    def hand(self, work: Work) -> None:
        """Have it done some time; not at all when too much waits already."""
        if not self._is_closed and self._jobs.qsize() < self._pending:
            self._jobs.put(_Job(work, None))

    def hand_surely(self, work: Work) -> None:
        """Have it done some time, however much waits."""
        if not self._is_closed:
            self._jobs.put(_Job(work, None))

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
        return self._late_after == self._batches and not self._jobs.empty()

    async def _wait(self, work: Work | None) -> Any:
        loop = asyncio.get_running_loop()
        future = loop.create_future()
        self._jobs.put(_Job(work, _Answer(loop, future)))
        try:
            async with asyncio.timeout(self._patience):
                return await future
        except TimeoutError:
            self._late_after = self._batches
            return None

    def _run(self) -> None:
        storage = self._make_storage()
        while True:
            *jobs, last = self._next_batch()
            if last.work is None:
                _do(storage, jobs)
                storage.close()
                if last.answer is not None:
                    last.answer.give(True)
                return
            _do(storage, [*jobs, last])
            self._batches += 1

    def _next_batch(self) -> list[_Job]:
        """At least one job; the one that closes is always the last of its batch."""
        batch = [self._jobs.get()]
        with suppress(Empty):
            while len(batch) < _BATCH and batch[-1].work is not None:
                batch.append(self._jobs.get_nowait())
        return batch


def _do(storage: Storage, jobs: Sequence[_Job]) -> None:
    works = [job.work for job in jobs if job.work is not None]
    answers: Sequence[object] = [None] * len(jobs)
    try:
        if works:
            answers = storage.run(works)
    except Exception:  # noqa: BLE001 - whatever it is, the thread has to live on, and nobody may wait
        _log.exception("Registry cache failed")
    for job, answer in zip(jobs, answers, strict=True):
        if job.answer is not None:
            job.answer.give(answer)
