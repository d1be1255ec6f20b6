from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from structlog.testing import capture_logs

from slipway.engine.elector import POLL, Alone, Elector, renewal_timeout
from slipway.engine.fence import Fence
from slipway.engine.lease import LeaseLost, LeaseUnavailable, Raced, Record
from tests.unit.engine.support import START, ManualClock, until

RIVAL = Record("b", 45, acquired=START, renewed=START, transitions=3, version="1")


class FakeStore:
    """A record with compare-and-swap; the next call raises `trouble`, or loses the answer of its write."""

    def __init__(self, clock: ManualClock, record: Record | None = None) -> None:
        self.clock = clock
        self.record = record
        self.versions = 1
        self.delay = 0.0
        self.trouble: Exception | None = None
        self.lost = False
        self.writes: list[Record] = []

    async def read(self) -> Record | None:
        """The record, some seconds later."""
        self.fail()
        found = self.record
        self.clock.seconds += self.delay
        return found

    async def write(self, record: Record) -> Record:
        """Swap it."""
        self.fail()
        if record.version != (self.record.version if self.record else ""):
            raise Raced
        if record != self.record:
            self.versions += 1
        self.record = replace(record, version=str(self.versions))
        self.writes.append(self.record)
        self.clock.seconds += self.delay
        if self.lost:
            self.lost = False
            msg = "no answer"
            raise LeaseUnavailable(msg)
        return self.record

    def fail(self) -> None:
        """Raise what was asked for."""
        trouble, self.trouble = self.trouble, None
        if trouble is not None:
            raise trouble

    def taken_by(self, holder: str) -> None:
        """Somebody else writes."""
        self.versions += 1
        self.record = replace(RIVAL, holder=holder, version=str(self.versions))


class House:
    """An elector `a` with all that belongs to it; pauses end when a test says so."""

    def __init__(self) -> None:
        self.clock = ManualClock()
        self.store = FakeStore(self.clock)
        self.fence = Fence(self.clock, 45)
        self.pauses: list[tuple[float, asyncio.Future[None]]] = []
        self.elector = Elector(
            self.store, "a", self.fence, self.clock, uniform=lambda a, b: (a + b) / 2, sleep=self.sleep
        )

    async def sleep(self, seconds: float) -> None:
        """Pause until `go_on`."""
        pause: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.pauses.append((seconds, pause))
        await pause

    async def go_on(self) -> float:
        """End the pause that is on now, and come to the next or to the end; how long the ended one was."""
        await self.at_rest()
        seconds, pause = self.pauses.pop()
        self.clock.seconds += seconds
        pause.set_result(None)
        await self.at_rest()
        return seconds

    async def at_rest(self) -> None:
        """Wait until it pauses, or has ended."""
        await until(lambda: bool(self.pauses) or self.ended)

    @property
    def ended(self) -> bool:
        """Whether the Lease was lost."""
        keeping = self.elector._keeping
        return keeping is not None and keeping.done()


@pytest.fixture
async def house() -> AsyncIterator[House]:
    """A house whose tasks end with the test."""
    house = House()
    yield house
    house.store.trouble = None
    await house.elector.release(0.1)


async def test_a_free_lease_is_taken_at_once(house: House) -> None:
    """One write, and the fence is open."""
    await house.elector.acquire()

    assert house.elector.holding
    assert house.elector.rival is None
    assert house.store.writes == [Record("a", 45, START, START, transitions=0, version="2")]
    house.fence.ensure(30)


async def test_the_fence_counts_from_the_send_and_not_from_the_answer(house: House) -> None:
    """Others count from what they saw, which may have been there long before the answer was."""
    house.store.delay = 4

    await house.elector.acquire()

    assert house.clock.seconds == 8
    assert house.fence.left == 41


async def test_the_wait_counts_from_the_answer_and_not_from_the_question(house: House) -> None:
    """The record may have been written after we asked for it."""
    house.store.record, house.store.delay = RIVAL, 4
    waiting = asyncio.create_task(house.elector.acquire())
    await house.at_rest()

    assert house.elector._seen is not None
    assert house.elector._seen.since == 4
    waiting.cancel()


