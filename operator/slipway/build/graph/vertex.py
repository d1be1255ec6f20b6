"""One node of the graph as it is kept: its neighbours, its level, and the cycle that it is in."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

__all__ = ["Component", "Node", "Vertex", "component_around"]

Node = TypeVar("Node", bound=Hashable)
"""What names an image; the graph never looks inside."""


@dataclass(slots=True, eq=False)
class Vertex(Generic[Node]):
    """A node with references to its neighbours: a walk over them hashes no names."""

    node: Node
    placed: bool = False
    """Whether somebody said what it stands on; if not, it is there because another stands on it."""

    parents: tuple[Vertex[Node], ...] = field(default=(), repr=False)
    """What it stands on, each once, by sort key."""

    children: set[Vertex[Node]] = field(default_factory=set, repr=False)
    level: int = 0
    """The longest way down to it, in steps, where all members of a cycle are one place and have one level."""

    level_era: int = 0
    """When that was worked out: see `levels.py`."""

    component: Component[Node] | None = field(default=None, repr=False)
    """All that are in a cycle with it, smallest first: one tuple for them all. None outside of cycles."""


Component = tuple[Vertex[Node], ...]
"""A strongly connected component: nodes each of which stands on each, or one alone."""


def component_around(vertex: Vertex[Node]) -> Component[Node]:
    """Its component, also where it is alone in it."""
    return vertex.component or (vertex,)
