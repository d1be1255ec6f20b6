"""The graph for Graphviz. Source: graphviz.org/doc/info/lang.html, and its page on the type escString."""

from __future__ import annotations

from typing import Final

from slipway.build.graph.drawing.drawing import Drawing, DrawnNode, NodeKind
from slipway.build.graph.drawing.visible import visible

__all__ = ["render_dot"]

_SHAPES: Final = {NodeKind.MANAGED: "box", NodeKind.BASE: "cylinder", NodeKind.EXTERNAL: "ellipse"}


def render_dot(drawing: Drawing) -> str:
    """A `digraph` whose arrows lead from what is stood on to what stands on it; cycles are red."""
    names = {node.id: f"n{place}" for place, node in enumerate(drawing.nodes)}
    lines = [
        "digraph images {",
        *(f"  {names[node.id]} [{_attributes(node)}];" for node in drawing.nodes),
        *(f"  {names[base]} -> {names[dependent]};" for base, dependent in drawing.edges),
        "}",
    ]
    return "\n".join(lines) + "\n"


def _attributes(node: DrawnNode) -> str:
    # \n is the line break of a label; one in a name is escaped and stays visible.
    label = r"\n".join(_escape(text) for text in (node.label, node.phase) if text)
    return f'label="{label}" shape={_SHAPES[node.kind]}' + (" color=red" if node.cycle else "")


def _escape(text: str) -> str:
    r"""Labels are read twice: `\G` is the name of the graph, and `&lt;` an entity of HTML."""
    return visible(text).replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
