"""What stands on what, kept right from change to change.

A put or remove compares the new parents with the old ones, and looks no further than it must:

 components.py   up from gained parents and down from the node, until one side ends: is there a cycle now?
                 lost an edge of a cycle: is there one still?
 levels.py       has the node another level now? Then those of all others are worked out anew when asked for

So a change costs the edges of the node, and a cycle that is made or broken costs its members. Who is told of
it are those whose answers it changes at once, and where below them depths may have changed; whoever has to
know goes there, once for any number of changes.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Any, Generic

from slipway.build.graph.components import close, fall_apart, is_cycle, shortest_cycle
from slipway.build.graph.levels import Levels
from slipway.build.graph.touched import Touched
from slipway.build.graph.vertex import Component, Node, Vertex, component_around

if TYPE_CHECKING:
    from _typeshed import SupportsRichComparison

__all__ = ["ImageGraph"]


class ImageGraph(Generic[Node]):
    """Which image stands on which. Used by one thread only.

    The answers depend on what was put, never on the order in which it came. Every node may be asked for: one
    that nobody named stands on nothing, and nothing stands on it.
    """

    __slots__ = ("_levels", "_sort_key", "_vertices")

    def __init__(self, sort_key: Callable[[Node], SupportsRichComparison]) -> None:
        """Make a graph without nodes.

        Args:
            sort_key: puts nodes in order wherever the graph itself leaves it open; another one for each node.
        """
        self._sort_key = sort_key
        self._vertices: dict[Node, Vertex[Node]] = {}
        self._levels = Levels()

    def __len__(self) -> int:
        return len(self._vertices)

    def __contains__(self, node: object) -> bool:
        return node in self._vertices

    def __iter__(self) -> Iterator[Node]:
        """All nodes, external ones included, in no particular order."""
        return iter(self._vertices)

    def put(self, node: Node, parents: Iterable[Node]) -> Touched[Node]:
        """Say what a node stands on, in place of what was said before.

        Args:
            node: new or known.
            parents: all of them. Those that were never put are there as external nodes, for as long as
                somebody stands on them.
        """
        vertex = self._vertex(node)
        vertex.placed = True
        wanted = sorted(set(parents), key=self._sort_key)
        return self._set_parents(vertex, tuple(map(self._vertex, wanted)))

    def remove(self, node: Node) -> Touched[Node]:
        """Forget what a node stands on; while somebody stands on it, it stays as an external one."""
        vertex = self._vertices.get(node)
        if vertex is None:
            return Touched()
        vertex.placed = False
        touched = self._set_parents(vertex, ())
        self._drop_unneeded([vertex])
        return touched

    def parents(self, node: Node) -> tuple[Node, ...]:
        """What it stands on directly, in order of the sort key."""
        return tuple(parent.node for parent in self._seen(node).parents)

    def children(self, node: Node) -> tuple[Node, ...]:
        """What stands on it directly, in order of the sort key."""
        return tuple(self._sorted(self._seen(node).children))

    def dependents(self, *nodes: Node) -> int:
        """How many nodes stand directly on one of these."""
        if len(nodes) == 1:
            return len(self._seen(nodes[0]).children)
        return len(set[Vertex[Node]]().union(*[self._seen(node).children for node in nodes]))

    def depth(self, node: Node) -> int | None:
        """The longest chain above it, in steps: 0 for a root, None for a member of a cycle.

        A cycle counts as one node in the chain: what stands on one that stands on nothing else has depth 1.
        """
        vertex = self._seen(node)
        return self._levels.of(vertex) if vertex.component is None else None

    def cycle(self, node: Node) -> tuple[Node, ...]:
        """The shortest cycle that it is in: each stands on the next, the last on the first; empty for none.

        It begins with the smallest by the sort key. Of several that are equally short, it is the one by the
        smallest parents, seen from the node. One that stands on itself is a cycle of its own.
        """
        vertex = self._seen(node)
        if vertex.component is None:
            return ()
        nodes = [member.node for member in shortest_cycle(vertex)]
        first = nodes.index(min(nodes, key=self._sort_key))
        return (*nodes[first:], *nodes[:first])

    def cycles(self) -> list[tuple[Node, ...]]:
        """Cycles that together name every node that is in one, ordered by what they begin with.

        Where cycles share nodes these are not all there are: there may be more than can be counted.
        """
        members = self._sorted(vertex for vertex in self._vertices.values() if vertex.component is not None)
        named: set[Node] = set()
        found = []
        for node in members:
            if node not in named:
                found.append(self.cycle(node))
                named.update(found[-1])
        return sorted(found, key=lambda cycle: [self._sort_key(node) for node in cycle])

    def ancestors(self, node: Node) -> Iterator[Node]:
        """What it stands on, directly or not: nearest first, each once, the node itself never.

        Lazy: do not change the graph before the last one.
        """
        return self._walk(node, self.parents)

    def descendants(self, node: Node) -> Iterator[Node]:
        """What stands on it, directly or not: nearest first, each once, the node itself never.

        Lazy: do not change the graph before the last one.
        """
        return self._walk(node, self.children)

    def below(self, nodes: Iterable[Node]) -> set[Node]:
        """These nodes and all that stand on one of them, directly or not."""
        row = {self._seen(node) for node in nodes}
        found = set(row)
        while row:
            row = set[Vertex[Node]]().union(*[vertex.children for vertex in row]) - found
            found |= row
        return {vertex.node for vertex in found}

    def order(self, nodes: Iterable[Node]) -> list[Node]:
        """These nodes, upstream first: whatever a node stands on, through others too, comes before it.

        By level, then by sort key; the members of a cycle, where none is upstream, come together.
        """
        return sorted(set(nodes), key=self._rank)

    def _rank(self, node: Node) -> tuple[int, Any, Any]:
        vertex = self._seen(node)
        smallest = component_around(vertex)[0]
        return self._levels.of(vertex), self._sort_key(smallest.node), self._sort_key(node)

    def _walk(self, node: Node, neighbours: Callable[[Node], Iterable[Node]]) -> Iterator[Node]:
        seen = {node}
        ahead = [node]
        while ahead:
            row, ahead = ahead, []
            for each in row:
                for neighbour in neighbours(each):
                    if neighbour not in seen:
                        seen.add(neighbour)
                        ahead.append(neighbour)
                        yield neighbour

    def _sorted(self, vertices: Iterable[Vertex[Node]]) -> list[Node]:
        return sorted((vertex.node for vertex in vertices), key=self._sort_key)

    def _seen(self, node: Node) -> Vertex[Node]:
        """To be read only: a node that nobody named is not kept."""
        return self._vertices.get(node) or Vertex(node)

    def _vertex(self, node: Node) -> Vertex[Node]:
        if node not in self._vertices:
            self._vertices[node] = Vertex(node)
        return self._vertices[node]

    def _set_parents(self, vertex: Vertex[Node], parents: tuple[Vertex[Node], ...]) -> Touched[Node]:
        before, after = set(vertex.parents), set(parents)
        if before == after:
            return Touched()
        lost, gained = before - after, after - before
        opened = self._lose(vertex, lost)
        closed = self._gain(vertex, parents, gained)
        if opened or closed:
            self._levels.give_up()
        tops = {*opened, *closed} or ({vertex} if self._levels.reconsider(vertex) else set())
        self._drop_unneeded(lost)
        changed = {*lost, *gained, *tops}
        return Touched(
            tuple([each.node for each in changed]), tuple([each.node for each in tops if each.children])
        )

    def _lose(self, vertex: Vertex[Node], lost: Collection[Vertex[Node]]) -> Component[Node]:
        """Take parents away, and look whether its cycle is one still; the former one, if that is touched."""
        vertex.parents = tuple(parent for parent in vertex.parents if parent not in lost)
        for parent in lost:
            parent.children.remove(vertex)
        component = vertex.component
        if component is None or all(parent.component is not component for parent in lost):
            return ()
        for piece in fall_apart(component):
            self._mark(piece)
        return component

    def _gain(
        self, vertex: Vertex[Node], parents: tuple[Vertex[Node], ...], gained: Collection[Vertex[Node]]
    ) -> Component[Node]:
        """Give it all its parents, and look for a cycle; the one that they close, if there is one."""
        vertex.parents = parents
        for parent in gained:
            parent.children.add(vertex)
        ends = [parent for parent in gained if not self._levels.are_in_order(parent, vertex)]
        closed = close(vertex, ends) if ends else None
        return self._mark(closed) if closed is not None else ()

    def _mark(self, members: Component[Node]) -> Component[Node]:
        """Let all members know of their component, if it is a cycle."""
        component = tuple(sorted(members, key=lambda member: self._sort_key(member.node)))
        for member in component:
            member.component = component if is_cycle(component) else None
        return component

    def _drop_unneeded(self, vertices: Iterable[Vertex[Node]]) -> None:
        for vertex in vertices:
            if not vertex.placed and not vertex.children:
                self._vertices.pop(vertex.node, None)
