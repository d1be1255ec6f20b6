"""One graph: filled, changed, and weighed."""

from __future__ import annotations

import gc
import os
import sys
import time
import tracemalloc
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.common.readings import MEGABYTE
from bench.graph.changes import PARTIAL, WHOLE, Cost, cost
from bench.graph.population import Shape
from slipway.build.graph import ImageGraph
from slipway.engine.key import Key

__all__ = ["Measurement", "measure"]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one graph cost. Times are CPU, for other work shares the cores; MB are 1,000,000 bytes."""

    shape: str
    images: int
    edges: int
    fill_ms: float
    """All images put, one after the other, in the order of their names."""
    fill_median_ms: float
    fill_worst_ms: float
    """The slowest single put of them."""
    changes: dict[str, Cost]
    traced: float
    """Memory of the graph alone, the names of the images apart."""
    rss: float
    """By how much the process grew as the graph was filled."""


def measure(shape: Shape) -> Measurement:
    """Measure one graph, in a process that has made no other: it is told by how much the process grew."""
    _say(f"{shape.name}: filling")
    graph: ImageGraph[Key] = ImageGraph(_by_name)
    before = _rss()
    times = _fill(graph, sorted(shape.stands_on.items()))
    rss = _rss() - before
    gc.freeze()
    costs = {}
    for name, kind in (PARTIAL | WHOLE).items():
        _say(f"{shape.name}: {name}")
        costs[name] = cost(graph, kind(graph, list(shape.stands_on)))
    _say(f"{shape.name}: weighing")
    return Measurement(
        shape=shape.name,
        images=len(shape.stands_on),
        edges=shape.edges,
        fill_ms=sum(times),
        fill_median_ms=median(times),
        fill_worst_ms=max(times),
        changes=costs,
        traced=_traced(shape) / MEGABYTE,
        rss=rss / MEGABYTE,
    )


def _say(step: str) -> None:
    print(step, file=sys.stderr, flush=True)


def _by_name(key: Key) -> Key:
    return key


def _fill(graph: ImageGraph[Key], images: Iterable[tuple[Key, Iterable[Key]]]) -> list[float]:
    times = []
    for image, bases in images:
        begun = time.thread_time()
        graph.put(image, bases)
        times.append((time.thread_time() - begun) * 1000)
    return times


def _rss() -> int:
    # proc_pid_statm(5): the second number is the resident pages.
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def _traced(shape: Shape) -> int:
    tracemalloc.start()
    try:
        graph: ImageGraph[Key] = ImageGraph(_by_name)
        for image, bases in shape.stands_on.items():
            graph.put(image, bases)
        return tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
