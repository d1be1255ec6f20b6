"""Images whose position in the graph is another now: they are looked at together, a moment later.

A thousand images that are enrolled in one go change the number of those that stand on their base a thousand
times; its status tells of that once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterator
from typing import Final

from slipway.engine.key import Key

__all__ = ["News"]

_GATHER: Final = 2.0
"""Seconds from the first news to the look."""


class News:
    """Hears that there is news, and wakes whom it concerns.

    Args:
        find: tells whom all the news since it was asked last concerns; between two portions others have
            their turn.
        wake: queues a key.
        seconds: from the first news to the look.
    """

    def __init__(
        self,
        find: Callable[[], Iterator[Collection[Key]]],
        wake: Callable[[Key], None],
        seconds: float = _GATHER,
    ) -> None:
        self._find = find
        self._wake = wake
        self._seconds = seconds
        self._is_coming = False

    def hear(self) -> None:
        """There is news. Call it in the event loop."""
        if not self._is_coming:
            self._is_coming = True
            asyncio.get_running_loop().call_later(self._seconds, self._tell)

    def _tell(self) -> None:
        self._is_coming = False
        self._go_on(self._find())

    def _go_on(self, found: Iterator[Collection[Key]]) -> None:
        portion = next(found, None)
        if portion is None:
            return
        for key in sorted(portion):
            self._wake(key)
        asyncio.get_running_loop().call_soon(self._go_on, found)