async def test_a_replica_stands_by_without_writing_and_takes_over_at_the_end(house: House) -> None:
    """It polls, and takes the Lease when its holder has said nothing for a duration."""
    house.store.record = RIVAL
    taking = asyncio.create_task(house.elector.acquire())
    await house.at_rest()

    assert not house.elector.holding
    assert house.elector.rival == "b"
    while house.clock.seconds < 43:
        assert await house.go_on() == POLL
        assert house.elector.last_turn == house.clock.seconds
    house.store.taken_by("b")  # it is alive, late as it is
    await house.go_on()
    while house.clock.seconds < 44 + 44:
        await house.go_on()
    assert house.store.writes == []
    while not taking.done():
        await house.go_on()

    [written] = house.store.writes
    assert (written.holder, written.transitions) == ("a", 4)
    assert 89.9 - 0.1 <= house.clock.seconds <= 92


async def test_a_lease_that_is_given_back_is_taken_at_the_next_look(house: House) -> None:
    """The wait of a hand-over is a poll."""
    house.store.record = RIVAL
    taking = asyncio.create_task(house.elector.acquire())
    await house.at_rest()
    house.store.taken_by("")

    await house.go_on()
    await taking

    assert house.elector.holding


async def test_our_own_former_lease_is_taken_over_at_once(house: House) -> None:
    """A container that is started again in its pod does not wait for itself; nobody counts a transition."""
    house.store.taken_by("a")

    await house.elector.acquire()

    assert house.store.writes[0].transitions == 3


async def test_a_race_that_is_lost_is_waited_out(house: House) -> None:
    """Two see the Lease free, one write comes first: the other stands by, and gives back nothing."""
    original = house.store.read

    async def read_before_another_writes() -> Record | None:
        found = await original()
        house.store.taken_by("b")
        return found

    house.store.read = read_before_another_writes  # type: ignore[method-assign]
    waiting = asyncio.create_task(house.elector.acquire())
    await house.at_rest()
    house.store.read = original  # type: ignore[method-assign]
    assert await house.go_on() <= POLL

    assert house.elector.rival == "b"
    waiting.cancel()
    await house.elector.release(5)
    assert house.store.writes == []


async def test_the_lease_is_renewed_in_time(house: House) -> None:
    """Every 5 s; the moment of acquisition stays."""
    await house.elector.acquire()

    for _ in range(20):
        assert await house.go_on() == 5
        assert house.elector.last_turn == house.clock.seconds

    assert house.fence.left == 45
    assert {record.acquired for record in house.store.writes} == {START}
    assert len({record.renewed for record in house.store.writes}) == 21


