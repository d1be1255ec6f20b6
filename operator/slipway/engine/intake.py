"""The one door for news about objects: into the store, and into the queue whoever the news concerns."""

from __future__ import annotations

import sys
from collections.abc import Collection, Hashable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.engine.view import View

__all__ = ["Intake"]


@dataclass(slots=True)
class _Write:
    """A write of a child that is under way, in versions of the child."""

    writer: Key
    answered: int = 0
    """What the answer told; 0 as long as there is none."""
    heard: int = 0
    """The newest that the watch told meanwhile: the echo of this very write, or what somebody else wrote."""


class Intake:
    """Takes in what events, lists and answers to own writes show. Used from the engine's thread only.

    `kinds` are the names of the kinds that have a reconciler; keys of other kinds (children) are kept in the
    store, but only their owners and listeners are queued.
    """

    __slots__ = ("_kinds", "_queue", "_store", "_writes")

    def __init__(self, store: Store, queue: Queue, kinds: Collection[str]) -> None:
        self._store = store
        self._queue = queue
        self._kinds = frozenset(kinds)
        self._writes: dict[Key, _Write] = {}

    def observe(self, view: View, own: bool = False) -> None:
        """An object was seen; `own` says that the view is the answer to a write of ours.

        Queued are its key (unless the news is only that our own status write arrived), its owner (the old one
        too), and, when there is something to see, the listeners of its key and of its old and new topics.
        """
        known = self._store.get(view.key)
        silent = self._shows_own_write(view, known, own=own)
        news = self._store.put(view)
        if own or (news and silent):
            self._store.trust(view.key)
        if own:
            self._answered(view.key, view.resource_version)
        if not news:
            return
        if not silent:
            self.wake(view.key)
        self._wake_owners(view.key, view.resource_version, known, view)
        if known is None or _differs(known, view):
            self._wake_listeners(view.key, (*(known.topics if known else ()), *view.topics))

    def forget(self, key: Key, uid: str, resource_version: int, own: bool = False) -> None:
        """An object is gone for good; `own` says that we deleted it, at this version."""
        known = self._store.get(key)
        removed = self._store.remove(key, uid, resource_version)
        if own and self._store.get(key) is None:
            self._answered(key, sys.maxsize)
        if not removed or known is None:
            return
        self.wake(key)
        self._wake_owners(key, resource_version, known)
        self._wake_listeners(key, known.topics)

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
            if write.heard > write.answered:
                self.wake(writer)

    def wake(self, key: Key) -> None:
        """Queue a key, if its kind has a reconciler."""
        if key.kind in self._kinds:
            self._queue.add(key)

    def _shows_own_write(self, view: View, known: View | None, *, own: bool) -> bool:
        # An own write that creates an object or changes its wish is news for that object all the same.
        if own:
            return known is not None and known.uid == view.uid and known.wish == view.wish
        return self._store.is_echo(view)

    def _answered(self, child: Key, resource_version: int) -> None:
        if (write := self._writes.get(child)) is not None:
            write.answered = resource_version

    def _wake_owners(self, key: Key, resource_version: int, *views: View | None) -> None:
        write = self._writes.get(key)
        for view in views:
            if view is None or view.owner is None:
                continue
            if write is not None and view.owner == write.writer:
                write.heard = resource_version
            else:
                self.wake(view.owner)

    def _wake_listeners(self, key: Key, topics: Iterable[Hashable]) -> None:
        for subject in dict.fromkeys((key, *topics)):
            for listener in self._store.listeners(subject):
                if listener != key:
                    self.wake(listener)


def _differs(known: View, view: View) -> bool:
    """Whether a listener could see a difference; a new resourceVersion alone is none."""
    return (known.uid, known.generation, known.wish, known.status_hash, known.topics, known.listens) != (
        view.uid,
        view.generation,
        view.wish,
        view.status_hash,
        view.topics,
        view.listens,
    )
