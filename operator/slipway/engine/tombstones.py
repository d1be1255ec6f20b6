"""The memory of removed objects: a late view of one must not bring it back."""

from __future__ import annotations

from collections import OrderedDict
from typing import Final, NamedTuple

from slipway.clock import Clock
from slipway.engine.key import Key
from slipway.engine.view import View

__all__ = ["TOMBSTONE_LIMIT", "TOMBSTONE_SECONDS", "Tombstones"]

TOMBSTONE_SECONDS: Final = 300.0
"""How long a removal is remembered: longer than any paged list that may still show the object."""

TOMBSTONE_LIMIT: Final = 10_000
"""How many removals are remembered at most; the oldest go first."""


class _Tombstone(NamedTuple):
    resource_version: int
    expires: float


class Tombstones:
    """The version of each key's last removal, for a while; bounded in time and in number.

    The version of a removal is greater than that of every view the object ever had, so that it alone decides.
    The UID must not: a child that loses the label it is watched by counts as removed, and lives again under
    the same UID when the label comes back.
    """

    __slots__ = ("_clock", "_stones")

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._stones: OrderedDict[Key, _Tombstone] = OrderedDict()

    def __len__(self) -> int:
        return len(self._stones)

    def bury(self, key: Key, resource_version: int) -> None:
        """Remember that the object was gone at this version."""
        now = self._clock.monotonic()
        before = self._stones.get(key)
        version = resource_version
        if before is not None and before.expires > now:
            version = max(version, before.resource_version)
        self._stones[key] = _Tombstone(version, now + TOMBSTONE_SECONDS)
        self._stones.move_to_end(key)  # so that the oldest always stand in front
        while len(self._stones) > TOMBSTONE_LIMIT or self._first().expires <= now:
            self._stones.popitem(last=False)

    def cover(self, view: View) -> bool:
        """Whether a view is older than the removal of its key."""
        stone = self._stones.get(view.key)
        if stone is None or stone.expires <= self._clock.monotonic():
            return False
        return view.resource_version <= stone.resource_version

    def lift(self, key: Key) -> None:
        """Forget the tombstone of a key that lives again."""
        self._stones.pop(key, None)

    def void(self, kind: str) -> None:
        """Forget all tombstones of a kind: a restored etcd brings the dead back."""
        for key in [key for key in self._stones if key.kind == kind]:
            del self._stones[key]

    def _first(self) -> _Tombstone:
        return next(iter(self._stones.values()))
