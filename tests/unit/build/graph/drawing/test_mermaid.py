"""Each line is held against a small grammar, stricter than Mermaid's own."""

from __future__ import annotations

import re

import pytest
from hypothesis import given

from slipway.build.graph.drawing import Drawing, DrawnNode, NodeKind
from slipway.build.graph.drawing.mermaid import render_mermaid
from slipway.build.graph.drawing.visible import visible
from tests.support.hostile_drawings import drawings

TEXT = r'"((?:[A-Za-z0-9/.-]|<br/>|#\d+;)*)"'
NODE = re.compile(rf"  n(\d+)(?:\[{TEXT}\]|\[\({TEXT}\)\]|\(\[{TEXT}\]\))(:::cycle)?")
EDGE = re.compile(r"  n(\d+) --> n(\d+)")


@given(drawings())
def test_names_never_leave_their_quotes(drawing: Drawing) -> None:
    """Nodes and edges are read back as they were, names and phases included."""
    first, *lines, last = render_mermaid(drawing).removesuffix("\n").split("\n")
    assert (first, last) == ("flowchart TD", "  classDef cycle stroke:red")
    nodes, edges = lines[: len(drawing.nodes)], lines[len(drawing.nodes) :]
    for place, (line, node) in enumerate(zip(nodes, drawing.nodes, strict=True)):
        found = NODE.fullmatch(line)
        assert found, line
        assert int(found[1]) == place
        label = next(text for text in found.groups()[1:4] if text is not None)
        assert decoded(label) == [visible(text) for text in (node.label, node.phase) if text]
        assert bool(found[5]) == node.cycle
    ids = [node.id for node in drawing.nodes]
    ends = [found.groups() for found in map(EDGE.fullmatch, edges) if found]
    assert [(ids[int(base)], ids[int(dependent)]) for base, dependent in ends] == list(drawing.edges)
    assert len(ends) == len(edges)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        pytest.param("ghcr.io/shop/api-2", "ghcr.io/shop/api-2", id="names of images stay readable"),
        pytest.param("1. item", "1#46;#32;item", id="no list of Markdown"),
        pytest.param("- item", "#45;#32;item", id="no other list either"),
        pytest.param("http://a.example", "http#58;#47;#47;a.example", id="no link"),
        pytest.param("_a_ `b`", "#95;a#95;#32;#96;b#96;", id="no emphasis"),
        pytest.param("style:a_", "style#58;a#95;", id="no colon after which Mermaid eats a semicolon"),
        pytest.param("a-->b", "a#45;#45;#62;b", id="no arrow"),
    ],
)
def test_labels_are_no_markdown(name: str, label: str) -> None:
    """Signs that mean something are entities."""
    node = DrawnNode(name, name, NodeKind.MANAGED, "", depth=0, cycle=False)
    assert f'n0["{label}"]' in render_mermaid(Drawing((node,), ()))


def decoded(label: str) -> list[str]:
    """The lines that a reader of the picture sees."""
    return [re.sub(r"#(\d+);", lambda code: chr(int(code[1])), line) for line in label.split("<br/>")]
