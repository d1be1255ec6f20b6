"""What stands on what, kept in step with the store: where an image is among those of its namespace.

An image and the tags that it keeps are nodes of their own: whoever stands on a tag stands on the image that
keeps it, as soon as there is one, and nothing of those who stand on it has to change. Other namespaces play
no part: nobody there can put an image of this one into a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple, TypeAlias

from slipway.build.graph import ImageGraph, Touched
from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.kinds.managedimage.facts import Position
from slipway.kinds.managedimage.topics import claim_topic
from slipway.kinds.managedimage.view import KIND, ManagedImageView
from slipway.oci.errors import InvalidReference

__all__ = ["Neighbourhood"]

_MOST_NAMED: Final = 16
"""Images of a cycle that a status names."""

_PORTION: Final = 500
"""Images whose depths are compared at a time, so that nobody else has to wait long."""


class _Tag(NamedTuple):
    """A tag, or a template of tags, within a namespace."""

    namespace: str
    topic: Hashable


_Node: TypeAlias = Key | _Tag


class Neighbourhood:
    """The graph of all ManagedImages.

    Args:
        store: tells of every change of one.
        moved: called when the position of some images may be another: `take_moved` tells of which.
    """

    def __init__(self, store: Store, moved: Callable[[], None]) -> None:
        self._store = store
        self._graph: ImageGraph[_Node] = ImageGraph(sort_key=_order)
        self._keepers: dict[_Tag, set[Key]] = {}
        self._moved = moved
        self._changed: set[_Node] = set()
        self._tops: set[_Node] = set()
        for view in store.of_kind(KIND):
            self._change(None, view)
        store.follow(KIND, self._change)

    def position(self, view: ManagedImageView) -> Position:
        """Where an image is: how many are below it, how many stand on it, and the cycle that it is in."""
        cycle = [node.name for node in self._graph.cycle(view.key) if isinstance(node, Key)]
        return Position(
            self._depth(view.key), self._graph.dependents(*_kept(view)), tuple(cycle[:_MOST_NAMED])
        )

    def take_moved(self) -> Iterator[set[Key]]:
        """The images whose position may be another since this was asked last, in portions soon found.

        However many changes there were, each image is looked at once. Those further below are not among them
        where their status tells of their depth already.
        """
        changed, tops = self._changed, self._tops
        self._changed, self._tops = set(), set()
        moved = {node for node in changed if isinstance(node, Key)}
        moved.update(*[self._keepers.get(node, ()) for node in changed if isinstance(node, _Tag)])
        yield {key for key in moved if self._store.get(key) is not None}
        below = (node for node in self._graph.below(tops) if isinstance(node, Key))
        while portion := tuple(islice(below, _PORTION)):
            yield {key for key in portion if self._is_told_otherwise(key)}

    def _depth(self, key: Key) -> int | None:
        depth = self._graph.depth(key)
        # Images and tags alternate on every way down.
        return None if depth is None else (depth + 1) // 2

    def _is_told_otherwise(self, key: Key) -> bool:
        view = self._store.get(key)
        return isinstance(view, ManagedImageView) and view.depth != self._depth(key)

    def _change(self, old: View | None, new: View | None) -> None:
        before = old if isinstance(old, ManagedImageView) else None
        now = new if isinstance(new, ManagedImageView) else None
        if before is not None and now is not None and _same(before, now):
            return
        self._note(self._stand(before, now))
        for tag in {*_kept(before), *_kept(now)}:
            self._note(self._keep(tag, before, now))
        if self._changed:
            self._moved()

    def _note(self, touched: Touched[_Node]) -> None:
        self._changed.update(touched.changed)
        self._tops.update(touched.tops)

    def _stand(self, before: ManagedImageView | None, now: ManagedImageView | None) -> Touched[_Node]:
        if now is not None:
            return self._graph.put(now.key, tuple(dict.fromkeys(_below(now))))
        assert before is not None
        return self._graph.remove(before.key)

    def _keep(
        self, tag: _Tag, before: ManagedImageView | None, now: ManagedImageView | None
    ) -> Touched[_Node]:
        keepers = self._keepers.setdefault(tag, set())
        if before is not None:
            keepers.discard(before.key)
        if now is not None and tag in _kept(now):
            keepers.add(now.key)
        if not keepers:
            del self._keepers[tag]
            return self._graph.remove(tag)
        return self._graph.put(tag, sorted(keepers))


def _kept(view: ManagedImageView | None) -> set[_Tag]:
    if view is None:
        return set()
    return {_Tag(view.key.namespace, topic) for topic in view.topics}


def _below(view: ManagedImageView) -> Iterable[_Tag]:
    for reference in view.bases:
        try:
            yield _Tag(view.key.namespace, claim_topic(reference.partition("@")[0]))
        except InvalidReference:
            continue


def _same(before: ManagedImageView, now: ManagedImageView) -> bool:
    return (before.topics, before.bases) == (now.topics, now.bases)


def _order(node: _Node) -> tuple[int, str, str]:
    if isinstance(node, Key):
        return (0, node.namespace, node.name)
    return (1, node.namespace, str(node.topic))
