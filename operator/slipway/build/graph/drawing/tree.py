"""The graph as a tree of text: what stands on a node hangs below it.

python:3.12-slim
├─ shop/base  Current
│  └─ shop/api  Building
└─ shop/tools  Current
   └─ shop/api  Building ↑

A node hangs below everything that it stands on, but what is below it is shown once: `↑` says that it was
further up. `↻` marks members of a cycle.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from slipway.build.graph.drawing.drawing import Drawing, DrawnNode
from slipway.build.graph.drawing.visible import visible

__all__ = ["render_tree"]

_DRAWN: Final = "├│└─↑↻ "
"""What the drawing is made of, blanks included: escaped in names, so that none passes for a part of it."""


def render_tree(drawing: Drawing) -> str:
    """One line for each edge, for each root, and for one node of each cycle that is below no root."""
    return "".join(f"{line}\n" for line in _Tree(drawing).lines())


class _Tree:
    """One drawing on its way to lines."""

    __slots__ = ("_above", "_below", "_nodes", "_shown")

    def __init__(self, drawing: Drawing) -> None:
        self._nodes = {node.id: node for node in drawing.nodes}
        self._below: dict[str, list[str]] = {node.id: [] for node in drawing.nodes}
        self._above = set[str]()
        self._shown = set[str]()
        for base, dependent in drawing.edges:
            self._below[base].append(dependent)
            self._above.add(dependent)

    def lines(self) -> Iterator[str]:
        """Roots first; then what hangs below no root, for a cycle is above it."""
        for root in (id_ for id_ in self._nodes if id_ not in self._above):
            yield from self._branch(root)
        for start in self._nodes:
            if start not in self._shown:
                yield from self._branch(start)

    def _branch(self, start: str) -> Iterator[str]:
        # No recursion: a chain may be longer than Python's stack.
        ahead = [(start, "", "")]
        while ahead:
            id_, glyph, indent = ahead.pop()
            seen = id_ in self._shown
            self._shown.add(id_)
            yield f"{glyph}{_line(self._nodes[id_], seen=seen)}"
            if not seen:
                ahead += reversed(list(self._rows_below(id_, indent)))

    def _rows_below(self, id_: str, indent: str) -> Iterator[tuple[str, str, str]]:
        """Each with what stands before its name, and before the names below it."""
        below = self._below[id_]
        for place, child in enumerate(below, start=1):
            last = place == len(below)
            yield child, indent + ("└─ " if last else "├─ "), indent + ("   " if last else "│  ")


def _line(node: DrawnNode, *, seen: bool) -> str:
    parts = (visible(node.label, reserved=_DRAWN), visible(node.phase, reserved=_DRAWN))
    marks = ("↻" if node.cycle else "", "↑" if seen else "")
    return " ".join(filter(None, ("  ".join(filter(None, parts)), *marks)))
