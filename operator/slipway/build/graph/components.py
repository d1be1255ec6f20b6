"""Cycles after a change: looked for only where a new edge may have closed one, or a lost one opened it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Collection, Iterator

from slipway.build.graph.vertex import Component, Node, Vertex, component_around

__all__ = ["close", "fall_apart", "is_cycle", "shortest_cycle"]

_Neighbours = Callable[[Vertex[Node]], Collection[Vertex[Node]]]


def close(vertex: Vertex[Node], ends: Collection[Vertex[Node]]) -> Component[Node] | None:
    """The component that a vertex is in since it gained parents; None when they close no cycle.

    A way from the vertex down to a new parent is looked for from both ends in turn, until one of them has
    seen all there is.

    Args:
        vertex: stands on the new parents already.
        ends: those of them that may stand on it.
    """
    own = component_around(vertex)
    above, below = set(ends), set(own)
    upwards, downwards = _explore(above, _parents), _explore(below, _children)
    while True:
        if next(downwards, None) is None:
            return _reached(below.intersection(ends), _parents, below)
        if next(upwards, None) is None:
            return _reached(above.intersection(own), _children, above)


def _parents(vertex: Vertex[Node]) -> Collection[Vertex[Node]]:
    return vertex.parents


def _children(vertex: Vertex[Node]) -> Collection[Vertex[Node]]:
    return vertex.children


def _explore(seen: set[Vertex[Node]], neighbours: _Neighbours[Node]) -> Iterator[Vertex[Node]]:
    """Add to a set all that is reached from it; yields after each step."""
    ahead = list(seen)
    while ahead:
        vertex = ahead.pop()
        fresh = set(neighbours(vertex)) - seen
        seen |= fresh
        ahead += fresh
        yield vertex


def _reached(
    ends: set[Vertex[Node]], neighbours: _Neighbours[Node], among: set[Vertex[Node]]
) -> Component[Node] | None:
    """All that is reached from the ends, and itself among what the other end reaches; None without ends."""
    reached = set(ends)
    ahead = list(ends)
    while ahead:
        fresh = among.intersection(neighbours(ahead.pop())) - reached
        reached |= fresh
        ahead += fresh
    return tuple(reached) or None


def fall_apart(component: Component[Node]) -> list[Component[Node]]:
    """The components that are left of one that lost edges, upstream first: Kosaraju's algorithm."""
    left = set(component)
    return [
        tuple(_take_with_ancestors(vertex, left))
        for vertex in reversed(_by_completion(component))
        if vertex in left
    ]


def _by_completion(component: Component[Node]) -> list[Vertex[Node]]:
    """Each after all that are reached from it for the first time."""
    unseen = set(component)
    completed = []
    for first in component:
        path = [_step(first, unseen)] if first in unseen else []
        while path:
            vertex, below = path[-1]
            child = next((child for child in below if child in unseen), None)
            if child is None:
                completed.append(vertex)
                path.pop()
            else:
                path.append(_step(child, unseen))
    return completed


def _step(vertex: Vertex[Node], unseen: set[Vertex[Node]]) -> tuple[Vertex[Node], Iterator[Vertex[Node]]]:
    unseen.remove(vertex)
    return vertex, iter(vertex.children & unseen)


def _take_with_ancestors(vertex: Vertex[Node], left: set[Vertex[Node]]) -> list[Vertex[Node]]:
    left.remove(vertex)
    taken = [vertex]
    for member in taken:
        for parent in member.parents:
            if parent in left:
                left.remove(parent)
                taken.append(parent)
    return taken


def is_cycle(component: Component[Node]) -> bool:
    """Whether one can go round in it: it has several members, or one that stands on itself."""
    return len(component) > 1 or component[0] in component[0].parents


def shortest_cycle(vertex: Vertex[Node]) -> list[Vertex[Node]]:
    """One way round, from a vertex that is in a cycle: each stands on the next, the last on the first.

    Of several that are equally short, the one that goes by the first parents.
    """
    came_from: dict[Vertex[Node], Vertex[Node]] = {}
    ahead = deque([vertex])
    while vertex not in came_from:
        member = ahead.popleft()
        for parent in member.parents:
            if parent.component is vertex.component and parent not in came_from:
                came_from[parent] = member
                ahead.append(parent)
    return _way_back(vertex, came_from)


def _way_back(vertex: Vertex[Node], came_from: dict[Vertex[Node], Vertex[Node]]) -> list[Vertex[Node]]:
    way = [vertex]
    while (before := came_from[way[-1]]) is not vertex:
        way.append(before)
    return [vertex, *reversed(way[1:])]
