"""Many questions to one registry, a few at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Final, TypeVar

__all__ = ["in_turns"]

Item = TypeVar("Item")
Result = TypeVar("Result")

_AT_ONCE: Final = 8


async def in_turns(ask: Callable[[Item], Awaitable[Result]], items: Iterable[Item]) -> list[Result]:
    """The answers, in the order of the items.

    Whoever waits too long for a turn at the host is refused, so they do not all wait there.
    """
    turns = asyncio.Semaphore(_AT_ONCE)

    async def one(item: Item) -> Result:
        async with turns:
            return await ask(item)

    return await asyncio.gather(*map(one, items))
