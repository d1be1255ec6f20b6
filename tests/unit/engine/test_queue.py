"""The queue against a slow, obvious model, with takers and runs that are cancelled at any moment."""

from __future__ import annotations

import asyncio

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from typing_extensions import override

from slipway.engine.key import Key
from slipway.engine.queue import Queue, QueueClosed
from tests.support.thoroughness import examples
from tests.unit.engine.support import close_loop, key, turn_loop, until

keys = st.builds(key, st.sampled_from(["one", "two", "three"]), st.sampled_from(["a", "b", "c"]))


class QueueMachine(RuleBasedStateMachine):
    """Workers take, run, end, are cancelled while they wait and while they run; nothing may get lost."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.queue = Queue()
        self.owed: set[Key] = set()  # asked for, and no run begun since
        self.running: dict[asyncio.Task[None], Key] = {}
        self.taking: list[asyncio.Task[None]] = []
        self.release: dict[asyncio.Task[None], asyncio.Event] = {}
        self.taken: list[Key] = []
        self.passed_over: dict[str, set[str]] = {}  # namespace -> those served since it began to wait
        self.paused = False

    async def worker(self) -> None:
        """One take and one run, as the engine's workers do them."""
        task = asyncio.current_task()
        assert task is not None
        taken = await self.queue.take()
        assert not self.paused, "handed out during a pause"
        assert taken in self.owed, "handed out though nobody asked"
        assert taken not in self.running.values(), "two runs of one key at once"
        self.judge_fairness(taken)
        self.owed.discard(taken)
        self.running[task] = taken
        self.taken.append(taken)
        try:
            await self.release[task].wait()
        except asyncio.CancelledError:
            self.owed.add(taken)
            self.queue.add(taken)
            raise
        finally:
            del self.running[task]
            self.queue.done(taken)

    def judge_fairness(self, taken: Key) -> None:
        """No namespace gets a second turn while another that could be served waits for its first."""
        for namespace in self.waiting_namespaces() - {taken.namespace}:
            served = self.passed_over.setdefault(namespace, set())
            assert taken.namespace not in served, f"{taken.namespace} twice while {namespace} waited"
            served.add(taken.namespace)
        self.passed_over.pop(taken.namespace, None)

    def waiting_namespaces(self) -> set[str]:
        """Namespaces with a key that may be handed out now."""
        return {owed.namespace for owed in self.owed - set(self.running.values())}

    def settle(self) -> None:
        """Let every task that can go on do so."""
        turn_loop(self.loop)
        self.taking = [task for task in self.taking if not task.done() and task not in self.running]
        for namespace in set(self.passed_over) - self.waiting_namespaces():
            del self.passed_over[namespace]

    @rule(wanted=keys)
    def add(self, wanted: Key) -> None:
        """A trigger asks for a run."""
        self.owed.add(wanted)
        self.queue.add(wanted)

    @rule(wanted=keys)
    def add_and_settle(self, wanted: Key) -> None:
        """A trigger asks, and the loop turns."""
        self.add(wanted)
        self.settle()

    @rule()
    def begin_taking(self) -> None:
        """A worker gets free; it may not even have begun to wait."""
        task = self.loop.create_task(self.worker())
        self.release[task] = asyncio.Event()
        self.taking.append(task)

    @precondition(lambda self: self.taking)
    @rule(data=st.data())
    def cancel_a_taker(self, data: st.DataObject) -> None:
        """A worker is cancelled while it waits, perhaps in the very turn in which it was woken."""
        task = data.draw(st.sampled_from(range(len(self.taking))))
        self.taking.pop(task).cancel()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def end_a_run(self, data: st.DataObject) -> None:
        """A run ends."""
        tasks = list(self.running)
        self.release[tasks[data.draw(st.sampled_from(range(len(tasks))))]].set()

    @precondition(lambda self: self.running)
    @rule(data=st.data())
    def cancel_a_run(self, data: st.DataObject) -> None:
        """A worker is cancelled in its run: the key is owed again."""
        tasks = list(self.running)
        tasks[data.draw(st.sampled_from(range(len(tasks))))].cancel()

    @rule(paused=st.booleans())
    def pause(self, paused: bool) -> None:
        """Nothing is handed out for a while."""
        self.paused = paused
        self.queue.pause(paused)

    @rule()
    def settle_down(self) -> None:
        """The loop turns."""
        self.settle()

    @rule()
    def no_wake_up_is_lost(self) -> None:
        """Once all is quiet, no worker waits while a key could be run."""
        self.settle()
        if self.taking and not self.paused:
            assert self.owed <= set(self.running.values()), "a key waits beside a free worker"

    @invariant()
    def counts_agree(self) -> None:
        """The queue knows as many keys as the model."""
        assert self.queue.waiting == len(self.owed)
        assert self.queue.running == len(self.running)

    @override
    def teardown(self) -> None:
        """Everything that was asked for is run in the end, each key once."""
        try:
            self.pause(False)
            for event in self.release.values():
                event.set()
            self.settle()
            while self.owed:
                before = len(self.taken)
                self.begin_taking()
                self.release[self.taking[-1]].set()
                self.settle()
                assert len(self.taken) > before, "a key is owed and never handed out"
        finally:
            broken = close_loop(self.loop, self.release)
        assert not broken, broken


