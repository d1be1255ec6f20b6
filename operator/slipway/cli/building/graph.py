"""`slipway graph`: what stands on what."""

from __future__ import annotations

import sys

from slipway.build.graph.drawing import DrawingFormat, draw, renderer_for
from slipway.cli.building.reading import Cluster
from slipway.cli.building.standing import Node, Standing
from slipway.cli.output import say

__all__ = ["show_graph"]


async def show_graph(cluster: Cluster, name: str | None, form: DrawingFormat, *, everywhere: bool) -> None:
    """Print the graph of images, or the part of it around one of them.

    Args:
        cluster: that is read.
        name: a ManagedImage or an image reference, of which is shown what it stands on, and what stands on
            it; None for all.
        form: in which it is drawn.
        everywhere: whether the images of all namespaces are in it.

    Raises:
        Refused: when the images cannot be read, or there is none of that name.
    """
    standing = Standing.of(await cluster.images(None if everywhere else cluster.namespace))
    nodes = frozenset(standing.graph) if name is None else _around(standing, name, cluster.namespace)
    if not nodes:
        place = "any namespace" if everywhere else f"namespace {cluster.namespace}"
        say(f"There is no ManagedImage in {place}: name another namespace with -n, or all with -A.")
    sys.stdout.write(renderer_for(form)(draw(standing.graph, nodes, standing.describe)))


def _around(standing: Standing, name: str, namespace: str) -> frozenset[Node]:
    found = set[Node]()
    for node in standing.meant(name, namespace):
        found |= {node, *standing.graph.ancestors(node), *standing.graph.descendants(node)}
    return frozenset(found)
