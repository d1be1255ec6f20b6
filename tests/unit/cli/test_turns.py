from __future__ import annotations

import asyncio

from slipway.cli.turns import in_turns


async def test_answers_come_in_the_order_of_the_questions_a_few_at_a_time() -> None:
    """Later ones may be answered first, and never are more than eight asked at once."""
    running = most = 0

    async def ask(number: int) -> int:
        nonlocal running, most
        running += 1
        most = max(most, running)
        for _ in range(40 - number):
            await asyncio.sleep(0)
        running -= 1
        return number * number

    assert await in_turns(ask, range(40)) == [number * number for number in range(40)]
    assert most == 8


async def test_no_question_has_no_answer() -> None:
    """A registry may be empty."""

    async def ask(_: object) -> object:
        raise AssertionError

    assert await in_turns(ask, ()) == []
