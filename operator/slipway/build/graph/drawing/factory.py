"""Every format that a graph is drawn in: to add one, write its file, and add its line here."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import assert_never

from slipway.build.graph.drawing.document import render_json
from slipway.build.graph.drawing.dot import render_dot
from slipway.build.graph.drawing.drawing import Drawing
from slipway.build.graph.drawing.mermaid import render_mermaid
from slipway.build.graph.drawing.tree import render_tree

__all__ = ["DrawingFormat", "Renderer", "renderer_for"]

Renderer = Callable[[Drawing], str]
"""Gives the whole text, which ends with a line break."""


class DrawingFormat(StrEnum):
    """The words by which people ask for a format."""

    TREE = "tree"
    MERMAID = "mermaid"
    DOT = "dot"
    JSON = "json"


def renderer_for(form: DrawingFormat) -> Renderer:
    """What draws in this format."""
    match form:
        case DrawingFormat.TREE:
            return render_tree
        case DrawingFormat.MERMAID:
            return render_mermaid
        case DrawingFormat.DOT:
            return render_dot
        case DrawingFormat.JSON:
            return render_json
        case _:
            assert_never(form)
