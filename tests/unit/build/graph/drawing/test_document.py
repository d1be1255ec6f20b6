from __future__ import annotations

import json

from hypothesis import given

from slipway.build.graph.drawing import Drawing, DrawnNode, NodeKind
from slipway.build.graph.drawing.document import render_json
from tests.support.hostile_drawings import drawings


@given(drawings())
def test_everything_is_read_back(drawing: Drawing) -> None:
    """Names as they are, nothing escaped twice."""
    document = json.loads(render_json(drawing))
    nodes = tuple(DrawnNode(**{**node, "kind": NodeKind(node["kind"])}) for node in document["nodes"])
    edges = tuple((edge["from"], edge["to"]) for edge in document["edges"])
    assert Drawing(nodes, edges) == drawing
