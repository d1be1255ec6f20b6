"""Values of images that were used lately, at hand in memory: to ask the thread costs five times as much."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from slipway.clock import Clock

__all__ = ["REREAD_SECONDS", "RecentImages"]

REREAD_SECONDS: Final = 3600.0
"""How long a value is at hand; then it is read again, so that the file learns that it is still used."""

_OVERHEAD: Final = 300
"""Bytes that one value takes up besides its own."""


class _Value(NamedTuple):
    body: bytes
    read: float


class RecentImages:
    """Values by digest, bounded in bytes; the longest unused go first.

    Args:
        clock: measures how long they are at hand.
        max_bytes: of all values together.
    """

    __slots__ = ("_bytes", "_clock", "_max_bytes", "_values")

    def __init__(self, clock: Clock, max_bytes: int) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._bytes = 0
        self._values: OrderedDict[str, _Value] = OrderedDict()

    def __len__(self) -> int:
        return len(self._values)

    def put(self, digest: str, body: bytes) -> None:
        """Have a value at hand that was just written or read."""
        self._drop(digest)
        self._values[digest] = _Value(body, self._clock.monotonic())
        self._bytes += len(body) + _OVERHEAD
        while self._bytes > self._max_bytes:
            self._drop(next(iter(self._values)))

    def get(self, digest: str) -> bytes | None:
        """The value of a digest."""
        value = self._values.get(digest)
        if value is None:
            return None
        if self._clock.monotonic() - value.read >= REREAD_SECONDS:
            self._drop(digest)
            return None
        self._values.move_to_end(digest)
        return value.body

    def _drop(self, digest: str) -> None:
        value = self._values.pop(digest, None)
        if value is not None:
            self._bytes -= len(value.body) + _OVERHEAD
