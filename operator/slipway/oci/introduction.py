"""The first request to a registry goes ahead of all others: what it teaches, they need not find out again."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

__all__ = ["Introduction"]


class Introduction:
    """Lets one go first, once; however that ends, all others go then.

    So a registry that does not answer is waited for once, and not by one after the other.
    """

    __slots__ = ("_begun", "_over")

    def __init__(self) -> None:
        self._begun = False
        self._over = asyncio.Event()

    async def turn(self) -> contextlib.AbstractContextManager[object]:
        """Comes at once for the first, and for the others when its block has been left."""
        if self._begun:
            await self._over.wait()
            return contextlib.nullcontext()
        self._begun = True
        return self._first()

    @contextlib.contextmanager
    def _first(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._over.set()
