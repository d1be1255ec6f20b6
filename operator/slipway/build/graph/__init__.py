"""The graph of images: what stands on what, and what follows when one of them moves.

graph = ImageGraph(sort_key)                                  # mutable, one thread
graph.put(image, bases)                                       # -> Touched: who answers otherwise now
graph.depth(image), graph.dependents(image), graph.cycle(image), graph.order(images)
predict(graph, base, circumstances)                           # Impact: builds, who is left behind, rollouts

`drawing/` has the formats in which it is shown.
"""

from slipway.build.graph.image_graph import ImageGraph
from slipway.build.graph.impact import Circumstances, Impact, LeftBehind, PlannedBuild, Rollout, predict
from slipway.build.graph.touched import Touched

__all__ = [
    "Circumstances",
    "ImageGraph",
    "Impact",
    "LeftBehind",
    "PlannedBuild",
    "Rollout",
    "Touched",
    "predict",
]
