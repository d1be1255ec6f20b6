"""The one door for news about objects: into the store, and into the queue whoever the news concerns."""

from __future__ import annotations

import sys
from collections.abc import Collection, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.schedule import Schedule
from slipway.engine.store import Store
from slipway.engine.view import Urgency, View

__all__ = ["Intake"]

_SOON: Final = 2.0
"""Seconds in which changes of a child are gathered that need not be looked at one by one."""


@dataclass(slots=True)
class _Write:
    """A write of a child that is under way."""

    writer: Key
    answered: int = 0
    """The version that the answer told; 0 as long as there is none."""
    answer: View | None = None
    """What it told; None where the child is gone."""
    heard: int = 0
    """The newest version that the watch told meanwhile: the echo of this very write, or what somebody else
    wrote."""
    news: View | None = None
    """What that was; None where the child was gone."""

    @property
    def urgency(self) -> Urgency:
        """How soon the writer has to look at what was heard beside its own write."""
        if self.heard <= self.answered:
            return Urgency.NONE
        return Urgency.AT_ONCE if self.news is None else _urgency(self.answer, self.news)


class Intake:
    """Takes in what events, lists and answers to own writes show. Used from the engine's thread only.

    `kinds` are the names of the kinds that have a reconciler; keys of other kinds (children) are kept in the
    store, but only their owners and listeners are queued. Without a schedule nothing is put off.
    """

    __slots__ = ("_kinds", "_queue", "_schedule", "_store", "_writes")

    def __init__(
        self, store: Store, queue: Queue, kinds: Collection[str], schedule: Schedule | None = None
    ) -> None:
        self._store = store
        self._queue = queue
        self._schedule = schedule
        self._kinds = frozenset(kinds)
        self._writes: dict[Key, _Write] = {}

    def observe(self, view: View, own: bool = False) -> None:
        """An object was seen; `own` says that the view is the answer to a write of ours.

        Queued are its key (unless the news is only that our own status write arrived), its owner (the old one
        too), and, when there is something to see, the listeners of its key and of its old and new topics.
        Where only its topics are others, those who listen to one that came or went are.
        """
        known = self._store.get(view.key)
        silent = self._shows_own_write(view, known, own=own)
        news = self._store.put(view)
        if own or (news and silent):
            self._store.trust(view.key)
        if own:
            self._answered(view.key, view.resource_version, view)
        if not news:
            return
        if not silent:
            self.wake(view.key)
        if (urgency := _urgency(known, view)) is not Urgency.NONE:
            self._wake_owners(urgency, view.key, view.resource_version, known, view, told=view)
        if known is None or _differs(known, view):
            self._wake_listeners(view.key, view.key, *(known.topics if known else ()), *view.topics)
        elif known.topics != view.topics:
            self._wake_listeners(view.key, *set(known.topics).symmetric_difference(view.topics))

    def forget(self, key: Key, uid: str, resource_version: int, own: bool = False) -> None:
        """An object is gone for good; `own` says that we deleted it, at this version."""
        known = self._store.get(key)
        removed = self._store.remove(key, uid, resource_version)
        if own and self._store.get(key) is None:
            self._answered(key, sys.maxsize)
        if not removed or known is None:
            return
        self.wake(key)
        self._wake_owners(Urgency.AT_ONCE, key, resource_version, known)
        self._wake_listeners(key, key, *known.topics)

    def knows(self, key: Key) -> bool:
        """Whether there is such an object, as far as was heard."""
        return self._store.get(key) is not None

    @contextmanager
    def writing(self, child: Key, writer: Key) -> Iterator[None]:
        """The run of `writer` writes this child; its answer is taken in as `own` before the block ends.

        The writer is not queued for what its own run wrote, though the echo may come before the answer: what
        is heard meanwhile is kept back, and at the end it counts only if the answer did not tell it.
        """
        write = self._writes[child] = _Write(writer)
        try:
            yield
        finally:
            self._writes.pop(child, None)
            self._wake_in(write.urgency, writer)

    def wake(self, key: Key) -> None:
        """Queue a key, if its kind has a reconciler."""
        if key.kind in self._kinds:
            self._queue.add(key)

    def _shows_own_write(self, view: View, known: View | None, *, own: bool) -> bool:
        # An own write that creates an object or changes its wish is news for that object all the same.
        if own:
            return known is not None and known.uid == view.uid and known.wish == view.wish
        return self._store.is_echo(view)

    def _answered(self, child: Key, resource_version: int, answer: View | None = None) -> None:
        if (write := self._writes.get(child)) is not None:
            write.answered, write.answer = resource_version, answer

    def _wake_owners(
        self,
        urgency: Urgency,
        key: Key,
        resource_version: int,
        *views: View | None,
        told: View | None = None,
    ) -> None:
        write = self._writes.get(key)
        for view in views:
            if view is None or view.owner is None:
                continue
            if write is not None and view.owner == write.writer:
                write.heard, write.news = resource_version, told
            else:
                self._wake_in(urgency, view.owner)

    def _wake_in(self, urgency: Urgency, key: Key) -> None:
        if urgency is Urgency.SOON and self._schedule is not None:
            if key.kind in self._kinds:
                self._schedule.within(key, _SOON)
        elif urgency is not Urgency.NONE:
            self.wake(key)

    def _wake_listeners(self, key: Key, *subjects: Hashable) -> None:
        for subject in dict.fromkeys(subjects):
            for listener in self._store.listeners(subject):
                if listener != key:
                    self.wake(listener)


def _urgency(known: View | None, view: View) -> Urgency:
    """How soon the owners of a child, the old one too, have to look."""
    if known is None or (known.uid, known.generation, known.owner) != (view.uid, view.generation, view.owner):
        return Urgency.AT_ONCE
    return view.concerns_owner(known)


def _differs(known: View, view: View) -> bool:
    """Whether any listener could see a difference; a new resourceVersion alone is none.

    A topic that comes or goes concerns who listens to it, and nobody else.
    """
    return (known.uid, known.generation, known.wish, known.listens) != (
        view.uid,
        view.generation,
        view.wish,
        view.listens,
    ) or view.concerns_listeners(known)
