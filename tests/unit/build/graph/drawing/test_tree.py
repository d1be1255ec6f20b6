from __future__ import annotations

import re
from collections import Counter

from hypothesis import given

from slipway.build.graph.drawing import Drawing
from slipway.build.graph.drawing.tree import render_tree
from slipway.build.graph.drawing.visible import visible
from tests.support.hostile_drawings import drawings

LINE = re.compile(r"((?:│  |   )*)(?:(├─ |└─ ))?([^├│└─↑↻]*?)( ↻)?( ↑)?")
DRAWN = "├│└─↑↻ "


@given(drawings())
def test_the_drawing_is_read_back(drawing: Drawing) -> None:
    """Every edge is one line, every node is opened once, and no name passes for a part of the tree."""
    texts = {node.id: text_of(drawing, node.id) for node in drawing.nodes}
    edges: Counter[tuple[str, str]] = Counter()
    opened: Counter[str] = Counter()
    above: list[str] = []
    for line in render_tree(drawing).removesuffix("\n").split("\n"):
        found = LINE.fullmatch(line)
        assert found, line
        indent, branch, text, cycle, seen = found.groups()
        assert bool(cycle) == any(node.cycle for node in drawing.nodes if texts[node.id] == text)
        del above[len(indent) // 3 + (1 if branch else 0) :]
        if above:
            edges[above[-1], text] += 1
        if not seen:
            opened[text] += 1
        above.append(text)
    assert edges == Counter((texts[base], texts[dependent]) for base, dependent in drawing.edges)
    assert opened == Counter(texts.values())


def text_of(drawing: Drawing, id_: str) -> str:
    """What stands in the line of a node between branch and marks."""
    (node,) = (node for node in drawing.nodes if node.id == id_)
    return "  ".join(visible(text, reserved=DRAWN) for text in (node.label, node.phase) if text)
