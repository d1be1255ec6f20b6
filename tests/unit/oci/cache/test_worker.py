from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from slipway.oci.cache import worker as module
from slipway.oci.cache.limits import CacheLimits
from slipway.oci.cache.rows import Rows
from slipway.oci.cache.storage import Storage
from slipway.oci.cache.worker import Worker
from tests.unit.oci.cache.support import digest

NOW = 1_800_000_000.0


def make_worker(path: Path | None = None, patience: float = 5, max_pending: int = 1_000_000) -> Worker:
    return Worker(lambda: Storage(path, CacheLimits(), NOW), patience, max_pending)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    worker = make_worker()
    yield worker
    await worker.aclose()


def put(name: str) -> Callable[[Rows], None]:
    return lambda rows: rows.put_image(digest(name), b"body")


def get(name: str) -> Callable[[Rows], Any]:
    return lambda rows: rows.images.get(digest(name))


class Hold:
    """Work that holds the thread until it is let go, as a disk may that does not answer."""

    def __init__(self) -> None:
        self.began = threading.Event()
        self.let_go = threading.Event()

    def __call__(self, rows: Rows) -> None:
        self.began.set()
        assert self.let_go.wait(10)


async def test_the_rows_are_touched_in_one_thread_that_is_not_the_loops(worker: Worker) -> None:
    threads = {await worker.ask(lambda rows: threading.get_ident()) for _ in range(5)}

    assert len(threads) == 1
    assert threading.get_ident() not in threads


async def test_an_answer_knows_of_all_that_was_handed_over_before(worker: Worker) -> None:
    worker.hand(put("one"))

    assert await worker.ask(get("one")) == b"body"


async def test_work_that_nobody_waits_for_waits_for_more_of_it(
    worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread is woken once for all of it, and at once for a question."""
    monkeypatch.setattr(module, "_GATHERING", 60.0)
    await worker.ask(lambda rows: None)
    woken: list[int] = []
    take = worker._take_jobs

    def counted() -> Any:
        batch = take()
        woken.append(len(batch))
        return batch

    monkeypatch.setattr(worker, "_take_jobs", counted)
    for number in range(50):
        worker.hand(put(str(number)))
        await asyncio.sleep(0)

    assert await worker.ask(get("49")) == b"body"
    assert woken == [51]


async def test_what_waits_together_shares_a_transaction(worker: Worker) -> None:
    hold = Hold()
    worker.hand(hold)
    hold.began.wait(5)
    statements: list[str] = []

    worker.hand(lambda rows: rows._connection.set_trace_callback(statements.append))
    for number in range(50):
        worker.hand(put(str(number)))
    hold.let_go.set()
    await worker.ask(lambda rows: None)

    assert len([statement for statement in statements if statement.startswith("INSERT")]) == 50
    assert statements.count("COMMIT") == 1


async def test_nobody_waits_longer_than_patience_and_then_nobody_waits_at_all() -> None:
    worker = make_worker(patience=0.05)
    hold = Hold()
    worker.hand(hold)
    hold.began.wait(5)

    assert await worker.ask(get("one")) is None
    async with asyncio.timeout(0.04):
        for _ in range(100):
            assert await worker.ask(get("one")) is None

    hold.let_go.set()
    await worker.aclose()


async def test_when_the_disk_answers_again_so_does_the_worker() -> None:
    worker = make_worker(patience=0.05)
    hold = Hold()
    worker.hand(put("one"))
    worker.hand(hold)
    hold.began.wait(5)
    await worker.ask(get("one"))

    hold.let_go.set()
    found = None
    async with asyncio.timeout(5):
        while found is None:
            found = await worker.ask(get("one"))

    assert found == b"body"
    await worker.aclose()


async def test_the_loop_turns_while_the_disk_does_not_answer() -> None:
    worker = make_worker()
    hold = Hold()
    asking = asyncio.create_task(worker.ask(hold))

    for _ in range(100):
        await asyncio.sleep(0)

    assert not asking.done()
    hold.let_go.set()
    await asking
    await worker.aclose()


async def test_too_much_that_waits_is_dropped_except_what_must_not_be() -> None:
    worker = make_worker(max_pending=10_000)
    hold = Hold()
    worker.hand(hold)
    hold.began.wait(5)
    done: list[str] = []

    for _ in range(1000):
        worker.hand(lambda rows: done.append("row"), 2000)
    worker.hand_surely(lambda rows: done.append("forget"))
    hold.let_go.set()
    await worker.ask(lambda rows: None)
    worker.hand(lambda rows: done.append("later"))
    await worker.aclose()

    assert done == [*["row"] * 4, "forget", "later"]


async def test_closing_writes_what_waits(tmp_path: Path) -> None:
    worker = make_worker(tmp_path / "cache.db")
    for number in range(1000):
        worker.hand_surely(put(str(number)))
    await worker.aclose()

    again = make_worker(tmp_path / "cache.db")
    assert await again.ask(lambda rows: rows.images.count()) == 1000
    await again.aclose()


async def test_closing_ends_the_thread_and_may_be_done_twice() -> None:
    worker = make_worker()

    await worker.aclose()
    await worker.aclose()
    worker._thread.join(5)

    assert not worker._thread.is_alive()


async def test_closing_is_given_up_when_the_disk_does_not_answer() -> None:
    worker = make_worker(patience=0.02)
    hold = Hold()
    worker.hand(hold)
    hold.began.wait(5)

    with capture_logs() as logs:
        await worker.aclose()

    assert [log["event"] for log in logs] == ["Registry cache not closed in time"]
    assert worker._thread.daemon
    hold.let_go.set()
    worker._thread.join(5)


async def test_after_closing_nothing_is_done_any_more(worker: Worker) -> None:
    await worker.aclose()
    done: list[int] = []

    worker.hand(lambda rows: done.append(1))
    worker.hand_surely(lambda rows: done.append(2))

    assert await worker.ask(Rows.holdings) is None
    assert not done


async def test_a_fault_of_ours_is_a_miss_and_the_thread_lives_on(worker: Worker) -> None:
    def stumble(rows: Rows) -> int:
        raise ZeroDivisionError

    with capture_logs() as logs:
        assert await worker.ask(stumble) is None

    assert [log["event"] for log in logs] == ["Registry cache failed"]
    assert await worker.ask(lambda rows: 7) == 7


async def test_who_was_late_for_what_is_done_by_now_keeps_nobody_from_asking(worker: Worker) -> None:
    worker._late_after = worker._done

    assert await worker.ask(lambda rows: 7) == 7


async def test_who_gave_up_waiting_disturbs_nobody(worker: Worker) -> None:
    hold = Hold()
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda loop, fault: faults.append(fault))
    asking = asyncio.create_task(worker.ask(hold))
    await asyncio.sleep(0)

    asking.cancel()
    hold.let_go.set()

    assert await worker.ask(lambda rows: 7) == 7
    assert not faults


def test_a_loop_that_is_gone_is_told_nothing() -> None:
    worker = make_worker()
    hold = Hold()

    async def leave() -> None:
        asking = asyncio.create_task(worker.ask(hold))
        await asyncio.to_thread(hold.began.wait, 5)
        asking.cancel()

    asyncio.run(leave())
    hold.let_go.set()

    async def come_back() -> int | None:
        return await worker.ask(lambda rows: 7)

    assert asyncio.run(come_back()) == 7
    asyncio.run(worker.aclose())
