"""What a change of the graph is told for."""

from __future__ import annotations

from typing import Generic, NamedTuple

from slipway.build.graph.vertex import Node

__all__ = ["Touched"]


class Touched(NamedTuple, Generic[Node]):
    """Whom a change concerns; nobody where it changed nothing."""

    changed: tuple[Node, ...] = ()
    """Each node whose cycle or number of dependents is another now, and the one whose depth may be.

    Each once; where a cycle was touched, perhaps also some that answer as before.
    """

    tops: tuple[Node, ...] = ()
    """Nodes below which depths may be others now: see `ImageGraph.below`. Nowhere else are they."""
