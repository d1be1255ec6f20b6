from __future__ import annotations

import asyncio

import pytest

from slipway.oci.introduction import Introduction


class FirstError(Exception):
    pass


async def _enter(introduction: Introduction, entered: list[int], number: int) -> None:
    with await introduction.turn():
        entered.append(number)


async def test_the_others_wait_for_the_first_and_then_go_together() -> None:
    """Nobody waits for the second."""
    introduction, entered = Introduction(), list[int]()
    with await introduction.turn():
        others = [asyncio.create_task(_enter(introduction, entered, number)) for number in range(3)]
        await asyncio.sleep(0)
        assert entered == []
    with await introduction.turn():
        await asyncio.gather(*others)
    assert entered == [0, 1, 2]


async def test_when_the_first_fails_the_others_go() -> None:
    """They do not take turns at failing."""
    introduction, entered = Introduction(), list[int]()
    with pytest.raises(FirstError), await introduction.turn():
        raise FirstError
    with await introduction.turn():
        await _enter(introduction, entered, 1)
    assert entered == [1]


async def test_when_the_first_is_cancelled_the_others_go() -> None:
    """Whoever asked may have gone."""
    introduction, entered = Introduction(), list[int]()

    async def hang() -> None:
        with await introduction.turn():
            await asyncio.Event().wait()

    first = asyncio.create_task(hang())
    await asyncio.sleep(0)
    other = asyncio.create_task(_enter(introduction, entered, 1))
    first.cancel()
    await asyncio.gather(first, other, return_exceptions=True)
    assert entered == [1]
