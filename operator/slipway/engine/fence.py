"""The fence: nothing is changed anywhere unless the Lease is surely ours until the change has ended.

::

    renewal sent      ensure(timeout) passes      refused from here      may be another's from here
    ─────┼───────────────────────────────────────────────┼─────── timeout ───────┼──────────▶
         └────────────────────────── duration ───────────────────────────────────┘

No fence of a client is perfect: a process that is frozen between the check and the send, and goes on after
the Lease has ended, still sends. What it sends then meets the preconditions that every write carries.
"""

from __future__ import annotations

from typing import Final

from slipway.clock import Clock
from slipway.engine.lease import LeaseLost

__all__ = ["LONGEST_EFFECT", "Fence"]

LONGEST_EFFECT: Final = 2 / 3
"""Share of the Lease's duration that one request may take at most that changes something.

A request may only begin when more than this is left. The rest is what renewals may be late before requests
are refused: with the default of 45 s a request has 30 s, as much as any other, and renewals 15 s.
"""


class Fence:
    """Knows until when the Lease is surely ours, by the monotonic clock of this machine alone.

    It begins closed, `extend` opens it for a while, and `close` closes it for good. Used from one event loop
    only.
    """

    __slots__ = ("_clock", "_closed_because", "_until", "duration")

    def __init__(self, clock: Clock, duration: float) -> None:
        """A fence for a Lease that ends `duration` seconds after it was renewed last."""
        self._clock = clock
        self._until: float | None = None
        self._closed_because = ""
        self.duration = duration
        """Seconds."""

    @property
    def longest_effect(self) -> float:
        """Seconds that one request may take at most that changes something."""
        return self.duration * LONGEST_EFFECT

    @property
    def left(self) -> float:
        """Seconds for which the Lease is surely ours; 0 or less when it is not."""
        if self._until is None or self._closed_because:
            return 0.0
        return self._until - self._clock.monotonic()

    def extend(self, sent: float) -> None:
        """The Lease was renewed by a request that was sent no earlier than at this monotonic moment.

        Not the moment of its answer: others count from when the API server stored it, which may be long
        before the answer came.
        """
        self._until = max(sent + self.duration, self._until or sent)

    def close(self, because: str) -> None:
        """Refuse everything from now on; the first reason is the one that is told."""
        self._closed_because = self._closed_because or because

    def ensure(self, timeout: float) -> None:
        """Make sure that a request which takes at most `timeout` seconds ends before the Lease does.

        Raises:
            LeaseLost: when it is not sure. Nothing may be sent then.
        """
        left = self.left
        if left <= timeout:
            raise LeaseLost(self._closed_because or self._too_late(left, timeout))

    def _too_late(self, left: float, timeout: float) -> str:
        if self._until is None:
            return "the Lease was never ours"
        since = self.duration - left
        return f"the Lease was renewed {since:.0f} s ago, which is too long for a request of {timeout:g} s"
