from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

from typing_extensions import override

from slipway.engine.handover import BATCH, Handover
from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.engine.view import View
from tests.unit.engine.support import KIND, FakeView, key, until


class Recorder(Intake):
    """An intake that remembers in what order, and in which thread, it was told; one name breaks it."""

    def __init__(self) -> None:
        super().__init__(Store(), Queue(), (KIND,))
        self.told: list[str] = []
        self.threads: set[int] = set()

    @override
    def observe(self, view: View, own: bool = False) -> None:
        """Note it."""
        self.threads.add(threading.get_ident())
        self.told.append(view.key.name)
        if view.key.name == "poison":
            msg = "broken"
            raise RuntimeError(msg)
        super().observe(view, own=own)

    @override
    def forget(self, key: Key, uid: str, resource_version: int, own: bool = False) -> None:
        """Note it."""
        self.told.append(f"-{key.name}")
        super().forget(key, uid, resource_version, own=own)


async def in_thread(work: Callable[[], None]) -> None:
    """Run in another thread, and wait for its end."""
    await asyncio.get_running_loop().run_in_executor(None, work)


async def test_news_of_another_thread_arrives_in_order_and_in_the_loops_thread() -> None:
    """More than one batch, views and removals mixed: nothing lost, nothing swapped."""
    recorder = Recorder()
    handover = Handover(asyncio.get_running_loop(), recorder)
    number = 3 * BATCH + 7

    def tell() -> None:
        for n in range(number):
            handover.observe(FakeView(key(str(n)), resource_version=n + 1))
        handover.forget(key("0"), "uid-1", number + 1)

    await in_thread(tell)
    await until(lambda: len(recorder.told) == number + 1)

    assert recorder.told == [*map(str, range(number)), "-0"]
    assert recorder.threads == {threading.get_ident()}


async def test_a_burst_wakes_the_loop_once() -> None:
    """Only the first item of a burst costs a call into the loop."""
    loop = asyncio.get_running_loop()
    wakes: list[object] = []

    class Counting:
        """The loop, with its wake-ups counted."""

        def call_soon_threadsafe(self, call: Callable[[], None]) -> None:
            wakes.append(call)
            loop.call_soon(call)

        call_soon = loop.call_soon

    recorder = Recorder()
    handover = Handover(Counting(), recorder)  # type: ignore[arg-type]
    for n in range(BATCH + 1):
        handover.observe(FakeView(key(str(n))))
    await until(lambda: len(recorder.told) == BATCH + 1)
    assert len(wakes) == 1

    handover.observe(FakeView(key("later")))
    await until(lambda: recorder.told[-1] == "later")
    assert len(wakes) == 2


async def test_one_turn_of_the_loop_takes_in_one_batch() -> None:
    """The loop is never held for the whole burst."""
    recorder = Recorder()
    handover = Handover(asyncio.get_running_loop(), recorder)
    for n in range(2 * BATCH):
        handover.observe(FakeView(key(str(n))))

    await until(lambda: bool(recorder.told))

    assert len(recorder.told) == BATCH


async def test_one_bad_item_does_not_cost_the_others() -> None:
    """What comes after it is taken in."""
    recorder = Recorder()
    handover = Handover(asyncio.get_running_loop(), recorder)
    for name in ("one", "poison", "two"):
        handover.observe(FakeView(key(name)))

    await until(lambda: len(recorder.told) == 3)

    assert recorder.told == ["one", "poison", "two"]


async def test_after_close_nothing_is_taken_in() -> None:
    """What is under way is dropped too, and the other thread is not disturbed."""
    recorder = Recorder()
    handover = Handover(asyncio.get_running_loop(), recorder)
    handover.observe(FakeView(key("under way")))

    handover.close()
    handover.observe(FakeView(key("late")))
    for _ in range(5):
        await asyncio.sleep(0)

    assert recorder.told == []
