"""What holds for every format, and the formats' own files as people see them."""

from __future__ import annotations

import pytest
from hypothesis import given

from slipway.build.graph import ImageGraph
from slipway.build.graph.drawing import Description, Drawing, DrawingFormat, NodeKind, draw, renderer_for
from tests.support.hostile_drawings import drawings

KINDS = {"python": NodeKind.BASE, "old": NodeKind.EXTERNAL}


def small() -> Drawing:
    """A diamond, and a cycle beside it."""
    graph: ImageGraph[str] = ImageGraph(str)
    bases = {"base": ["python"], "old": ["python"], "api": ["base", "old"], "x": ["y"], "y": ["x"]}
    for image, parents in bases.items():
        graph.put(image, parents)
    return draw(
        graph, graph, lambda node: Description(node, node, KINDS.get(node, NodeKind.MANAGED), "Current")
    )


DRAWN = {
    DrawingFormat.TREE: """\
python  Current
├─ base  Current
│  └─ api  Current
└─ old  Current
   └─ api  Current ↑
x  Current ↻
└─ y  Current ↻
   └─ x  Current ↻ ↑
""",
    DrawingFormat.MERMAID: """\
flowchart TD
  n0[("python<br/>Current")]
  n1["x<br/>Current"]:::cycle
  n2["y<br/>Current"]:::cycle
  n3["base<br/>Current"]
  n4(["old<br/>Current"])
  n5["api<br/>Current"]
  n0 --> n3
  n0 --> n4
  n1 --> n2
  n2 --> n1
  n3 --> n5
  n4 --> n5
  classDef cycle stroke:red
""",
    DrawingFormat.DOT: """\
digraph images {
  n0 [label="python\\nCurrent" shape=cylinder];
  n1 [label="x\\nCurrent" shape=box color=red];
  n2 [label="y\\nCurrent" shape=box color=red];
  n3 [label="base\\nCurrent" shape=box];
  n4 [label="old\\nCurrent" shape=ellipse];
  n5 [label="api\\nCurrent" shape=box];
  n0 -> n3;
  n0 -> n4;
  n1 -> n2;
  n2 -> n1;
  n3 -> n5;
  n4 -> n5;
}
""",
}


@pytest.mark.parametrize("form", DRAWN)
def test_a_small_graph_is_drawn_like_this(form: DrawingFormat) -> None:
    """Word for word."""
    assert renderer_for(form)(small()) == DRAWN[form]


@pytest.mark.parametrize("form", DrawingFormat)
def test_nothing_at_all_can_be_drawn(form: DrawingFormat) -> None:
    """An empty namespace is no error."""
    assert (
        renderer_for(form)(Drawing((), ())).strip()
        == {
            DrawingFormat.TREE: "",
            DrawingFormat.MERMAID: "flowchart TD\n  classDef cycle stroke:red",
            DrawingFormat.DOT: "digraph images {\n}",
            DrawingFormat.JSON: '{\n  "nodes": [],\n  "edges": []\n}',
        }[form]
    )


@given(drawings())
def test_no_terminal_obeys_a_name(drawing: Drawing) -> None:
    """In no format: every character but our own line breaks can be printed, and can be encoded."""
    for form in DrawingFormat:
        text = renderer_for(form)(drawing)
        assert text.replace("\n", "").isprintable()
        assert text.encode()


def test_a_chain_beyond_the_stack_is_drawn() -> None:
    """No format recurses."""
    graph: ImageGraph[int] = ImageGraph(int)
    for number in range(1, 1_200):
        graph.put(number, [number - 1])
    drawing = draw(graph, graph, lambda number: Description(str(number), str(number), NodeKind.MANAGED))
    for form in DrawingFormat:
        assert renderer_for(form)(drawing).count("\n") >= 1_200
