"""How long a key waits after a failure: exponential, with full jitter, per key."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Final

from slipway.engine.key import Key

__all__ = ["LONGEST", "SHORTEST", "Backoff"]

SHORTEST: Final = 1.0
"""Seconds that any failure waits at least."""

LONGEST: Final = 300.0
"""Seconds that no failure waits longer than."""


class Backoff:
    """Delays between 1 s and a ceiling that doubles with each failure of a key, up to 5 min.

    Full jitter (https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/): each delay is
    drawn from the whole range, so that keys which failed together do not come back together.
    """

    __slots__ = ("_failures", "_uniform")

    def __init__(self, uniform: Callable[[float, float], float] = random.uniform) -> None:
        self._uniform = uniform
        self._failures: dict[Key, tuple[int, bytes]] = {}

    def next(self, key: Key, wish: bytes = b"") -> float:
        """Seconds until the next try after one more failure; another wish than last time starts anew."""
        failures, last_wish = self._failures.get(key, (0, wish))
        failures = failures + 1 if last_wish == wish else 1
        self._failures[key] = (failures, wish)
        # The exponent is bounded, for 2.0 ** 1024 is no float any more.
        return self._uniform(SHORTEST, min(LONGEST, SHORTEST * 2.0 ** min(failures, 16)))

    def failures(self, key: Key) -> int:
        """How often a key failed in a row."""
        return self._failures.get(key, (0, b""))[0]

    def reset(self, key: Key) -> None:
        """The key succeeded, or is gone."""
        self._failures.pop(key, None)
