"""The graph for Mermaid, which git hosts show in Markdown. Source: mermaid.js.org/syntax/flowchart.html."""

from __future__ import annotations

import re
from typing import Final

from slipway.build.graph.drawing.drawing import Drawing, DrawnNode, NodeKind
from slipway.build.graph.drawing.visible import visible

__all__ = ["render_mermaid"]

_BRACKETS: Final = {
    NodeKind.MANAGED: ("[", "]"),
    NodeKind.BASE: ("[(", ")]"),
    NodeKind.EXTERNAL: ("([", "])"),
}

# A label is read as Markdown, where "1. a" is a list and "//" belongs to a link: a sign stays only between
# letters and digits. No colon stays: Mermaid 11 spoils entities after "style" and a colon in the same line.
_UNSAFE: Final = re.compile(r"[^A-Za-z0-9/.-]|(?<![A-Za-z0-9])[/.-]|[/.-](?![A-Za-z0-9])")


def render_mermaid(drawing: Drawing) -> str:
    """A `flowchart` whose arrows lead from what is stood on to what stands on it; cycles are red.

    Mermaid refuses more than 500 edges or 50,000 characters, unless its `maxEdges` and `maxTextSize` are set.
    """
    names = {node.id: f"n{place}" for place, node in enumerate(drawing.nodes)}
    lines = [
        "flowchart TD",
        *(f"  {names[node.id]}{_shape(node)}" for node in drawing.nodes),
        *(f"  {names[base]} --> {names[dependent]}" for base, dependent in drawing.edges),
        "  classDef cycle stroke:red",
    ]
    return "\n".join(lines) + "\n"


def _shape(node: DrawnNode) -> str:
    opening, closing = _BRACKETS[node.kind]
    label = "<br/>".join(_escape(text) for text in (node.label, node.phase) if text)
    return f'{opening}"{label}"{closing}' + (":::cycle" if node.cycle else "")


def _escape(text: str) -> str:
    """Numbered entities, as Mermaid writes them: `#34;` is a quotation mark."""
    return _UNSAFE.sub(lambda sign: f"#{ord(sign[0])};", visible(text))
