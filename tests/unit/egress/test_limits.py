from __future__ import annotations

import asyncio
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import QueuedTooLong
from slipway.egress.deadline import Deadline, now
from slipway.egress.limits import LONGEST_QUEUE, HostLimits, Lane, Limits, Pace
from tests.support.virtual_time import run_in_virtual_time

PLENTY = 1e6  # requests per second: as if there were no pace


@given(
    st.floats(min_value=0.1, max_value=100),
    st.lists(st.floats(min_value=0, max_value=5), min_size=2, max_size=60),
)
@settings(max_examples=60)
def test_no_second_has_more_requests_than_rate_and_burst_allow(rate: float, pauses: list[float]) -> None:
    """In any stretch of time there are at most as many as fit into it, and one burst; the order is kept."""
    pace, moment, starts = Pace(rate), 0.0, []
    for pause in pauses:
        moment += pause
        starts.append(moment + pace.wait(moment))

    assert all(before <= after for before, after in pairwise(starts))
    for first, begin in enumerate(starts):
        for last in range(first, len(starts)):
            assert last - first + 1 <= rate * (starts[last] - begin) + max(1.0, rate) + 1e-6


@given(st.floats(min_value=0.1, max_value=100), st.integers(min_value=1, max_value=50))
@settings(max_examples=30)
def test_nobody_waits_longer_than_the_rate_demands(rate: float, number: int) -> None:
    """The n-th of many that come at once waits for those that do not fit into the burst."""
    pace = Pace(rate)

    waits = [pace.wait(7.0) for _ in range(number)]

    assert waits[-1] == pytest.approx(max(0.0, (number - max(1.0, rate)) / rate), abs=1e-6)
    assert not pace.is_full(7.0)
    assert pace.is_full(7.0 + number / rate + 1e-6)


async def _ask(limits: HostLimits, host: str, log: list[float], at_least: Limits | None = None) -> None:
    with await limits.turn(host, "short", at_least):
        log.append(now())


def test_a_host_is_asked_twenty_times_a_second() -> None:
    """A hundred at once: twenty go now, the others one by one; a second host is not slowed by the first."""

    async def story() -> None:
        limits = HostLimits()
        first: list[float] = []
        second: list[float] = []
        await asyncio.gather(
            *(_ask(limits, "a", first) for _ in range(100)), *(_ask(limits, "b", second) for _ in range(20))
        )
        assert first[19] == 0
        assert first[-1] == pytest.approx(4.0)
        assert second[-1] == 0

    run_in_virtual_time(story())


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "::1"])
def test_this_machine_is_asked_as_fast_as_it_answers(host: str) -> None:
    """Limits that somebody sets hold here, too; only the usual ones do not."""

    async def story() -> None:
        free: list[float] = []
        limits = HostLimits()
        await asyncio.gather(*(_ask(limits, host, free) for _ in range(500)))
        assert free[-1] == 0

        bound: list[float] = []
        slow = HostLimits(Limits(requests_per_second=10))
        await asyncio.gather(*(_ask(slow, host, bound) for _ in range(20)))
        assert bound[-1] == pytest.approx(1.0)

    run_in_virtual_time(story())


def test_who_comes_first_is_served_first() -> None:
    """Nobody is overtaken, however long the queue."""

    async def story() -> None:
        limits = HostLimits(Limits(5, 1))
        served: list[int] = []

        async def one(number: int) -> None:
            with await limits.turn("a", "short"):
                served.append(number)
                await asyncio.sleep(0.1)

        await asyncio.gather(*(one(number) for number in range(40)))
        assert served == list(range(40))

    run_in_virtual_time(story())


async def _most_at_once(limits: HostLimits, lanes: list[Lane], at_least: Limits | None = None) -> int:
    running = most = 0

    async def one(lane: Lane) -> None:
        nonlocal running, most
        with await limits.turn("h", lane, at_least):
            running += 1
            most = max(most, running)
            await asyncio.sleep(1)
            running -= 1

    await asyncio.gather(*(one(lane) for lane in lanes))
    return most


@pytest.mark.parametrize(
    ("limits", "lanes", "want"),
    [
        (Limits(PLENTY), ["short"] * 20, 4),
        (Limits(PLENTY), ["download"] * 20, 2),
        (Limits(PLENTY), ["short", "download", "upload"] * 10, 8),
        (Limits(PLENTY, concurrency=1), ["short", "download", "upload"] * 3, 3),
        (Limits(PLENTY, concurrency=10), ["short", "download", "upload"] * 20, 20),
    ],
)
def test_a_host_gets_a_few_requests_at_a_time(limits: Limits, lanes: list[Lane], want: int) -> None:
    """Short ones, and half as many downloads and uploads on top."""
    assert run_in_virtual_time(_most_at_once(HostLimits(limits), lanes)) == want


