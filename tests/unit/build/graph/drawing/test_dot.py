"""Each line is held against a small grammar of what we use of the language."""

from __future__ import annotations

import html
import re

from hypothesis import given

from slipway.build.graph.drawing import Drawing
from slipway.build.graph.drawing.dot import render_dot
from slipway.build.graph.drawing.visible import visible
from tests.support.hostile_drawings import drawings

NODE = re.compile(r'  n(\d+) \[label="((?:[^"\\]|\\.)*)" shape=(?:box|cylinder|ellipse)( color=red)?\];')
EDGE = re.compile(r"  n(\d+) -> n(\d+);")


@given(drawings())
def test_names_never_leave_their_quotes(drawing: Drawing) -> None:
    """Nodes and edges are read back as they were, names and phases included."""
    first, *lines, last = render_dot(drawing).removesuffix("\n").split("\n")
    assert (first, last) == ("digraph images {", "}")
    nodes, edges = lines[: len(drawing.nodes)], lines[len(drawing.nodes) :]
    for place, (line, node) in enumerate(zip(nodes, drawing.nodes, strict=True)):
        found = NODE.fullmatch(line)
        assert found, line
        assert int(found[1]) == place
        assert shown(found[2]) == [visible(text) for text in (node.label, node.phase) if text]
        assert bool(found[3]) == node.cycle
    ids = [node.id for node in drawing.nodes]
    ends = [found.groups() for found in map(EDGE.fullmatch, edges) if found]
    assert [(ids[int(base)], ids[int(dependent)]) for base, dependent in ends] == list(drawing.edges)
    assert len(ends) == len(edges)


def shown(label: str) -> list[str]:
    r"""The lines that a reader of the picture sees: quotes, then escapes, then entities are read.

    No escape but `\n`, the line break, may be left: Graphviz would put the name of the graph for `\G`.
    """
    lines, text = [""], label
    while text:
        piece = text[:2] if text[0] == "\\" else text[0]
        text = text[len(piece) :]
        if piece == "\\n":
            lines.append("")
        else:
            assert piece in {"\\\\", '\\"'} or len(piece) == 1, piece
            lines[-1] += piece[-1]
    return [html.unescape(line) for line in lines]
