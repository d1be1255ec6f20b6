from __future__ import annotations

import asyncio
import contextlib

from slipway.git.slots import Slots


async def _most_at_once(hosts: list[str]) -> int:
    """How many conversations with these hosts there are before one ends."""
    slots, going, over = Slots(), 0, asyncio.Event()

    async def converse(host: str) -> None:
        nonlocal going
        async with slots.slot(host):
            going += 1
            await over.wait()

    tasks = [asyncio.create_task(converse(host)) for host in hosts]
    for _ in range(10):
        await asyncio.sleep(0)
    most = going
    over.set()
    await asyncio.gather(*tasks)
    return most


async def test_one_host_gets_two_and_all_of_them_four() -> None:
    """So that a slow one leaves room for the others, even when it was asked for first."""
    assert await _most_at_once(["a"] * 5) == 2
    assert await _most_at_once([*"aaaaaa", "b"]) == 3
    assert await _most_at_once([*"abcdefg"]) == 4


async def test_a_slot_is_given_back_after_an_error() -> None:
    """And after a cancellation while it was waited for."""
    slots = Slots()
    for _ in range(5):
        with contextlib.suppress(ValueError):
            async with slots.slot("a"):
                raise ValueError
    async with slots.slot("a"), slots.slot("a"):
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(0), slots.slot("a"):
                pass

    async with asyncio.timeout(1), slots.slot("a"), slots.slot("a"):
        pass
