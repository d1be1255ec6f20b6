"""Levels after a change: set anew where they are wrong, and followed down only as far as they change.

The level of a component is one more than the highest level among the parents outside of it, and 0 without
any. So every edge between components leads to a higher level, which puts the whole graph in order.
"""

from __future__ import annotations

from collections.abc import Iterable
from heapq import heappop, heappush
from typing import Generic

from slipway.build.graph.vertex import Component, Node, Vertex

__all__ = ["settle"]


def settle(components: Iterable[Component[Node]]) -> list[Vertex[Node]]:
    """Set the levels of these components, and of all that follow from them further down.

    Args:
        components: upstream first; whatever is wrong is among them or below them.

    Returns:
        All whose level was set and who are in no cycle, some of them twice.
    """
    changed = [vertex for component in components for vertex in _set_level(component)]
    agenda: _Agenda[Node] = _Agenda()
    agenda.add_below(changed)
    while agenda:
        moved = _set_levels(agenda.take())
        agenda.add_below(moved)
        changed += moved
    return [vertex for vertex in changed if vertex.component is None]


def _set_levels(vertices: Iterable[Vertex[Node]]) -> list[Vertex[Node]]:
    """Set the levels of these, or of the components that they are in; those that had another."""
    moved: list[Vertex[Node]] = []
    components: dict[int, Component[Node]] = {}
    for vertex in vertices:
        if vertex.component is not None:
            components[id(vertex.component)] = vertex.component
            continue
        # As _set_level, in a third of the time: this is what a change far up consists of.
        level = 0
        for parent in vertex.parents:
            if parent.level >= level:
                level = parent.level + 1
        if vertex.level != level:
            vertex.level = level
            moved.append(vertex)
    for component in components.values():
        moved += _set_level(component)
    return moved


def _set_level(component: Component[Node]) -> list[Vertex[Node]]:
    members = set(component)
    outside = {parent for member in component for parent in member.parents} - members
    level = max((parent.level + 1 for parent in outside), default=0)
    moved = [member for member in component if member.level != level]
    for member in moved:
        member.level = level
    return moved


class _Agenda(Generic[Node]):
    """What stands on something that moved, each once, by the level it had before.

    The old levels put it in order: what is taken stands on nothing that is still here, and never comes again.
    """

    __slots__ = ("_added", "_levels", "_waiting")

    def __init__(self) -> None:
        self._added: set[Vertex[Node]] = set()
        self._levels: list[int] = []
        self._waiting: dict[int, list[Vertex[Node]]] = {}

    def __bool__(self) -> bool:
        return bool(self._levels)

    def add_below(self, moved: Iterable[Vertex[Node]]) -> None:
        """Add what stands on these directly."""
        below: set[Vertex[Node]] = set().union(*[vertex.children for vertex in moved])
        below -= self._added
        self._added |= below
        waiting = self._waiting
        for child in below:
            level = child.level
            if level in waiting:
                waiting[level].append(child)
            else:
                waiting[level] = [child]
                heappush(self._levels, level)

    def take(self) -> list[Vertex[Node]]:
        """All of the lowest level, and so all members of a component that are here."""
        return self._waiting.pop(heappop(self._levels))