async def test_a_wall_clock_that_stands_still_does_not_hide_renewals(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every write makes a new version: by that alone others see that the holder is alive."""
    monkeypatch.setattr(house.clock, "now", lambda: START)
    house.store.taken_by("a")
    versions = [house.store.versions]

    await house.elector.acquire()
    versions.append(house.store.versions)
    for _ in range(3):
        await house.go_on()
        versions.append(house.store.versions)

    assert versions == sorted(set(versions))


async def test_an_api_server_that_is_away_is_no_reason_to_end(house: House) -> None:
    """The fence closes for a while; the first renewal that succeeds opens it, and work goes on."""
    await house.elector.acquire()
    with capture_logs() as logs:
        for _ in range(80):
            house.store.trouble = LeaseUnavailable("refused")
            await house.go_on()
        assert house.fence.left < 0
        with pytest.raises(LeaseLost, match="renewed 84 s ago"):
            house.fence.ensure(0)
        assert house.elector.holding

        assert await house.go_on() == 1
        assert await house.go_on() == 5

    house.fence.ensure(30)
    assert not house.ended
    assert [entry["event"] for entry in logs] == ["The Lease cannot be reached", "The Lease is renewed again"]


async def test_a_lost_answer_is_found_out(house: House) -> None:
    """The renewal had arrived: the record is ours, and is renewed under its new version."""
    await house.elector.acquire()
    house.store.lost = True

    for _ in range(3):
        await house.go_on()

    assert not house.ended
    assert house.fence.left == 45
    assert len(house.store.writes) == 3


async def test_a_lease_that_somebody_deleted_is_made_again(house: House) -> None:
    """Who works goes on working."""
    await house.elector.acquire()
    house.store.record = None

    for _ in range(2):
        await house.go_on()

    assert house.store.record is not None
    assert house.fence.left == 45


async def test_a_lease_that_was_deleted_after_its_end_is_given_up(house: House) -> None:
    """Another may have had it meanwhile; nothing tells any more."""
    await house.elector.acquire()
    while house.fence.left > 0:
        house.store.trouble = LeaseUnavailable("refused")
        await house.go_on()
    house.store.record = None

    for _ in range(2):
        await house.go_on()

    with pytest.raises(LeaseLost, match="was deleted and has ended"):
        await house.elector.lost()
    assert house.store.record is None


async def test_a_duration_that_somebody_edited_is_put_right(house: House) -> None:
    """The fence counts by the settings, so others must not wait for less."""
    await house.elector.acquire()
    assert house.store.record is not None
    house.store.record = replace(house.store.record, duration=5, version="99")

    for _ in range(2):
        await house.go_on()

    assert not house.ended
    assert house.store.record.duration == 45


async def test_a_replica_that_stands_by_waits_for_its_own_duration_at_least(house: House) -> None:
    """A record that says less may have been edited."""
    house.store.record = replace(RIVAL, duration=5)
    taking = asyncio.create_task(house.elector.acquire())
    while not taking.done():
        await house.go_on()

    assert house.clock.seconds >= 45


@pytest.mark.parametrize(
    ("holder", "words"),
    [
        ("b", "the Lease is held by b"),
        ("a", "another process that calls itself a, too"),
        ("", "held by nobody: another process has had it"),
    ],
)
async def test_whoever_is_overtaken_ends(house: House, holder: str, words: str) -> None:
    """Nothing is written any more, and nothing can bring it back."""
    await house.elector.acquire()
    house.store.taken_by(holder)
    house.store.record = replace(house.store.record or RIVAL, acquired=None)
    await house.go_on()

    assert house.ended
    with pytest.raises(LeaseLost, match=words):
        await house.elector.lost()
    with pytest.raises(LeaseLost, match=words):
        house.fence.ensure(0)
    assert not house.elector.holding
    await house.elector.release(5)
    assert len(house.store.writes) == 1


async def test_a_release_empties_the_holder(house: House) -> None:
    """No renewal follows, and nothing can be written."""
    await house.elector.acquire()
    await house.at_rest()

    await house.elector.release(5)

    assert house.store.record is not None
    assert house.store.record.holder == ""
    assert house.ended
    with pytest.raises(LeaseLost, match="given back"):
        house.fence.ensure(0)


async def test_a_release_finds_out_what_became_of_a_write_that_broke_off(house: House) -> None:
    """The write that took the Lease arrived, its answer did not: others need not wait for its end."""
    house.store.lost = True
    taking = asyncio.create_task(house.elector.acquire())
    await house.at_rest()
    taking.cancel()

    await house.elector.release(5)

    assert house.store.record is not None
    assert house.store.record.holder == ""


async def test_a_release_comes_after_a_renewal_that_was_on_its_way(house: House) -> None:
    """It was cancelled, and arrives all the same, between the look at the record and its emptying."""
    await house.elector.acquire()
    original = house.store.write
    late = [replace(house.store.writes[0], renewed=START.replace(year=2040))]

    async def write_after_a_renewal(record: Record) -> Record:
        if late:
            await original(late.pop())
        return await original(record)

    house.store.write = write_after_a_renewal  # type: ignore[method-assign]
    await house.elector.release(5)

    assert house.store.record is not None
    assert house.store.record.holder == ""


async def test_a_release_leaves_the_lease_of_another_alone(house: House) -> None:
    """Whoever stands by has nothing to give back, and asks nobody."""
    house.store.record = RIVAL
    waiting = asyncio.create_task(house.elector.acquire())
    await house.at_rest()
    waiting.cancel()
    house.store.trouble = LeaseUnavailable("not to be asked")

    await house.elector.release(5)

    assert house.store.record == RIVAL
    assert house.store.trouble is not None


async def test_a_release_that_gets_no_answer_ends_in_time(house: House) -> None:
    """The Lease ends by itself then."""
    await house.elector.acquire()

    async def hang() -> Record | None:
        await asyncio.Event().wait()
        return None

    house.store.read = hang  # type: ignore[method-assign]

    with capture_logs() as logs:
        await house.elector.release(0.01)

    assert logs[-1]["event"] == "The Lease could not be given back"


async def test_alone_it_is_always_our_turn() -> None:
    """Without a Lease nothing is waited for and nothing can be lost."""
    alone = Alone()
    await alone.acquire()
    assert alone.holding
    assert alone.rival is None
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.01):
            await alone.lost()
    await alone.release(1)


def test_a_renewal_has_a_few_seconds() -> None:
    """Less for a short Lease, never more than the time until the next."""
    assert renewal_timeout(45) == 5
    assert renewal_timeout(600) == 5
    assert renewal_timeout(18) == 2
