"""The one door for news about objects: into the store, and into the queue whoever the news concerns."""

from __future__ import annotations

from collections.abc import Collection, Hashable, Iterable

from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.engine.view import View

__all__ = ["Intake"]


class Intake:
    """Takes in what events, lists and answers to own writes show. Used from the engine's thread only.

    `kinds` are the names of the kinds that have a reconciler; keys of other kinds (children) are kept in the
    store, but only their owners and listeners are queued.
    """

    __slots__ = ("_kinds", "_queue", "_store")

    def __init__(self, store: Store, queue: Queue, kinds: Collection[str]) -> None:
        self._store = store
        self._queue = queue
        self._kinds = frozenset(kinds)

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
        if not news:
            return
        if not silent:
            self.wake(view.key)
        self._wake_owners(known, view)
        if known is None or _differs(known, view):
            self._wake_listeners(view.key, (*(known.topics if known else ()), *view.topics))

    def forget(self, key: Key, uid: str, resource_version: int) -> None:
        """An object is gone for good."""
        known = self._store.get(key)
        if not self._store.remove(key, uid, resource_version) or known is None:
            return
        self.wake(key)
        self._wake_owners(known)
        self._wake_listeners(key, known.topics)

    def wake(self, key: Key) -> None:
        """Queue a key, if its kind has a reconciler."""
        if key.kind in self._kinds:
            self._queue.add(key)

    def _shows_own_write(self, view: View, known: View | None, *, own: bool) -> bool:
        # An own write that creates an object or changes its wish is news for that object all the same.
        if own:
            return known is not None and known.uid == view.uid and known.wish == view.wish
        return self._store.is_echo(view)

    def _wake_owners(self, *views: View | None) -> None:
        for view in views:
            if view is not None and view.owner is not None:
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
