"""Who has lately seen which digest where; only they are given the content that the cache has of it."""

from __future__ import annotations

from collections import OrderedDict
from typing import NamedTuple

from slipway.clock import Clock
from slipway.oci.cache.limits import AUTHORITY_SECONDS

__all__ = ["Authority", "Sight"]


class Sight(NamedTuple):
    """A digest in a repository, as one credential saw it."""

    host: str
    repository: str
    digest: str
    credential_id: str


class Authority:
    """Sights of the last five minutes; bounded, and in memory alone: credential ids mean nothing elsewhere.

    Args:
        clock: measures how old they are.
        limit: how many are remembered; the oldest go first.
    """

    __slots__ = ("_clock", "_limit", "_sights")

    def __init__(self, clock: Clock, limit: int) -> None:
        self._clock = clock
        self._limit = limit
        self._sights: OrderedDict[Sight, float] = OrderedDict()

    def __len__(self) -> int:
        return len(self._sights)

    def grant(self, sight: Sight) -> None:
        """The registry has just shown it."""
        now = self._clock.monotonic()
        self._sights[sight] = now
        self._sights.move_to_end(sight)  # so that the oldest always stand in front
        while len(self._sights) > self._limit or self._oldest() <= now - AUTHORITY_SECONDS:
            self._sights.popitem(last=False)

    def holds(self, sight: Sight) -> bool:
        """Whether the registry has shown it within five minutes."""
        seen = self._sights.get(sight)
        return seen is not None and self._clock.monotonic() - seen < AUTHORITY_SECONDS

    def revoke(self, credential_id: str) -> None:
        """Forget what this credential saw."""
        for sight in [sight for sight in self._sights if sight.credential_id == credential_id]:
            del self._sights[sight]

    def clear(self) -> None:
        """Forget everything."""
        self._sights.clear()

    def _oldest(self) -> float:
        return next(iter(self._sights.values()))
