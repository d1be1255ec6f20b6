"""What all formats are made from: the nodes and edges of a graph, in the order in which they are written."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

__all__ = ["Drawing", "DrawnNode", "NodeKind"]


class NodeKind(StrEnum):
    """Who looks after an image."""

    MANAGED = "Managed"
    """A ManagedImage: it is built here."""

    BASE = "Base"
    """Images stand on it, and a Warehouse watches it."""

    EXTERNAL = "External"
    """It is built elsewhere, and was found as a dependent."""


@dataclass(frozen=True, slots=True)
class DrawnNode:
    """One image. Its texts may be anything: each format escapes them."""

    id: str
    """Tells it from all others of the drawing."""

    label: str
    """What people call it: `shop/api`, or `python:3.12-slim`. Not empty."""

    kind: NodeKind
    phase: str
    """As in its status; empty where it has none."""

    depth: int | None
    """As the graph tells it: None in a cycle."""

    cycle: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A part of a graph, or the whole."""

    nodes: tuple[DrawnNode, ...]
    """Upstream first."""

    edges: tuple[tuple[str, str], ...]
    """Ids: from what is stood on to what stands on it, each pair once."""

    def __post_init__(self) -> None:
        """Refuse what no format could draw.

        Raises:
            ValueError: a node has no label, two have one id, or an edge leads to none of them.
        """
        if not all(node.label for node in self.nodes):
            msg = "a node of a drawing has no label; give it the name by which people know the image"
            raise ValueError(msg)
        ids = {node.id for node in self.nodes}
        if len(ids) < len(self.nodes):
            msg = "two nodes of a drawing have the same id; make ids of kind, namespace and name"
            raise ValueError(msg)
        if any(end not in ids for edge in self.edges for end in edge):
            msg = "an edge of a drawing leads to no node of it; draw both of its ends or leave it out"
            raise ValueError(msg)