QueueMachine.TestCase.settings = settings(max_examples=examples(60), stateful_step_count=40, deadline=None)
TestQueueMachine = QueueMachine.TestCase


async def test_a_key_is_queued_once() -> None:
    """Ten triggers before a run are one run."""
    queue = Queue()
    for _ in range(10):
        queue.add(key())

    queue.done(await queue.take())

    assert queue.waiting == 0


async def test_triggers_during_a_run_are_one_more_run() -> None:
    """What comes in while a key runs is answered by exactly one more run, after this one."""
    queue = Queue()
    queue.add(key())
    taken = await queue.take()
    queue.add(taken)
    queue.add(taken)
    again = asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    assert not again.done()

    queue.done(taken)

    assert await again == taken
    queue.done(taken)
    assert queue.waiting == 0


async def test_a_namespace_with_many_keys_does_not_hold_up_the_others() -> None:
    """Namespaces take turns; within one, first come is first served."""
    queue = Queue()
    for number in range(3):
        queue.add(key(f"n{number}", "big"))
    queue.add(key("x", "small"))
    queue.add(key("y", "tiny"))

    order = [(await queue.take()).name for _ in range(5)]

    assert order == ["n0", "x", "y", "n1", "n2"]


async def test_a_wake_up_passes_from_a_cancelled_taker_to_the_next() -> None:
    """Woken and cancelled in one turn of the loop: another taker gets the key."""
    queue = Queue()
    first, second = asyncio.create_task(queue.take()), asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    queue.add(key())

    first.cancel()

    assert await asyncio.wait_for(second, 1) == key()
    assert first.cancelled()


async def test_a_wake_up_is_not_spent_on_a_taker_that_is_being_cancelled() -> None:
    """Cancelled first and offered a key before it could go: the next taker gets it."""
    queue = Queue()
    first, second = asyncio.create_task(queue.take()), asyncio.create_task(queue.take())
    await asyncio.sleep(0)
    first.cancel()

    queue.add(key())

    assert await asyncio.wait_for(second, 1) == key()


async def test_close_frees_the_takers_and_drops_what_waits() -> None:
    """After close nothing is handed out, and nothing is taken in."""
    queue = Queue()
    takers = [asyncio.create_task(queue.take()) for _ in range(3)]
    await asyncio.sleep(0)

    queue.close()
    queue.add(key())

    assert all(isinstance(end, QueueClosed) for end in await asyncio.gather(*takers, return_exceptions=True))
    assert queue.waiting == 0
    with pytest.raises(QueueClosed):
        await queue.take()


async def test_a_run_that_is_going_on_may_end_after_close() -> None:
    """Done is allowed after close, and queues nothing."""
    queue = Queue()
    queue.add(key())
    taken = await queue.take()
    queue.add(taken)

    queue.close()
    queue.done(taken)

    assert (queue.waiting, queue.running) == (0, 0)


async def test_a_pause_keeps_keys_and_its_end_wakes_all_takers() -> None:
    """Keys that came during a pause are all handed out after it."""
    queue = Queue()
    queue.pause(True)
    takers = [asyncio.create_task(queue.take()) for _ in range(2)]
    queue.add(key("one"))
    queue.add(key("two"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not any(taker.done() for taker in takers)

    queue.pause(False)

    await until(lambda: all(taker.done() for taker in takers))
    assert {taker.result() for taker in takers} == {key("one"), key("two")}
