from __future__ import annotations

import asyncio

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from slipway.clock import SystemClock
from slipway.engine.key import Key
from slipway.engine.schedule import Schedule
from tests.support.thoroughness import examples
from tests.unit.engine.support import ManualClock, in_time, key, until

keys = st.builds(key, st.sampled_from("abcdef"))


class ScheduleMachine(RuleBasedStateMachine):
    """The heap against a plain dictionary of moments."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = ManualClock()
        self.woken: list[Key] = []
        self.schedule = Schedule(self.clock, self.woken.append)
        self.due: dict[Key, float] = {}

    @rule(wanted=keys, seconds=st.integers(-2, 20))
    def look_within(self, wanted: Key, seconds: int) -> None:
        """An earlier moment stays, a later one gives way."""
        self.schedule.within(wanted, seconds)
        at = self.clock.seconds + seconds
        self.due[wanted] = min(at, self.due.get(wanted, at))

    @rule(wanted=keys)
    def forget(self, wanted: Key) -> None:
        """A key that is forgotten is not woken."""
        self.schedule.forget(wanted)
        self.due.pop(wanted, None)

    @rule(seconds=st.integers(0, 10))
    def time_goes_by(self, seconds: int) -> None:
        """Exactly the keys whose moment came are woken, once, in the order of their moments."""
        self.clock.seconds += seconds
        expected = sorted(item for item in self.due.items() if item[1] <= self.clock.seconds)
        self.woken.clear()

        assert self.schedule.wake_due() == len(expected)

        assert sorted((name, self.due[name]) for name in self.woken) == expected
        moments = [self.due.pop(name) for name in self.woken]
        assert moments == sorted(moments)

    @invariant()
    def the_next_moment_is_the_earliest(self) -> None:
        """The timer sleeps until the earliest moment that counts."""
        assert len(self.schedule) == len(self.due)
        assert self.schedule.next_at() == min(self.due.values(), default=None)


ScheduleMachine.TestCase.settings = settings(max_examples=examples(40), stateful_step_count=40, deadline=None)
TestScheduleMachine = ScheduleMachine.TestCase


def test_overruled_entries_do_not_pile_up() -> None:
    """A key that is asked for earlier and earlier costs a bounded heap."""
    schedule = Schedule(ManualClock(), lambda _: None)
    schedule.within(key("stays"), 5)

    for number in range(10_000):
        schedule.within(key("drawn nearer"), 1000 - number / 1000)

    assert len(schedule._heap) < 200
    assert len(schedule) == 2


def test_keys_that_are_forgotten_leave_the_heap() -> None:
    """Objects that come and go leave nothing behind."""
    schedule = Schedule(ManualClock(), lambda _: None)

    for number in range(5_000):
        schedule.within(key(str(number)), 1000)
        schedule.forget(key(str(number)))

    assert len(schedule._heap) < 200


async def test_the_timer_hears_of_an_earlier_moment_while_it_sleeps() -> None:
    """One task serves all: a new earliest moment ends its sleep."""
    woken: list[Key] = []
    schedule = Schedule(SystemClock(), woken.append)
    schedule.within(key("late"), 3600)
    timer = asyncio.create_task(schedule.run())
    await asyncio.sleep(0)

    schedule.within(key("soon"), 0.01)

    await in_time(lambda: bool(woken))
    timer.cancel()
    assert woken == [key("soon")]


async def test_the_timer_wakes_what_is_already_due() -> None:
    """A moment in the past is now."""
    woken: list[Key] = []
    schedule = Schedule(SystemClock(), woken.append)
    timer = asyncio.create_task(schedule.run())
    await asyncio.sleep(0)

    schedule.within(key(), -1)

    await until(lambda: woken == [key()])
    timer.cancel()
