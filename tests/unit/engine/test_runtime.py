from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from slipway.clock import SystemClock
from slipway.engine.backoff import Backoff
from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.lease import LeaseLost
from slipway.engine.outcome import Failed, Outcome, Settled, Stalled, Waiting
from slipway.engine.queue import Queue
from slipway.engine.reconcile import StaleWrite
from slipway.engine.resync import Resync
from slipway.engine.runtime import Engine
from slipway.engine.schedule import Schedule
from slipway.engine.store import Store
from tests.unit.engine.model_server import ModelLister, ModelServer
from tests.unit.engine.support import KIND, FakeView, in_time, key, until

SOON = timedelta(milliseconds=5)
SETTLED = Settled("Connected", "")


class FakeRunner:
    """Runs keys as a test tells it, and remembers them."""

    name = KIND

    def __init__(self) -> None:
        self.runs: list[Key] = []
        self.ended: list[Key] = []
        self.does: Callable[[Key], Awaitable[Outcome | None]] = self.settle

    async def settle(self, _: Key) -> Outcome | None:
        """At rest."""
        return SETTLED

    async def run(self, name: Key) -> Outcome | None:
        """One run."""
        self.runs.append(name)
        outcome = await self.does(name)
        self.ended.append(name)
        return outcome

    def answer(self, *outcomes: Outcome | BaseException | None) -> None:
        """Come to these, one after the other; the last one for ever."""
        left = list(outcomes)

        async def next_one(_: Key) -> Outcome | None:
            outcome = left.pop(0) if len(left) > 1 else left[0]
            if isinstance(outcome, BaseException):
                raise outcome
            return outcome

        self.does = next_one


class House:
    """An engine with its parts, over a model server."""

    def __init__(self) -> None:
        self.server = ModelServer()
        self.store = Store()
        self.queue = Queue()
        self.schedule = Schedule(SystemClock(), self.queue.add)
        self.runner = FakeRunner()
        self.intake = Intake(self.store, self.queue, (KIND,))
        self.lister = ModelLister(self.server)
        self.resync = Resync(self.lister, self.store, self.intake, [KIND])
        self.ceilings: list[float] = []
        self.engine = Engine(
            [self.runner],
            store=self.store,
            queue=self.queue,
            schedule=self.schedule,
            resync=self.resync,
            clock=SystemClock(),
            backoff=Backoff(self.draw),
        )

    def draw(self, _: float, high: float) -> float:
        """A delay far shorter than the one drawn."""
        self.ceilings.append(high)
        return 0.002

    def put(self, name: str = "one", **fields: object) -> None:
        """Something is seen of an object."""
        known = self.store.get(key(name))
        version = 1000 if known is None else known.resource_version + 1
        self.intake.observe(replace(FakeView(key(name), resource_version=version), **fields))  # type: ignore[arg-type]

    async def ran(self, times: int) -> None:
        """Wait until so many runs ended."""
        await in_time(lambda: len(self.runner.runs) >= times)


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """An engine with three workers, synced, stopped at the end."""
    house = House()
    house.engine.start(workers=3)
    await house.resync.wait_synced()
    yield house
    await house.engine.stop(1)


async def test_what_is_there_at_the_start_is_run(house: House) -> None:
    """The first list queues every object."""
    other = House()
    for number in range(5):
        other.server.create(key(str(number)))

    other.engine.start(workers=2)
    await other.ran(5)

    assert {name.name for name in other.runner.runs} == {"0", "1", "2", "3", "4"}
    assert other.engine.synced
    assert await other.engine.stop(1)


async def test_nothing_is_run_before_the_lists_are_whole() -> None:
    """An event that arrives early waits."""
    house = House()
    house.lister.expire_on_page = 0
    house.engine.start(workers=2)
    house.put()
    for _ in range(20):
        await asyncio.sleep(0)
    assert house.runner.runs == []
    assert not house.engine.synced

    house.lister.expire_on_page = None
    assert await house.resync.run_pass(KIND)

    await house.ran(1)
    await house.engine.stop(1)


async def test_a_settled_object_is_left_alone(house: House) -> None:
    """Without news and without a next check there is no second run."""
    house.put()
    await house.ran(1)
    await asyncio.sleep(0.02)

    assert len(house.runner.runs) == 1
    assert house.engine.heartbeat().waiting == 0


