"""Turns of builds, in step with the store: what stands in a status has its turn until its end stands there.

The store takes in the answer to a status write before the write returns. So a turn is free for others from
the moment on at which the end of its build is written, and never before: should that write be refused, the
build goes on, with its turn. For the same reason nothing has to be learnt anew after a start, after a Lease
that was lost for a while, or after a restore of etcd: whatever the store learns, is learnt here.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from slipway.build.turns.order import Priority
from slipway.build.turns.turns import Queued, Turns
from slipway.engine.key import Key
from slipway.engine.view import View
from slipway.kinds.context import Context
from slipway.kinds.managedimage.view import KIND, ManagedImageView

__all__ = ["TurnKeeper"]


class TurnKeeper:
    """Knows whose turn it is among all images of the cluster; one for a process."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._turns = Turns(context.settings.builds)
        self._idle: set[Key] = set()
        """Whose attempt is written down, and surely nobody works on it."""
        for view in context.store.of_kind(KIND):
            self._changed(None, view)
        context.store.follow(KIND, self._changed)

    def holds(self, key: Key) -> bool:
        """Whether the image has a turn."""
        return self._turns.holds(key)

    def ask(self, key: Key, priority: Priority, since: datetime) -> bool:
        """Whether it is the turn of this image now; else it waits, and is woken when it is.

        Args:
            key: the image.
            priority: how urgent its build is.
            since: since when it has been ready but for a turn.
        """
        answer = self._turns.ask(key, priority, since, self._now())
        if isinstance(answer, Queued):
            self._wake(answer.first)
            return False
        self._idle.discard(key)
        return True

    def under_way(self, key: Key) -> None:
        """Somebody works on a build of this image, or may."""
        self._idle.discard(key)
        self._turns.occupy(key)

    def give_back(self, key: Key) -> None:
        """Surely nobody works on the attempt that is written down: it asks again before it is tried again."""
        self._idle.add(key)
        self._wake(self._turns.release(key, self._now()))

    def release(self, key: Key) -> None:
        """The image has no build under way, and waits for none."""
        self._idle.discard(key)
        self._wake(self._turns.release(key, self._now()))

    def stand_back(self, key: Key) -> None:
        """A run broke off before it came to ask for its turn: others must not wait behind it."""
        self._wake(self._turns.stand_back(key, self._now()))

    def _changed(self, old: View | None, new: View | None) -> None:
        before, now = _building(old), _building(new)
        if now is not None and now not in self._idle:
            self._turns.occupy(now)
        elif now is None and (gone := before or _removed(old, new)) is not None:
            self.release(gone)

    def _wake(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._context.children.wake(key)

    def _now(self) -> datetime:
        return self._context.clock.now()


def _building(view: View | None) -> Key | None:
    """The key of an image whose status tells of a build from source under way."""
    return view.key if isinstance(view, ManagedImageView) and view.building else None


def _removed(old: View | None, new: View | None) -> Key | None:
    """The key of an image that is gone."""
    return old.key if old is not None and new is None else None
