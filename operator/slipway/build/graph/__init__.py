"""The graph of images: what stands on what, what a change upstream leads to, and drawings of both.

graph = ImageGraph(sort_key)                                  # mutable, one thread
graph.put(image, bases)                                       # -> the nodes that answer otherwise now
graph.depth(image), graph.dependents(image), graph.cycle(image), graph.order(images)
"""

from slipway.build.graph.image_graph import ImageGraph

__all__ = ["ImageGraph"]
