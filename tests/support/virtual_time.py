"""An event loop whose clock jumps to the next thing that is due, so that hours pass in no time."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Coroutine
from typing import Any, TypeVar

from typing_extensions import override

__all__ = ["run_in_virtual_time"]

_R = TypeVar("_R")


class _Selector(selectors.DefaultSelector):
    """Does not wait, but says how long it would have."""

    def __init__(self) -> None:
        super().__init__()
        self.waited = 0.0

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.waited += timeout or 0.0
        ready: list[tuple[selectors.SelectorKey, int]] = super().select(0)
        return ready


class _Loop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _Selector()
        super().__init__(self._virtual)

    @override
    def time(self) -> float:
        return self._virtual.waited


def run_in_virtual_time(story: Coroutine[Any, Any, _R]) -> _R:
    """Runs it; it may sleep as long as it likes, but must not wait for threads or for other processes."""
    with asyncio.Runner(loop_factory=_Loop) as runner:
        return runner.run(story)
