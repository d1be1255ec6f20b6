from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from slipway.oci import scans as module
from slipway.oci.errors import RegistryFailing
from slipway.oci.scans import Scans
from tests.unit.engine.support import ManualClock, until


class Registry:
    """Counts what it is asked; answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()
        self.error: Exception | None = None

    async def ask(self) -> str:
        self.asked += 1
        await self.open.wait()
        if self.error is not None:
            raise self.error
        return f"answer {self.asked}"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


async def test_those_who_ask_together_get_one_answer(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    waiting = [asyncio.ensure_future(shared.get("a", clock.now(), registry.ask)) for _ in range(50)]
    await until(lambda: registry.asked > 0)
    registry.open.set()
    assert set(await asyncio.gather(*waiting)) == {"answer 1"}


async def test_who_is_content_with_an_older_answer_gets_it(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    registry.open.set()
    due = clock.now()
    await shared.get("a", due, registry.ask)
    clock.seconds += 30
    assert await shared.get("a", due, registry.ask) == "answer 1"
    assert await shared.get("a", due + timedelta(seconds=1), registry.ask) == "answer 2"


async def test_what_was_asked_too_early_does_not_count_although_it_is_still_under_way(
    clock: ManualClock,
) -> None:
    shared, registry = Scans[str](clock), Registry()
    early = asyncio.ensure_future(shared.get("a", clock.now(), registry.ask))
    await until(lambda: registry.asked == 1)
    clock.seconds += 1
    late = asyncio.ensure_future(shared.get("a", clock.now(), registry.ask))
    await until(lambda: registry.asked == 2)
    registry.open.set()
    await asyncio.gather(early, late)
    assert registry.asked == 2


async def test_a_moment_in_the_future_is_answered_now(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    registry.open.set()
    later = clock.now() + timedelta(hours=1)
    assert await shared.get("a", later, registry.ask) == "answer 1"
    assert await shared.get("a", later, registry.ask) == "answer 1"


async def test_after_the_clock_was_set_back_it_is_asked_anew(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    registry.open.set()
    clock.seconds = 3600
    await shared.get("a", clock.now(), registry.ask)
    clock.seconds = 0
    assert await shared.get("a", clock.now(), registry.ask) == "answer 2"


async def test_two_keys_share_nothing(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    registry.open.set()
    assert await shared.get(("host", "tenant a"), clock.now(), registry.ask) == "answer 1"
    assert await shared.get(("host", "tenant b"), clock.now(), registry.ask) == "answer 2"


async def test_an_error_is_shared_as_an_answer_is(clock: ManualClock) -> None:
    """Otherwise a thousand objects would ask a registry that fails a thousand times."""
    shared, registry = Scans[str](clock), Registry()
    registry.error = RegistryFailing("down")
    registry.open.set()
    due = clock.now()
    for _ in range(3):
        with pytest.raises(RegistryFailing, match="down"):
            await shared.get("a", due, registry.ask)
    assert registry.asked == 1


async def test_who_stops_waiting_takes_the_answer_from_nobody(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    first = asyncio.ensure_future(shared.get("a", clock.now(), registry.ask))
    second = asyncio.ensure_future(shared.get("a", clock.now(), registry.ask))
    await until(lambda: registry.asked == 1)
    first.cancel()
    registry.open.set()
    assert await second == "answer 1"
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_closing_gives_up_what_is_under_way(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    waiting = asyncio.ensure_future(shared.get("a", clock.now(), registry.ask))
    await until(lambda: registry.asked == 1)
    await shared.aclose()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert len(shared) == 0


async def test_the_oldest_answers_go_when_there_is_too_much(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 100)
    shared = Scans[str](clock, weigh=len)

    async def answer() -> str:
        return "x" * 39

    for key in range(5):
        await shared.get(key, clock.now(), answer)
        await asyncio.sleep(0)
    assert len(shared) == 2


async def test_an_answer_too_large_to_keep_beside_others_is_still_given_and_shared(
    clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_LARGEST", 100)
    shared, asked = Scans[str](clock, weigh=len), []

    async def answer() -> str:
        asked.append(1)
        return "x" * 1000

    for _ in range(3):
        assert len(await shared.get("a", clock.now(), answer)) == 1000
        await asyncio.sleep(0)
    assert len(asked) == 1


async def test_old_answers_go_when_others_come(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock), Registry()
    registry.open.set()
    for key in range(5):
        await shared.get(key, clock.now(), registry.ask)
    clock.seconds += 16 * 60
    await shared.get("new", clock.now(), registry.ask)
    await asyncio.sleep(0)
    assert len(shared) == 1


async def test_an_answer_that_is_not_kept_serves_those_alone_who_wait_for_it(clock: ManualClock) -> None:
    shared, registry = Scans[str](clock, keeps=lambda one: not isinstance(one, BaseException)), Registry()
    registry.error = RegistryFailing("503")
    waiting = [asyncio.ensure_future(shared.get("a", clock.now(), registry.ask)) for _ in range(3)]
    await until(lambda: registry.asked > 0)
    registry.open.set()
    found = await asyncio.gather(*waiting, return_exceptions=True)
    assert (registry.asked, [type(one) for one in found]) == (1, [RegistryFailing] * 3)

    registry.error = None
    assert await shared.get("a", clock.now(), registry.ask) == "answer 2"
    assert len(shared) == 1
