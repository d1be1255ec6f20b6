"""The graph of images on paper: one file for each format, and a factory.

drawing = draw(graph, nodes, describe)                 # in order, without anything of the graph
text = renderer_for(DrawingFormat.MERMAID)(drawing)
"""

from slipway.build.graph.drawing.draw import Description, draw
from slipway.build.graph.drawing.drawing import Drawing, DrawnNode, NodeKind
from slipway.build.graph.drawing.factory import DrawingFormat, Renderer, renderer_for

__all__ = [
    "Description",
    "Drawing",
    "DrawingFormat",
    "DrawnNode",
    "NodeKind",
    "Renderer",
    "draw",
    "renderer_for",
]
