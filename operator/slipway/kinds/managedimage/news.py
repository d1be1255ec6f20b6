"""Images whose position in the graph is another now: they are looked at together, a moment later.

A thousand images that are enrolled in one go change the number of those that stand on their base a thousand
times; its status tells of that once.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from typing import Final

from slipway.engine.key import Key

__all__ = ["News"]

_GATHER: Final = 2.0
"""Seconds from the first news to the look."""


class News:
    """Gathers keys, and wakes them.

    Args:
        wake: queues a key.
        seconds: from the first news to the look.
    """

    def __init__(self, wake: Callable[[Key], None], seconds: float = _GATHER) -> None:
        self._wake = wake
        self._seconds = seconds
        self._gathered: set[Key] = set()

    def add(self, keys: Iterable[Key]) -> None:
        """These are to be looked at. Call it in the event loop."""
        if not self._gathered:
            asyncio.get_running_loop().call_later(self._seconds, self._tell)
        self._gathered.update(keys)

    def _tell(self) -> None:
        gathered, self._gathered = self._gathered, set()
        for key in sorted(gathered):
            self._wake(key)