def test_the_largest_limits_count_for_all() -> None:
    """A client that is allowed more widens the host for everybody; one that is allowed less does not
    narrow it.
    """

    async def story() -> None:
        limits = HostLimits(Limits(PLENTY))
        assert await _most_at_once(limits, ["short"] * 20) == 4
        assert await _most_at_once(limits, ["short"] * 20, Limits(PLENTY, concurrency=1)) == 4
        assert await _most_at_once(limits, ["short"] * 20, Limits(PLENTY, concurrency=7)) == 7
        assert await _most_at_once(limits, ["short"] * 20) == 7

    run_in_virtual_time(story())


def test_copies_on_one_host_do_not_wait_for_each_other_for_ever() -> None:
    """Each holds a download while it asks for an upload; the lanes keep that from locking up."""

    async def story() -> None:
        limits = HostLimits()

        async def copy() -> None:
            with await limits.turn("h", "download"), await limits.turn("h", "upload"):
                await asyncio.sleep(1)

        async with asyncio.timeout(60):
            await asyncio.gather(*(copy() for _ in range(20)))

    run_in_virtual_time(story())


def test_a_queue_has_an_end() -> None:
    """Whoever has no turn in five minutes is told so, and leaves no gap behind."""

    async def story() -> None:
        limits = HostLimits(Limits(concurrency=1))
        with await limits.turn("h", "short"):
            with pytest.raises(QueuedTooLong, match="so many requests to h wait"):
                await _ask(limits, "h", [])
            assert now() == LONGEST_QUEUE
        await _ask(limits, "h", [])

    run_in_virtual_time(story())


@pytest.mark.parametrize("rate", [PLENTY, 1.0])
def test_who_gives_up_while_waiting_takes_no_place(rate: float) -> None:
    """Cancelled in the queue or in its pause, a request leaves its place to the others."""

    async def story() -> None:
        limits = HostLimits(Limits(rate, concurrency=1))
        holder = asyncio.create_task(_hold(limits, 5))
        await asyncio.sleep(0.5)
        waiting = [asyncio.create_task(_ask(limits, "h", [])) for _ in range(3)]
        await asyncio.sleep(0.1)
        for task in waiting:
            task.cancel()
        await asyncio.gather(holder, *waiting, return_exceptions=True)
        log: list[float] = []
        async with asyncio.timeout(10):
            await _ask(limits, "h", log)
        assert log

    run_in_virtual_time(story())


async def _hold(limits: HostLimits, seconds: float) -> None:
    with await limits.turn("h", "short"):
        await asyncio.sleep(seconds)


def test_a_pause_has_an_end_too() -> None:
    """One request in ten minutes is so few that the second one gives up, and its place is free again."""

    async def story() -> None:
        limits = HostLimits(Limits(requests_per_second=1 / 600))
        await _ask(limits, "h", [])
        with pytest.raises(QueuedTooLong):
            await _ask(limits, "h", [])
        assert not limits._gates["h"].places("short").locked()
        assert limits._gates["h"].users == 0

    run_in_virtual_time(story())


@pytest.mark.parametrize(("rate", "concurrency"), [(0, 4), (-1, 4), (20, 0), (20, -1)])
def test_limits_let_something_through(rate: float, concurrency: int) -> None:
    """Nobody can close a host by a zero."""
    with pytest.raises(ValueError, match="let something through"):
        Limits(rate, concurrency)


def test_hosts_that_were_seen_once_are_forgotten() -> None:
    """A thousand of them leave little behind."""

    async def story() -> None:
        limits = HostLimits()
        for number in range(1000):
            await _ask(limits, f"h{number}", [])
            await asyncio.sleep(1)
        assert len(limits._gates) <= 256

    run_in_virtual_time(story())


def test_a_deadline_moves_by_what_does_not_count() -> None:
    """Time that somebody else takes is added to it."""

    async def story() -> None:
        deadline = Deadline(10)
        await asyncio.sleep(4)
        assert deadline.left == 6
        deadline.extend(4)
        assert deadline.left == 10

    run_in_virtual_time(story())
