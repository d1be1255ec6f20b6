"""Carries the questions of an examination to where they are answered."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from slipway.kinds.warehouse.examination import advance
from slipway.kinds.warehouse.questions import Answer, Question
from slipway.kinds.warehouse.verdicts import Examined
from slipway.kinds.warehouse.walk import Examination

__all__ = ["drive"]

_MANY: Final = 500
"""From here on choosing takes milliseconds, and is done in a thread so that other objects go on."""


async def drive(
    examination: Examination, size: int, answer: Callable[[Question], Awaitable[Answer]]
) -> Examined:
    """What an examination comes to.

    Args:
        examination: not begun yet.
        size: how many tags it is about.
        answer: finds out what it wants to know.
    """
    step = await _advance(examination, None, size)
    while not isinstance(step, Examined):
        step = await _advance(examination, await answer(step), size)
    return step


async def _advance(examination: Examination, answer: Answer | None, size: int) -> Question | Examined:
    if size < _MANY:
        return advance(examination, answer)
    return await asyncio.to_thread(advance, examination, answer)
