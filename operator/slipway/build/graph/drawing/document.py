"""The graph as JSON, for programs."""

from __future__ import annotations

import json

from slipway.build.graph.drawing.drawing import Drawing

__all__ = ["render_json"]


def render_json(drawing: Drawing) -> str:
    """`{"nodes": [...], "edges": [{"from": …, "to": …}]}`, in ASCII: no terminal obeys it either."""
    nodes = [
        {
            "id": node.id,
            "label": node.label,
            "kind": node.kind,
            "phase": node.phase,
            "depth": node.depth,
            "cycle": node.cycle,
        }
        for node in drawing.nodes
    ]
    edges = [{"from": base, "to": dependent} for base, dependent in drawing.edges]
    return json.dumps({"nodes": nodes, "edges": edges}, indent=2) + "\n"
