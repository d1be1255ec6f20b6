"""The time that a request may take, with everything that is done to have it answered."""

from __future__ import annotations

import asyncio

__all__ = ["Deadline", "now"]


def now() -> float:
    """The event loop's clock, in seconds."""
    return asyncio.get_running_loop().time()


class Deadline:
    """When an exchange has to be over: its redirects share it, and so do its repeats.

    It does not run while a request waits for its turn. So a thousand that are due at once are sent one after
    the other, and none of them times out by waiting for the others alone.
    """

    __slots__ = ("_outer", "at")

    def __init__(self, seconds: float, outer: Deadline | None = None) -> None:
        self._outer = outer
        self.at = now() + seconds
        """In seconds of the event loop's clock."""

    @property
    def left(self) -> float:
        """Seconds; 0 or less when it is over."""
        return self.at - now()

    def extend(self, seconds: float) -> None:
        """Moves it, for time that the other side is not to blame for."""
        self.at += seconds
        if self._outer is not None:
            self._outer.extend(seconds)
