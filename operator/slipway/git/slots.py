"""How many programs talk to git hosts at a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final
from weakref import WeakValueDictionary

__all__ = ["Slots"]


class Slots:
    """At most 4 conversations at a time, and 2 with one host: a slow host leaves room for the others."""

    TOTAL: Final = 4
    PER_HOST: Final = 2

    def __init__(self) -> None:
        self._total = asyncio.Semaphore(self.TOTAL)
        # Weak: it lives while somebody holds or awaits it, so that hosts seen once leave nothing behind.
        self._hosts: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def slot(self, host: str) -> AsyncIterator[None]:
        """Waits for a free slot and holds it."""
        own = self._hosts.get(host)
        if own is None:
            own = self._hosts[host] = asyncio.Semaphore(self.PER_HOST)
        # The host's own first: who waits for a slow host must not hold one of the four meanwhile.
        async with own, self._total:
            yield
