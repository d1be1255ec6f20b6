"""From the graph to a drawing of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from slipway.build.graph.drawing.drawing import Drawing, DrawnNode, NodeKind
from slipway.build.graph.image_graph import ImageGraph
from slipway.build.graph.vertex import Node

__all__ = ["Description", "draw"]


@dataclass(frozen=True, slots=True)
class Description:
    """What the graph does not know of a node; see DrawnNode."""

    id: str
    label: str
    kind: NodeKind
    phase: str = ""


def draw(graph: ImageGraph[Node], nodes: Iterable[Node], describe: Callable[[Node], Description]) -> Drawing:
    """Draw some nodes, and the edges between them.

    Args:
        graph: it is not changed.
        nodes: which; the graph itself for all of them.
        describe: asked once for each.

    Raises:
        ValueError: two of them are described by the same id.
    """
    ordered = graph.order(nodes)
    described = {node: describe(node) for node in ordered}
    return Drawing(
        nodes=tuple(_drawn(graph, node, description) for node, description in described.items()),
        edges=tuple(
            (description.id, described[child].id)
            for node, description in described.items()
            for child in graph.children(node)
            if child in described
        ),
    )


def _drawn(graph: ImageGraph[Node], node: Node, described: Description) -> DrawnNode:
    depth = graph.depth(node)
    return DrawnNode(
        described.id, described.label, described.kind, described.phase, depth=depth, cycle=depth is None
    )
