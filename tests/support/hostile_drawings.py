"""Drawings with names that somebody thought about."""

from __future__ import annotations

from hypothesis import strategies as st

from slipway.build.graph import ImageGraph
from slipway.build.graph.drawing import Description, Drawing, NodeKind, draw

__all__ = ["drawings", "hostile_texts"]

_SYNTAX = (
    """ " ' ` < > & # ; \\ --> ] )] "] "; } | %% $$ -- :// ::: <br/> <script> &lt; &quot; #34; #quot; """
)
_LANGUAGE = r" \N \G \l end graph style classDef click 1. - python:3.12-slim shop/api Current a é 日 😀 "
_DRAWN = ("├─ ", "└─ ", "│  ", " ↑", " ↻")
_CONTROL = (
    "\n",
    "\r",
    "\t",
    "\x00",
    "\x1b[31m",
    "\x1b]0;title\x07",
    "\x9b",
    "\u202e",
    "\u200b",
    "\u2028",
    "\ud800",
)
_PIECES = (*_SYNTAX.split(), *_LANGUAGE.split(), *_DRAWN, *_CONTROL, " ")

hostile_texts = st.lists(st.sampled_from(_PIECES), min_size=1, max_size=4).map("".join)
"""What breaks syntax or terminals if it is not escaped."""

_graphs = st.lists(st.sets(st.integers(0, 3), max_size=2), min_size=4, max_size=4)


@st.composite
def drawings(draw_from: st.DrawFn) -> Drawing:
    """Any small graph, cycles included, with such names and phases."""
    names = draw_from(st.lists(hostile_texts, min_size=4, max_size=4, unique=True))
    kinds = draw_from(st.permutations([*NodeKind, NodeKind.MANAGED]))
    phase = draw_from(st.just("") | hostile_texts)
    graph: ImageGraph[int] = ImageGraph(int)
    for number, parents in enumerate(draw_from(_graphs)):
        graph.put(number, parents)
    return draw(graph, graph, lambda number: Description(names[number], names[number], kinds[number], phase))
