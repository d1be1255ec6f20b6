from __future__ import annotations

import pytest

from slipway.build.graph import ImageGraph
from slipway.build.graph.drawing import Description, Drawing, DrawnNode, NodeKind, draw


def described(node: str) -> Description:
    return Description(f"id-{node}", node, NodeKind.MANAGED, "Current")


def graph() -> ImageGraph[str]:
    made: ImageGraph[str] = ImageGraph(str)
    for node, parents in {"c": "ab", "b": "a", "d": "c", "y": "x", "x": "y"}.items():
        made.put(node, parents)
    return made


def test_nodes_are_upstream_first_and_edges_follow_them() -> None:
    """The same graph is drawn the same, whatever came first."""
    drawing = draw(graph(), "dcba", described)
    assert [node.label for node in drawing.nodes] == ["a", "b", "c", "d"]
    assert drawing.edges == (("id-a", "id-b"), ("id-a", "id-c"), ("id-b", "id-c"), ("id-c", "id-d"))


def test_only_what_was_asked_for_is_drawn() -> None:
    """Without edges to the others."""
    drawing = draw(graph(), "ad", described)
    assert [node.id for node in drawing.nodes] == ["id-a", "id-d"]
    assert drawing.edges == ()


def test_depth_and_cycle_come_from_the_graph() -> None:
    """The rest from the description."""
    (cyclic, _), (root,) = draw(graph(), "xy", described).nodes, draw(graph(), "a", described).nodes
    assert cyclic == DrawnNode("id-x", "x", NodeKind.MANAGED, "Current", depth=None, cycle=True)
    assert root == DrawnNode("id-a", "a", NodeKind.MANAGED, "Current", depth=0, cycle=False)


def test_two_nodes_of_one_id_are_refused() -> None:
    """The edges of one would be taken for those of the other."""
    with pytest.raises(ValueError, match="same id"):
        draw(graph(), "ab", lambda _: Description("one", "one", NodeKind.BASE))


def test_a_node_without_a_label_is_refused() -> None:
    """Nobody would see what it is, and Mermaid takes it for an error of syntax."""
    with pytest.raises(ValueError, match="no label"):
        draw(graph(), "a", lambda _: Description("a", "", NodeKind.BASE))


def test_an_edge_to_nowhere_is_refused() -> None:
    """Formats would each make something else of it."""
    with pytest.raises(ValueError, match="leads to no node"):
        Drawing((), (("a", "b"),))
