"""The store: the newest view of every watched object, with maps to find who provides and who listens.

Rules, in the order they are asked by `put`:

1. What is older than the removal of its key is never news (tombstones, bounded in time and number).
2. An object that is distrusted since a restore of etcd takes any version.
3. Otherwise only a greater resourceVersion is news, whether the UID is the known one or a new one.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import TypeAlias

from slipway.clock import Clock, SystemClock
from slipway.engine.key import Key
from slipway.engine.tombstones import Tombstones
from slipway.engine.view import View

__all__ = ["Follower", "Store"]

Follower: TypeAlias = Callable[[View | None, View | None], None]
"""Told of each change of a kind: the view before and the view now, None where there is none."""


class Store:
    """Views by key, and the secondary maps in step with them. Used from one thread only.

    Other threads may ask `get` and `is_writing`, which are one look-up each.
    """

    __slots__ = (
        "_announced",
        "_followers",
        "_highest",
        "_kinds",
        "_listeners",
        "_providers",
        "_suspects",
        "_tombstones",
    )

    def __init__(self, clock: Clock | None = None) -> None:
        self._kinds: dict[str, dict[Key, View]] = {}
        self._providers: dict[Hashable, set[Key]] = {}
        self._listeners: dict[Hashable, set[Key]] = {}
        self._tombstones = Tombstones(clock or SystemClock())
        self._followers: dict[str, list[Follower]] = {}
        self._highest: dict[str, int] = {}
        self._suspects: set[Key] = set()
        self._announced: dict[Key, bytes | None] = {}

    def __len__(self) -> int:
        return sum(len(views) for views in self._kinds.values())

    # --- look-ups

    def get(self, key: Key) -> View | None:
        """The newest view known of an object."""
        return self._kinds.get(key.kind, {}).get(key)

    def of_kind(self, kind: str) -> tuple[View, ...]:
        """All views of a kind, as they are now: later changes do not disturb who walks over them."""
        return tuple(self._kinds.get(kind, {}).values())

    def providers(self, topic: Hashable) -> frozenset[Key]:
        """The keys of the objects that have this topic."""
        return frozenset(self._providers.get(topic, ()))

    def listeners(self, topic: Hashable) -> frozenset[Key]:
        """The keys of the objects that listen to this key or topic."""
        return frozenset(self._listeners.get(topic, ()))

    # --- changes

    def follow(self, kind: str, follower: Follower) -> None:
        """Tell somebody of every change of a kind from now on, who keeps something in step with it."""
        self._followers.setdefault(kind, []).append(follower)

    def put(self, view: View) -> bool:
        """Take a view in when it is news; False when something as new is known, or the object was removed."""
        if not self._is_news(view):
            return False
        known = self.get(view.key)
        self._relink(view.key, known, view)
        self._kinds.setdefault(view.key.kind, {})[view.key] = view
        self._tell(known, view)
        self._tombstones.lift(view.key)
        self._suspects.discard(view.key)
        self.saw_version(view.key.kind, view.resource_version)
        return True

    def remove(self, key: Key, uid: str, resource_version: int) -> bool:
        """Take an object out that was gone at this version.

        False when it is not known under this UID, or in a newer version. An unknown object leaves a tombstone
        too: a late view of it must not bring it back.
        """
        known = self.get(key)
        if known is not None and known.uid != uid:
            return False
        if known is not None and known.resource_version > resource_version and key not in self._suspects:
            return False
        self._tombstones.bury(key, resource_version)
        self.saw_version(key.kind, resource_version)
        if known is None:
            return False
        self._relink(key, known, None)
        del self._kinds[key.kind][key]
        self._tell(known, None)
        self._suspects.discard(key)
        self._announced.pop(key, None)
        return True

    # --- own writes

    def will_write(self, key: Key, status_hash: bytes) -> None:
        """Announce an own write of a status: its echo does not wake its own key."""
        self._announced[key] = status_hash

    def doubt(self, key: Key) -> None:
        """The view of this key was found older than the API server: the next run has to read live."""
        self._announced.setdefault(key, None)

    def trust(self, key: Key) -> None:
        """The answer to the own write came, or the object is gone: no view is older than our writes."""
        self._announced.pop(key, None)

    def was_read(self, key: Key, resource_version: int) -> None:
        """The object was read in this version: its view is believed when it is no older than that.

        Until then every run reads live, and none goes back behind what the one before has seen.
        """
        view = self.get(key)
        if view is None or view.resource_version >= resource_version:
            self.trust(key)
        else:
            self.doubt(key)

    def must_read_live(self, key: Key) -> bool:
        """Whether the view may be older than our own last write, so that nothing may be decided from it.

        True from the announcement of a write until its answer or echo; as one key never runs twice at once, a
        run that finds it True follows a write whose answer was lost or refused.
        """
        return key in self._announced

    def is_writing(self, key: Key) -> bool:
        """Whether an own write was announced and its answer has not come; any thread may ask."""
        return self._announced.get(key) is not None

    def is_echo(self, view: View) -> bool:
        """Whether a view shows just the announced own write: the wish as known, the status as announced."""
        known = self.get(view.key)
        return (
            known is not None
            and known.uid == view.uid
            and known.wish == view.wish
            and self._announced.get(view.key) == view.status_hash
        )

    # --- versions

    def highest_version(self, kind: str) -> int:
        """The highest resourceVersion seen of a kind, in objects and in lists."""
        return self._highest.get(kind, 0)

    def saw_version(self, kind: str, resource_version: int) -> None:
        """Note the version of a list, or of an object."""
        if resource_version > self._highest.get(kind, 0):
            self._highest[kind] = resource_version

    def distrust(self, kind: str, resource_version: int) -> None:
        """Versions of this kind went back (a restored etcd): what is known counts no more.

        Every entry takes the next version it is offered, whatever its number, and tombstones are void, since
        a restore brings the dead back.
        """
        self._suspects.update(self._kinds.get(kind, ()))
        self._tombstones.void(kind)
        self._highest[kind] = resource_version

    def is_suspect(self, key: Key) -> bool:
        """Whether an entry stems from before a restore and was not seen since."""
        return key in self._suspects

    # --- inside

    def _is_news(self, view: View) -> bool:
        if self._tombstones.cover(view):
            return False
        known = self.get(view.key)
        return known is None or view.key in self._suspects or view.resource_version > known.resource_version

    def _tell(self, old: View | None, new: View | None) -> None:
        view = new or old
        for follower in self._followers.get(view.key.kind, ()) if view is not None else ():
            follower(old, new)

    def _relink(self, key: Key, old: View | None, new: View | None) -> None:
        for index, before, after in (
            (self._providers, old.topics if old else (), new.topics if new else ()),
            (self._listeners, old.listens if old else (), new.listens if new else ()),
        ):
            if before != after:
                _unlink(index, key, before)
                _link(index, key, after)


def _link(index: dict[Hashable, set[Key]], key: Key, topics: Iterable[Hashable]) -> None:
    for topic in topics:
        index.setdefault(topic, set()).add(key)


def _unlink(index: dict[Hashable, set[Key]], key: Key, topics: Iterable[Hashable]) -> None:
    for topic in topics:
        keys = index.get(topic, set())
        keys.discard(key)
        if not keys:
            index.pop(topic, None)
