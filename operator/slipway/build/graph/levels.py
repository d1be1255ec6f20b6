"""Levels: how far down a node is. They are worked out when asked for, and kept until they may be wrong.

The level of a component is one more than the highest level among the parents outside of it, and 0 without
any. To work one out takes those of everything above, so who has one stands only on those that have one.
Hence a change costs nothing where nobody asked, nor where the node comes to the level it had. Else all that
is known is given up, in one step: what moves the root of everything is no dearer than what moves a leaf.
"""

from __future__ import annotations

from slipway.build.graph.vertex import Component, Node, Vertex, component_around

__all__ = ["Levels"]


class Levels:
    """The levels of one graph, which stand in its vertices."""

    __slots__ = ("_era",)

    def __init__(self) -> None:
        self._era = 1
        """Levels of an earlier era count no more; vertices begin without one."""

    def of(self, vertex: Vertex[Node]) -> int:
        """The level of a vertex, and so of all that are in a cycle with it."""
        era, ahead = self._era, [vertex]
        while vertex.level_era != era:
            one = ahead[-1]
            if one.level_era == era:
                ahead.pop()  # several stand on it
                continue
            above = one.parents if one.component is None else _outside(one.component)
            missing = [parent for parent in above if parent.level_era != era]
            if missing:
                ahead += missing
                continue
            level = 1 + max([parent.level for parent in above], default=-1)
            for member in component_around(ahead.pop()):
                member.level, member.level_era = level, era
        return vertex.level

    def are_in_order(self, parent: Vertex[Node], vertex: Vertex[Node]) -> bool:
        """Whether the levels tell that a parent does not stand on the vertex, directly or not."""
        return parent.level_era == vertex.level_era == self._era and parent.level < vertex.level

    def reconsider(self, vertex: Vertex[Node]) -> bool:
        """Say that a vertex, or one in a cycle with it, stands on something else.

        Returns:
            Whether its level, and those below it, may be others now.
        """
        if vertex.level_era != self._era:
            return True
        before = vertex.level
        vertex.level_era = 0
        if self.of(vertex) == before:
            return False
        if vertex.children:
            self.give_up()
        return True

    def give_up(self) -> None:
        """Say that any level may be another now."""
        self._era += 1


def _outside(component: Component[Node]) -> set[Vertex[Node]]:
    """What a cycle stands on beside itself."""
    return {parent for member in component for parent in member.parents} - set(component)
