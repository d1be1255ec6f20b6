"""A fence that tests can count at and close."""

from __future__ import annotations

from typing_extensions import override

from slipway.clock import SystemClock
from slipway.engine.fence import Fence

__all__ = ["CountingFence"]


class CountingFence(Fence):
    """An open fence, which closes by itself after so many questions."""

    def __init__(self, questions: int = 100) -> None:
        clock = SystemClock()
        super().__init__(clock, 45)
        self.extend(clock.monotonic())
        self.questions = questions
        self.asked: list[float] = []

    @override
    def ensure(self, timeout: float) -> None:
        """Note the question, and answer it."""
        self.asked.append(timeout)
        if len(self.asked) > self.questions:
            self.close("the Lease is held by b")
        super().ensure(timeout)
