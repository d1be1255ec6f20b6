"""What stands on what, kept in step with the store: where an image is among those of its namespace.

An image and the tags that it keeps are nodes of their own: whoever stands on a tag stands on the image that
keeps it, as soon as there is one, and nothing of those who stand on it has to change. Other namespaces play
no part: nobody there can put an image of this one into a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Final, NamedTuple, TypeAlias

from slipway.build.graph import ImageGraph
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


class _Tag(NamedTuple):
    """A tag, or a template of tags, within a namespace."""

    namespace: str
    topic: Hashable


_Node: TypeAlias = Key | _Tag


class Neighbourhood:
    """The graph of all ManagedImages.

    Args:
        store: tells of every change of one.
        moved: called with the images whose position is another now.
    """

    def __init__(self, store: Store, moved: Callable[[Iterable[Key]], None]) -> None:
        self._graph: ImageGraph[_Node] = ImageGraph(sort_key=_order)
        self._keepers: dict[_Tag, set[Key]] = {}
        self._moved = moved
        for view in store.of_kind(KIND):
            self._change(None, view)
        store.follow(KIND, self._change)

    def position(self, view: ManagedImageView) -> Position:
        """Where an image is: how many are below it, how many stand on it, and the cycle that it is in."""
        depth = self._graph.depth(view.key)
        dependents = {child for tag in _kept(view) for child in self._graph.children(tag)}
        cycle = [node.name for node in self._graph.cycle(view.key) if isinstance(node, Key)]
        # Images and tags alternate on every way down.
        return Position(
            None if depth is None else (depth + 1) // 2, len(dependents), tuple(cycle[:_MOST_NAMED])
        )

    def _change(self, old: View | None, new: View | None) -> None:
        before = old if isinstance(old, ManagedImageView) else None
        now = new if isinstance(new, ManagedImageView) else None
        if before is not None and now is not None and _same(before, now):
            return
        touched = set(self._stand(before, now))
        for tag in {*_kept(before), *_kept(now)}:
            touched |= self._keep(tag, before, now)
        keys = {node for node in touched if isinstance(node, Key)}
        keys |= {key for node in touched if isinstance(node, _Tag) for key in self._keepers.get(node, ())}
        if keys:
            self._moved(keys)

    def _stand(self, before: ManagedImageView | None, now: ManagedImageView | None) -> frozenset[_Node]:
        if now is not None:
            return self._graph.put(now.key, tuple(dict.fromkeys(_below(now))))
        assert before is not None
        return self._graph.remove(before.key)

    def _keep(
        self, tag: _Tag, before: ManagedImageView | None, now: ManagedImageView | None
    ) -> frozenset[_Node]:
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