@pytest.mark.parametrize(
    "outcome",
    [Settled("R", "", SOON), Waiting("R", "", SOON), Stalled("R", "", SOON)],
    ids=lambda o: type(o).__name__,
)
async def test_an_object_is_looked_at_again_when_its_outcome_says_so(house: House, outcome: Outcome) -> None:
    """The table's last column, at work."""
    house.runner.answer(outcome, outcome, SETTLED)
    house.put()

    await house.ran(3)


async def test_the_latest_outcome_overrules_an_older_next_check(house: House) -> None:
    """An event in between ends with no next check: the older one is void."""
    house.runner.answer(Settled("R", "", timedelta(milliseconds=20)), SETTLED)
    house.put()
    await house.ran(1)
    house.put()
    await house.ran(2)
    await asyncio.sleep(0.04)

    assert len(house.runner.runs) == 2


@pytest.mark.parametrize("outcome", [SETTLED, Waiting("Building", "", timedelta(hours=1))])
async def test_what_is_put_off_during_a_run_outlives_it(house: House, outcome: Outcome) -> None:
    """The run may have read before it came, so that its outcome says nothing of it."""

    async def put_off(name: Key) -> Outcome:
        if len(house.runner.runs) == 1:
            house.schedule.within(name, 0.005)
        return outcome

    house.runner.does = put_off
    house.put()
    await house.ran(2)


async def test_what_was_put_off_before_a_run_is_done_by_it(house: House) -> None:
    """Its outcome says when the next one is due."""
    house.schedule.within(key(), 3600)
    house.put()
    await house.ran(1)
    await until(lambda: len(house.schedule) == 0)


async def test_failures_back_off_until_success(house: House) -> None:
    """Ceilings double; a success starts anew."""
    failed = Failed("ReconcileFailed", "")
    house.runner.answer(failed, failed, failed, SETTLED, failed, SETTLED)
    house.put()
    await house.ran(4)
    house.put()
    await house.ran(6)

    assert house.ceilings == [2, 4, 8, 2]


async def test_another_wish_resets_the_backoff(house: House) -> None:
    """The change itself is run at once, and its failures count from one."""
    house.runner.answer(*[Failed("ReconcileFailed", "")] * 3, SETTLED)
    house.put()
    await house.ran(2)
    house.put(wish=b"changed")
    await house.ran(4)

    assert house.ceilings[-1] < 8


async def test_conflicts_are_run_again_at_once_but_not_for_ever(house: House) -> None:
    """The first three at once, then with pauses, so that a storm of them costs little."""
    house.runner.answer(*[StaleWrite()] * 5, SETTLED)
    house.put()
    await house.ran(6)

    assert house.ceilings == [2, 4]


async def test_what_the_lease_forbade_is_tried_again_with_pauses(house: House) -> None:
    """It may still be ours again; if it is not, the process ends anyway."""
    house.runner.answer(LeaseLost(), LeaseLost(), SETTLED)
    house.put()
    await house.ran(3)

    assert house.ceilings == [2, 4]


async def test_conflicts_of_different_days_do_not_add_up(house: House) -> None:
    """A run that goes through starts the count anew."""
    house.runner.answer(StaleWrite(), StaleWrite(), SETTLED, StaleWrite(), StaleWrite(), SETTLED)
    house.put()
    await house.ran(3)
    house.put()
    await house.ran(6)

    assert house.ceilings == []


async def test_a_poison_object_hurts_only_itself(house: House) -> None:
    """Its errors come back with pauses; the workers live on, and others are run."""

    async def run(name: Key) -> Outcome | None:
        if name == key("poison"):
            msg = "broken"
            raise RuntimeError(msg)
        return SETTLED

    house.runner.does = run
    house.put("poison")
    for number in range(20):
        house.put(str(number))

    await until(lambda: len(set(house.runner.runs)) == 21)
    await in_time(lambda: house.runner.runs.count(key("poison")) >= 5)
    assert house.ceilings[:3] == [2, 4, 8]


