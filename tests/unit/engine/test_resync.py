"""Single scenes of the resync; what holds in all of them is tested in test_resync_model.py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from typing_extensions import override

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.resync import Page, Resync
from slipway.engine.store import Store
from tests.unit.engine.model_server import ModelLister, ModelServer
from tests.unit.engine.support import KIND, OTHER_KIND, FakeView, key, until


@dataclass
class Bench:
    """A model server and everything in front of it."""

    server: ModelServer = field(default_factory=ModelServer)
    store: Store = field(default_factory=Store)
    queue: Queue = field(default_factory=Queue)

    def __post_init__(self) -> None:
        self.lister = ModelLister(self.server)
        self.intake = Intake(self.store, self.queue, (KIND, OTHER_KIND))
        self.slept: list[float] = []
        self.resync = Resync(
            self.lister, self.store, self.intake, [KIND], uniform=lambda _, high: high, sleep=self.sleep
        )

    async def sleep(self, seconds: float) -> None:
        """No waiting, but other tasks get their turn."""
        self.slept.append(seconds)
        await asyncio.sleep(0)

    def names(self) -> set[str]:
        """The names the store knows."""
        return {view.key.name for view in self.store.of_kind(KIND)}


@pytest.fixture
def bench() -> Bench:
    """A server with three Warehouses, and an empty store."""
    bench = Bench()
    for name in ("one", "two", "three"):
        bench.server.create(key(name))
    return bench


async def test_a_pass_takes_everything_in_and_queues_it(bench: Bench) -> None:
    """All pages, every key, also those that are known already."""
    await bench.resync.run_pass(KIND)
    assert bench.names() == {"one", "two", "three"}
    for _ in range(3):
        bench.queue.done(await bench.queue.take())
    assert bench.queue.waiting == 0

    await bench.resync.run_pass(KIND)

    assert bench.queue.waiting == 3


async def test_what_vanished_in_a_gap_is_removed_after_a_look(bench: Bench) -> None:
    """Absence from a list is not enough: the API server is asked for that object."""
    await bench.resync.run_pass(KIND)
    bench.server.delete(key("two"))
    bench.server.untold.clear()

    assert await bench.resync.run_pass(KIND)

    assert bench.names() == {"one", "three"}
    assert bench.lister.gets == [key("two")]


async def test_an_object_that_is_missing_from_the_list_but_alive_stays(bench: Bench) -> None:
    """A list that lacks an object is not believed against a live answer."""
    await bench.resync.run_pass(KIND)
    shown = {name: view for name, view in bench.server.objects.items() if name != key("two")}
    live = bench.server.objects[key("two")]

    class Forgetful(ModelLister):
        @override
        async def pages(self, kind: str) -> AsyncIterator[Page]:
            yield Page(list(shown.values()), bench.server.revision)

        @override
        async def get(self, name: Key) -> FakeView | None:
            self.gets.append(name)
            return live if name == key("two") else None

    lister = Forgetful(bench.server)
    assert await Resync(lister, bench.store, bench.intake, [KIND]).run_pass(KIND)

    assert (bench.names(), lister.gets) == ({"one", "two", "three"}, [key("two")])


async def test_an_object_made_anew_in_a_gap_replaces_the_old_one(bench: Bench) -> None:
    """The same name under another UID is another object."""
    await bench.resync.run_pass(KIND)
    bench.server.delete(key("two"))
    bench.server.create(key("two"))

    await bench.resync.run_pass(KIND)

    assert bench.store.get(key("two")) == bench.server.objects[key("two")]


async def test_an_object_made_anew_after_the_list_is_taken_in_by_the_look(bench: Bench) -> None:
    """The list lacks it, the watch is cut off, the live answer has it under another UID."""
    await bench.resync.run_pass(KIND)
    bench.server.delete(key("two"))
    bench.lister.meanwhile = lambda: bench.server.create(key("two"))

    await bench.resync.run_pass(KIND)

    assert bench.store.get(key("two")) == bench.server.objects[key("two")]


async def test_a_list_raises_the_highest_version(bench: Bench) -> None:
    """So that a restore is found out even where no object of the kind changed."""
    bench.server.create(key(kind=OTHER_KIND))

    await bench.resync.run_pass(KIND)

    assert bench.store.highest_version(KIND) == bench.server.revision


async def test_an_object_created_while_the_list_runs_is_not_lost(bench: Bench) -> None:
    """It is newer than the list, so that nobody even asks for it."""

    def create() -> None:
        bench.server.create(key("late"))
        bench.intake.observe(bench.server.objects[key("late")])

    bench.lister.meanwhile = create

    await bench.resync.run_pass(KIND)

    assert "late" in bench.names()
    assert bench.lister.gets == []


async def test_news_that_overtakes_the_first_page_is_no_restore(bench: Bench) -> None:
    """The highest version is the one before the list began, not the one when its answer arrived."""
    await bench.resync.run_pass(KIND)

    def create() -> None:
        bench.server.create(key("fast"))
        bench.intake.observe(bench.server.objects[key("fast")])

    bench.lister.meanwhile = create

    await bench.resync.run_pass(KIND)

    assert bench.resync.synced
    assert bench.lister.gets == []
    assert not bench.store.is_suspect(key("fast"))


async def test_an_object_deleted_while_the_list_runs_does_not_come_back(bench: Bench) -> None:
    """The watch tells its end before the page that still shows it arrives."""
    for name in ("four", "five"):
        bench.server.create(key(name))
    await bench.resync.run_pass(KIND)

    def delete() -> None:
        bench.server.delete(key("five"))
        while bench.server.untold:
            change, view = bench.server.untold.pop(0)
            if change == "DELETED":
                bench.intake.forget(view.key, view.uid, view.resource_version)

    bench.lister.meanwhile = delete

    await bench.resync.run_pass(KIND)

    assert "five" not in bench.names()


async def test_a_list_that_expires_is_begun_anew_and_removes_nothing(bench: Bench) -> None:
    """410 on the second page: the pass counts for nothing, however often."""
    await bench.resync.run_pass(KIND)
    bench.server.delete(key("two"))
    bench.lister.expire_on_page = 1

    assert not await bench.resync.run_pass(KIND)
    assert bench.names() == {"one", "two", "three"}

    bench.lister.expire_on_page = None
    assert await bench.resync.run_pass(KIND)
    assert bench.names() == {"one", "three"}


async def test_a_restored_etcd_rebuilds_the_store(bench: Bench) -> None:
    """Versions go back: the old state is taken in, the future that never was is dropped."""
    past = bench.server.backup()
    bench.server.change(key("one"), wish=b"later")
    bench.server.delete(key("two"))
    bench.server.create(key("future"))
    for change, view in bench.server.untold:
        if change == "DELETED":
            bench.intake.forget(view.key, view.uid, view.resource_version)
    await bench.resync.run_pass(KIND)
    assert bench.names() == {"one", "three", "future"}

    bench.server.restore(past)
    await bench.resync.run_pass(KIND)

    assert {view.key: view for view in bench.store.of_kind(KIND)} == bench.server.objects
    assert bench.resync.synced


async def test_a_restore_takes_synced_away_from_all_kinds_until_they_passed() -> None:
    """One etcd holds them all."""
    bench = Bench()
    bench.server.create(key())
    bench.server.create(key(kind=OTHER_KIND))
    past = bench.server.backup()
    bench.server.change(key(), wish=b"later")
    resync = Resync(bench.lister, bench.store, bench.intake, [OTHER_KIND, KIND], sleep=bench.sleep)
    await resync.run_all()
    assert resync.synced

    bench.server.restore(past)
    assert await resync.run_pass(KIND)

    assert not resync.synced
    assert bench.store.is_suspect(key(kind=OTHER_KIND))
    await resync.run_all()
    assert resync.synced
    assert bench.slept == []


async def test_a_restore_found_out_late_makes_the_earlier_kinds_pass_again() -> None:
    """The first kind saw nothing wrong, the second does: one round is not enough."""
    bench = Bench()
    bench.server.create(key(kind=OTHER_KIND))
    resync = Resync(bench.lister, bench.store, bench.intake, [OTHER_KIND, KIND], sleep=bench.sleep)
    await resync.run_pass(OTHER_KIND)
    past = bench.server.backup()
    bench.server.create(key())
    await resync.run_pass(KIND)

    bench.server.restore(past)
    await resync.run_all()

    assert resync.synced
    assert bench.names() == set()


async def test_synced_needs_a_whole_pass_over_every_kind(bench: Bench) -> None:
    """Until then nobody may decide anything."""
    resync = Resync(bench.lister, bench.store, bench.intake, [KIND, OTHER_KIND])
    waiter = asyncio.create_task(resync.wait_synced())

    await resync.run_pass(KIND)
    assert not resync.synced
    await resync.run_pass(OTHER_KIND)

    assert resync.synced
    await waiter


async def test_the_guarded_queue_hands_out_nothing_before_synced(bench: Bench) -> None:
    """Nothing is decided from half a picture."""
    bench.resync.guard(bench.queue)
    bench.queue.add(key())
    taker = asyncio.create_task(bench.queue.take())
    for _ in range(5):
        await asyncio.sleep(0)
    assert not taker.done()

    await bench.resync.run_pass(KIND)

    assert await taker == key()


async def test_a_kind_that_cannot_be_listed_is_tried_again_with_pauses(bench: Bench) -> None:
    """The others pass meanwhile; the pauses grow and have a jitter and a bound."""
    failures = 8

    class Flaky(ModelLister):
        @override
        async def pages(self, kind: str) -> AsyncIterator[Page]:
            nonlocal failures
            if kind == OTHER_KIND and failures:
                failures -= 1
                msg = "the API server is down"
                raise ConnectionError(msg)
            async for page in super().pages(kind):
                yield page

    resync = Resync(
        Flaky(bench.server),
        bench.store,
        bench.intake,
        [KIND, OTHER_KIND],
        uniform=lambda _, high: high,
        sleep=bench.sleep,
    )
    await resync.run_all()

    assert bench.slept == [2, 4, 8, 16, 32, 60, 60, 60]
    assert resync.synced


async def test_a_look_that_fails_removes_nothing(bench: Bench) -> None:
    """An error is no 404, and the pass was not whole."""
    await bench.resync.run_pass(KIND)
    bench.server.delete(key("two"))

    class Deaf(ModelLister):
        @override
        async def get(self, name: Key) -> FakeView | None:
            raise ConnectionError

    assert not await Resync(Deaf(bench.server), bench.store, bench.intake, [KIND]).run_pass(KIND)
    assert "two" in bench.names()


async def test_the_resync_repeats_itself_at_jittered_intervals(bench: Bench) -> None:
    """Every ten minutes, give or take a tenth."""
    drawn: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        drawn.append((low, high))
        return high

    resync = Resync(
        bench.lister,
        bench.store,
        bench.intake,
        [KIND],
        interval=timedelta(minutes=10),
        uniform=uniform,
        sleep=bench.sleep,
    )
    task = asyncio.create_task(resync.run())
    await until(lambda: len(bench.slept) >= 3)
    task.cancel()

    assert bench.slept[0] == pytest.approx(660)
    assert list(drawn[0]) == pytest.approx([0.9, 1.1])


async def test_an_empty_kind_is_a_whole_pass() -> None:
    """No object is a fine answer, and still shows what vanished."""
    bench = Bench()
    bench.store.put(replace(FakeView(key("ghost")), resource_version=3))

    assert await bench.resync.run_pass(KIND)

    assert bench.names() == set()


async def test_a_watch_begins_where_the_first_pass_was(bench: Bench) -> None:
    """It waits for that pass instead of asking for another one."""
    beginning = asyncio.create_task(bench.resync.begin_watch(KIND))
    await asyncio.sleep(0)
    assert not beginning.done()

    await bench.resync.run_pass(KIND)
    listed_at = bench.server.revision
    bench.server.create(key("later"))

    assert await beginning == listed_at


async def test_a_watch_that_begins_anew_makes_a_pass_due_at_once(bench: Bench) -> None:
    """What vanished while the watch was lost is found without waiting for the interval."""
    asleep = asyncio.Event()

    async def sleep_for_ever(_: float) -> None:
        asleep.set()
        await asyncio.Event().wait()

    resync = Resync(bench.lister, bench.store, bench.intake, [KIND], sleep=sleep_for_ever)
    running = asyncio.create_task(resync.run())
    await asleep.wait()
    await resync.begin_watch(KIND)
    bench.server.delete(key("two"))
    bench.server.untold.clear()

    assert await resync.begin_watch(KIND) == bench.server.revision

    assert bench.names() == {"one", "three"}
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_no_watch_begins_at_a_version_from_before_a_restore(bench: Bench) -> None:
    """The API server would not know it any more, or mean something else by it."""
    past = bench.server.backup()
    bench.server.create(key("future"))
    await bench.resync.run_pass(KIND)

    bench.server.restore(past)
    await bench.resync.run_pass(KIND)

    assert await bench.resync.begin_watch(KIND) == bench.server.revision


async def test_passes_over_one_kind_never_overlap(bench: Bench) -> None:
    """The one for a watch and the regular one take turns."""
    under_way, most = 0, 0

    class Counting(ModelLister):
        @override
        async def pages(self, kind: str) -> AsyncIterator[Page]:
            nonlocal under_way, most
            under_way += 1
            most = max(most, under_way)
            async for page in super().pages(kind):
                await asyncio.sleep(0)
                yield page
            under_way -= 1

    resync = Resync(Counting(bench.server), bench.store, bench.intake, [KIND])

    assert all(await asyncio.gather(resync.run_pass(KIND), resync.run_pass(KIND)))
    assert most == 1
