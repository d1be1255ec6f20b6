"""Replicas that want one Lease, over a store with compare-and-swap, in a world that does its worst.

Requests and answers are late or lost, a request that its sender has given up may still arrive, clocks differ
and run at different speeds, processes are killed, started again, frozen and stopped, the record is edited and
deleted.

Two promises are checked at every moment: never do two fences let anything pass, and whoever was overtaken by
another never works again. In the end, when the world is kind again, somebody works.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import count
from math import inf
from typing import Any, Literal, TypeAlias

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from typing_extensions import override

from slipway.engine.elector import Elector, renewal_timeout
from slipway.engine.fence import Fence
from slipway.engine.lease import LeaseLost, LeaseUnavailable, Raced, Record
from tests.support.thoroughness import examples
from tests.unit.engine.support import START, turn_loop

DURATION = 45.0

Link: TypeAlias = tuple[float, float]
"""Seconds that a request takes to the store, and its answer back; infinite for what never comes."""

GOOD: Link = (0, 0)
LINKS: tuple[Link, ...] = (
    GOOD,
    (0, 4),
    (4, 0),
    (2, 2),
    (0, 30),
    (30, 0),
    (60, 0),
    (0, inf),
    (inf, inf),
)

Role: TypeAlias = Literal["holder", "other"]

roles: st.SearchStrategy[Role] = st.sampled_from(["holder", "other"])
links = st.sampled_from(LINKS)
speeds = st.sampled_from([0.991, 1.0, 1.009])
pauses = st.sampled_from([0, 1, 4, 7, 20, 44, 46, 60])


@dataclass
class World:
    """True time, which nobody knows, and the stored record."""

    seconds: float = 0.0
    record: Record | None = None
    versions: count[int] = field(default_factory=count)

    def swap(self, wanted: Record) -> Record:
        """Store it where the version fits; what changes nothing makes no new version."""
        if wanted.version != (self.record.version if self.record is not None else ""):
            raise Raced
        if wanted == self.record:
            return wanted
        self.record = replace(wanted, version=str(next(self.versions)))
        return self.record


@dataclass
class SkewedClock:
    """A clock that is wrong in its own way."""

    world: World
    offset: float
    speed: float

    def monotonic(self) -> float:
        """Seconds since some moment of its own."""
        return self.offset + self.world.seconds * self.speed

    def true_moment(self, monotonic: float) -> float:
        """When this clock shows that."""
        return (monotonic - self.offset) / self.speed

    def now(self) -> datetime:
        """A wall clock that is off by hours; those of fast machines stand still."""
        moving = 0 if self.speed > 1 else self.monotonic()
        return START + timedelta(seconds=moving - 7 * self.offset)


@dataclass(eq=False)
class Exchange:
    """A request under way: first its way there, then the way of the answer."""

    handle: Callable[[], Record | None]
    answer: asyncio.Future[Record | None]
    link: Link
    due: float
    """True moment of what comes next."""
    outcome: Record | Exception | None = None
    is_handled: bool = False

    def arrive(self) -> None:
        """The store handles it, whether or not anybody waits for the answer."""
        self.is_handled = True
        self.due += self.link[1]
        try:
            self.outcome = self.handle()
        except Raced as error:
            self.outcome = error

    def come_back(self) -> None:
        """The sender gets the answer, if it still waits."""
        if self.answer.done():
            return
        if isinstance(self.outcome, Exception):
            self.answer.set_exception(self.outcome)
        else:
            self.answer.set_result(self.outcome)


@dataclass(eq=False)
class Replica:
    """One process: its elector and fence, its pauses and time-outs, and its link to the store."""

    world: World
    clock: SkewedClock
    name: str
    link: Link
    is_frozen: bool = False
    is_stopping: bool = False
    is_over: bool = False
    exchanges: list[Exchange] = field(default_factory=list)
    alarms: list[tuple[float, Callable[[], None]]] = field(default_factory=list)
    """Moments of its own clock."""

    def __post_init__(self) -> None:
        self.fence = Fence(self.clock, DURATION)
        self.elector = Elector(
            self, self.name, self.fence, self.clock, uniform=lambda a, b: (a + b) / 2, sleep=self.sleep
        )

    async def work(self) -> None:
        """What the process does, until it is lost."""
        try:
            await self.elector.acquire()
            await self.elector.lost()
        except LeaseLost:
            self.is_over = True

    async def stop(self) -> None:
        """What the process does after a SIGTERM."""
        await self.elector.release(1e6)
        self.is_over = True

    async def read(self) -> Record | None:
        """The record, some time."""
        return await self._exchange(lambda: self.world.record)

    async def write(self, record: Record) -> Record:
        """Swap it, some time."""
        written = await self._exchange(lambda: self.world.swap(record))
        assert written is not None
        return written

    async def sleep(self, seconds: float) -> None:
        """Until the clock of this replica says so; a frozen one oversleeps."""
        over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._alarm(seconds, lambda: None if over.done() else over.set_result(None))
        await over

    async def _exchange(self, handle: Callable[[], Record | None]) -> Record | None:
        answer: asyncio.Future[Record | None] = asyncio.get_running_loop().create_future()
        self.exchanges.append(Exchange(handle, answer, self.link, self.world.seconds + self.link[0]))
        late = LeaseUnavailable("time-out")
        self._alarm(renewal_timeout(DURATION), lambda: None if answer.done() else answer.set_exception(late))
        return await answer

    def _alarm(self, seconds: float, ring: Callable[[], None]) -> None:
        self.alarms.append((self.clock.monotonic() + seconds, ring))

    def next_moment(self) -> float:
        """The true moment at which something happens to it next."""
        arrivals = [one.due for one in self.exchanges if not one.is_handled]
        if self.is_frozen:
            return min(arrivals, default=inf)
        moments = [self.clock.true_moment(at) for at, _ in self.alarms]
        return min([one.due for one in self.exchanges] + moments, default=inf)

    def live(self) -> None:
        """What is due now happens: requests arrive, answers come, pauses end."""
        self.arrive()
        if self.is_frozen:
            return
        now = self.world.seconds
        for one in [one for one in self.exchanges if one.is_handled and one.due <= now]:
            self.exchanges.remove(one)
            one.come_back()
        self.ring()

    def arrive(self) -> None:
        """Requests that are due arrive; those of a process that is no more do, too."""
        for one in self.exchanges:
            if not one.is_handled and one.due <= self.world.seconds:
                one.arrive()

    def ring(self) -> None:
        """Pauses and time-outs that are over end."""
        now = self.world.seconds
        due = [alarm for alarm in self.alarms if self.clock.true_moment(alarm[0]) <= now]
        self.alarms = [alarm for alarm in self.alarms if alarm not in due]
        for _, ring in due:
            ring()


class LeaseMachine(RuleBasedStateMachine):
    """Three identities, each of at most one process at a time."""

    def __init__(self) -> None:
        super().__init__()
        self.loop = asyncio.new_event_loop()
        self.world = World()
        self.alive: dict[str, Replica] = {}
        self.ghosts: list[Replica] = []
        self.tasks: dict[Replica, asyncio.Task[None]] = {}
        self.is_deleted = False
        self.workers: list[Replica] = []  # whose fence was open, in this order

    @initialize(speed=speeds, other=speeds)
    def two_replicas(self, speed: float, other: float) -> None:
        """One works and one stands by."""
        self.a_process_starts("a", speed, GOOD, 1)
        self.a_process_starts("b", other, GOOD, 20)

    @rule(name=st.sampled_from("abc"), speed=speeds, link=links, then=pauses)
    def a_process_starts(self, name: str, speed: float, link: Link, then: float) -> None:
        """A first time, or again: then with all that its predecessor did still under way."""
        working = [replica for replica in self.alive.values() if replica.fence.left > 0]
        # Who starts while the record is deleted cannot know of anybody: that is left to people.
        if name not in self.alive and not (self.world.record is None and working):
            clock = SkewedClock(self.world, 1000.0 * len(self.tasks), speed)
            self.alive[name] = Replica(self.world, clock, name, link)
            self.begin(self.alive[name], self.alive[name].work())
        self.time_goes_by(then)

    @rule(who=roles, then=pauses)
    def a_process_is_killed(self, who: Role, then: float) -> None:
        """It does nothing any more; its requests still arrive."""
        for replica in self.chosen(who):
            self.ghosts.append(self.alive.pop(replica.name))
        self.time_goes_by(then)

    @rule(who=roles, then=pauses)
    def a_process_is_stopped(self, who: Role, then: float) -> None:
        """SIGTERM: it gives the Lease back."""
        for replica in self.chosen(who):
            if not replica.is_frozen and not replica.is_stopping:
                replica.is_stopping = True
                self.tasks[replica].cancel()
                self.turn()
                self.begin(replica, replica.stop())
        self.time_goes_by(then)

    @rule(who=roles, then=pauses)
    def a_process_is_frozen(self, who: Role, then: float) -> None:
        """SIGSTOP."""
        for replica in self.chosen(who):
            replica.is_frozen = True
        self.time_goes_by(then)

    @rule(rings_first=st.booleans(), then=pauses)
    def the_frozen_go_on(self, rings_first: bool, then: float) -> None:
        """SIGCONT: what waited for them happens at once, in either order."""
        for replica in self.alive.values():
            if replica.is_frozen:
                replica.is_frozen = False
                if rings_first:
                    replica.ring()
        self.turn()
        self.time_goes_by(then)

    @rule(who=roles, link=links, then=pauses)
    def a_link_changes(self, who: Role, link: Link, then: float) -> None:
        """Requests that are under way keep the pace they have."""
        for replica in self.chosen(who):
            replica.link = link
        self.time_goes_by(then)

    @rule(then=pauses)
    def somebody_deletes_the_record(self, then: float) -> None:
        """Once, and while all who stand by have seen it: nobody can see what comes between two deletions."""
        sightings = [one.elector._seen for one in self.alive.values() if not one.elector.holding]
        if not self.is_deleted and all(seen is not None and seen.record is not None for seen in sightings):
            self.world.record = None
            self.is_deleted = True
        self.time_goes_by(then)

    @rule(duration=st.sampled_from([1.0, 44.0]), then=pauses)
    def somebody_edits_the_record(self, duration: float, then: float) -> None:
        """Its duration."""
        if self.world.record is not None:
            version = str(next(self.world.versions))
            self.world.record = replace(self.world.record, duration=duration, version=version)
        self.time_goes_by(then)

    def chosen(self, who: Role) -> list[Replica]:
        """At most one that lives: the one that has the Lease as far as it knows, or one that has not."""
        return [one for one in self.alive.values() if one.elector.holding == (who == "holder")][:1]

    def time_goes_by(self, seconds: float) -> None:
        """From one moment at which something happens to the next."""
        end = self.world.seconds + seconds
        while (moment := self.next_moment()) <= end:
            self.world.seconds = max(self.world.seconds, moment)
            self.turn()
            self.one_works_at_a_time()
        self.world.seconds = end
        self.turn()

    @invariant()
    def one_works_at_a_time(self) -> None:
        """Of all living processes, the frozen ones among them, at most one may change anything."""
        open_now = [replica for replica in self.alive.values() if replica.fence.left > 0]
        assert len(open_now) <= 1, [replica.name for replica in open_now]
        if open_now and self.workers[-1:] != open_now:
            assert open_now[0] not in self.workers, "it works again after another did"
            self.workers += open_now

    @override
    def teardown(self) -> None:
        """Everybody wakes and is reached again: then one of those that live works, and goes on to."""
        try:
            for replica in self.alive.values():
                replica.is_frozen = False
                replica.link = GOOD
            self.time_goes_by(20)  # those that were asked to stop are gone then
            self.a_process_starts("a", 1.0, GOOD, 60)
            for _ in range(2):
                self.time_goes_by(10)
                sure = [name for name, replica in self.alive.items() if replica.fence.left > DURATION / 2]
                assert len(sure) == 1
        finally:
            self.end()

    def end(self) -> None:
        """Leave no task behind."""
        left = asyncio.all_tasks(self.loop)
        for task in left:
            task.cancel()
        if left:
            self.loop.run_until_complete(asyncio.wait(left))
        self.loop.close()

    def begin(self, replica: Replica, work: Coroutine[Any, Any, None]) -> None:
        """Have a process do something."""
        self.tasks[replica] = self.loop.create_task(work)
        self.turn()

    def next_moment(self) -> float:
        """When something happens next."""
        return min((replica.next_moment() for replica in (*self.alive.values(), *self.ghosts)), default=inf)

    def turn(self) -> None:
        """Everybody does what there is to do now."""
        for ghost in self.ghosts:
            ghost.exchanges = [one for one in ghost.exchanges if not one.is_handled]
            ghost.alarms.clear()
            ghost.arrive()
        for replica in self.alive.values():
            replica.live()
        turn_loop(self.loop)
        over = {name for name, replica in self.alive.items() if replica.is_over}
        self.ghosts += [self.alive.pop(name) for name in over]


LeaseMachine.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=15, deadline=None)
TestLeaseMachine = LeaseMachine.TestCase