async def test_a_gone_object_leaves_nothing_behind(house: House) -> None:
    """Neither in the schedule nor in the backoff."""
    house.runner.answer(Failed("ReconcileFailed", ""), Settled("R", "", timedelta(hours=1)), None)
    house.put()
    await house.ran(2)
    house.intake.forget(key(), "uid-1", 5000)
    await house.ran(3)
    await asyncio.sleep(0)

    assert len(house.engine._schedule) == 0
    assert house.engine._backoff.failures(key()) == 0
    assert house.engine._conflicts == {}


async def test_one_key_is_never_run_twice_at_once_whatever_wakes_it(house: House) -> None:
    """Events, schedule and conflicts together: three workers, one at a time."""
    inside = 0

    async def run(_: Key) -> Outcome | None:
        nonlocal inside
        inside += 1
        assert inside == 1
        await asyncio.sleep(0)
        house.put()
        await asyncio.sleep(0)
        inside -= 1
        if len(house.runner.runs) % 3 == 0:
            raise StaleWrite
        return Settled("R", "", timedelta(0))

    house.runner.does = run
    house.put()
    await house.ran(50)
    assert inside <= 1
    house.runner.answer(SETTLED)


async def test_stop_lets_runs_end_and_drops_what_waits() -> None:
    """Runs that are going on come to their end, all in parallel; nothing new begins."""
    house = House()
    house.engine.start(workers=2)
    await house.resync.wait_synced()
    go = asyncio.Event()

    async def run(_: Key) -> Outcome | None:
        await go.wait()
        return SETTLED

    house.runner.does = run
    for number in range(5):
        house.put(str(number))
    await until(lambda: len(house.runner.runs) == 2)

    stopping = asyncio.create_task(house.engine.stop(5))
    for _ in range(5):
        await asyncio.sleep(0)
    assert not stopping.done()
    go.set()

    assert await stopping
    assert len(house.runner.ended) == len(house.runner.runs) == 2


async def test_stop_cancels_runs_at_the_deadline() -> None:
    """A run that hangs does not hold up the end, and the engine says so."""
    house = House()
    house.engine.start(workers=2)
    await house.resync.wait_synced()

    async def hang(_: Key) -> Outcome | None:
        await asyncio.Event().wait()
        return None

    house.runner.does = hang
    house.put()
    await until(lambda: len(house.runner.runs) == 1)

    assert not await house.engine.stop(0.02)

    assert all(task.done() for task in house.engine._workers)
    assert house.engine.heartbeat().running == 0


async def test_stop_before_the_lists_are_whole() -> None:
    """Workers that never began end at once."""
    house = House()
    house.lister.expire_on_page = 0
    house.engine.start(workers=2)
    await asyncio.sleep(0)

    assert await house.engine.stop(1)


async def test_stop_without_start() -> None:
    """Nothing to end."""
    assert await House().engine.stop(1)


async def test_wait_ends_with_stop(house: House) -> None:
    """An engine that was stopped has not failed."""
    waiting = asyncio.create_task(house.engine.wait())
    await asyncio.sleep(0)

    await house.engine.stop(1)

    await waiting


async def test_wait_raises_when_a_part_ends_by_an_error() -> None:
    """An engine without its resync, its timer or a worker is none: the process must know."""
    house = House()

    async def broken() -> None:
        msg = "the resync broke"
        raise RuntimeError(msg)

    house.resync.run = broken  # type: ignore[method-assign]
    house.engine.start(workers=1)

    with pytest.raises(RuntimeError, match="the resync broke"):
        await house.engine.wait()
    await house.engine.stop(1)


async def test_a_cancelled_worker_gives_its_key_back(house: House) -> None:
    """Whoever takes over finds it in the queue."""

    async def hang(_: Key) -> Outcome | None:
        await asyncio.Event().wait()
        return None

    house.runner.does = hang
    house.put()
    await until(lambda: len(house.runner.runs) == 1)
    house.runner.answer(SETTLED)
    for task in house.engine._workers[:3]:
        if house.queue.running:
            task.cancel()
            await asyncio.sleep(0)

    await until(lambda: house.queue.running == 0)
    assert house.queue.waiting + len(house.runner.ended) >= 1


async def test_the_heart_beats(house: House) -> None:
    """A running engine is alive, a loaded one too."""
    house.put()
    await house.ran(1)

    beat = house.engine.heartbeat()

    assert beat.alive
    assert beat.since_beat < 5
