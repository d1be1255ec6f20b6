"""The hand-over of news from another thread into the engine's loop."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from functools import partial
from threading import Lock
from typing import Final

import structlog

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.view import View

__all__ = ["BATCH", "Handover"]

BATCH: Final = 256
"""How many items one turn of the loop takes in at most, so that it never blocks for long."""

_log = structlog.get_logger(__name__)


class Handover:
    """An intake that may be called from any thread; what it is told arrives in order, and batched.

    Only the first item of a batch wakes the loop: at 10,000 events this is a few dozen wake-ups.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, intake: Intake) -> None:
        self._loop = loop
        self._intake = intake
        self._items: deque[Callable[[], None]] = deque()
        self._lock = Lock()
        self._awake = False
        self._closed = False

    def observe(self, view: View) -> None:
        """As `Intake.observe`, from another thread."""
        self._hand(partial(self._intake.observe, view))

    def forget(self, key: Key, uid: str, resource_version: int) -> None:
        """As `Intake.forget`, from another thread."""
        self._hand(partial(self._intake.forget, key, uid, resource_version))

    def close(self) -> None:
        """Take nothing in any more; what is under way is dropped, since a restart lists everything."""
        with self._lock:
            self._closed = True
            self._items.clear()

    def _hand(self, item: Callable[[], None]) -> None:
        with self._lock:
            if self._closed:
                return
            self._items.append(item)
            if self._awake:
                return
            # Inside the lock: were the loop closed in between, the flag would stay up for ever.
            self._loop.call_soon_threadsafe(self._take_in)
            self._awake = True

    def _take_in(self) -> None:
        for item in self._next_batch():
            try:
                item()
            except Exception:  # noqa: BLE001 - one item must not cost the others
                _log.exception("News not taken in")

    def _next_batch(self) -> list[Callable[[], None]]:
        with self._lock:
            batch = [self._items.popleft() for _ in range(min(BATCH, len(self._items)))]
            self._awake = bool(self._items)
            if self._awake:
                self._loop.call_soon(self._take_in)
        return batch
