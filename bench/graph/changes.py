"""Kinds of change of one image, each as what an image stands on instead, and what all of them cost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from random import Random
from statistics import median
from typing import Final, NamedTuple

from slipway.build.graph import ImageGraph
from slipway.engine.key import Key

__all__ = ["PARTIAL", "WHOLE", "Change", "Cost", "cost"]

_SAMPLE: Final = 50
_REPEATS: Final = 3
_NEW: Final = Key("managedimages.slipway.dev", "team-new", "image-new")

Graph = ImageGraph[Key]


class Change(NamedTuple):
    """One image stands on something else."""

    image: Key
    bases: Sequence[Key]


@dataclass(frozen=True, slots=True)
class Cost:
    """What changes of one kind cost, in ms of CPU, and what it cost to take them back.

    A change is the put, and the depth of that image asked for after it. Before it the depths of the image and
    of its bases were known, as they are after a reconcile.
    """

    median: float
    worst: float
    worst_back: float
    most_told: int
    """The most nodes that had to be told of one of them."""
    worst_telling: float
    """To find those, once for any number of changes."""
    worst_asking: float
    """To have the depth of each of them."""


class _Times(NamedTuple):
    there: float
    back: float
    telling: float
    asking: float


def cost(graph: Graph, changes: Iterable[Change]) -> Cost:
    """Make each change and take it back, several times: the best time counts, for others use the cores."""
    best, told = [], 0
    for change in changes:
        before = graph.parents(change.image) if change.image in graph else None
        times = []
        for _ in range(_REPEATS):
            taken, count = _there_and_back(graph, change, before)
            times.append(taken)
            told = max(told, count)
        best.append(_Times(*map(min, zip(*times, strict=True))))
    return Cost(
        median(one.there for one in best),
        max(one.there for one in best),
        max(one.back for one in best),
        told,
        max(one.telling for one in best),
        max(one.asking for one in best),
    )


def _there_and_back(graph: Graph, change: Change, before: Sequence[Key] | None) -> tuple[_Times, int]:
    _ask(graph, (change.image, *change.bases))
    begun = time.thread_time()
    touched = graph.put(change.image, change.bases)
    graph.depth(change.image)
    changed = time.thread_time()
    told = graph.below(touched.tops).union(touched.changed)
    all_told = time.thread_time()
    _ask(graph, told)
    asked = time.thread_time()
    _ask(graph, (change.image, *(before or ())))
    turned = time.thread_time()
    if before is None:
        graph.remove(change.image)
    else:
        graph.put(change.image, before)
    graph.depth(change.image)
    ended = time.thread_time()
    times = (changed - begun, ended - turned, all_told - changed, asked - all_told)
    return _Times(*(seconds * 1000 for seconds in times)), len(told)


def _ask(graph: Graph, images: Iterable[Key]) -> None:
    for image in images:
        graph.depth(image)


def _new_images(_: Graph, images: Sequence[Key]) -> Iterator[Change]:
    chance = Random(2)
    yield from (Change(_NEW, chance.sample(images, 3)) for number in range(_SAMPLE))


def _other_bases(graph: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """Others of the same depth, as when an image goes from one version of its base to the next."""
    chance = Random(3)
    depths: dict[int | None, list[Key]] = {}
    for image in images:
        depths.setdefault(graph.depth(image), []).append(image)
    for image in chance.sample(images, _SAMPLE):
        yield Change(image, [chance.choice(depths[graph.depth(base)]) for base in graph.parents(image)])


def _deeper(graph: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """A base of its own depth for an image of the third or fourth level: what is below it moves down."""
    yield from _beside(graph, images[50:1_000])


def _deeper_near_the_top(graph: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """The same for one of the second level, which most others stand on."""
    yield from _beside(graph, images[10:50])


def _beside(graph: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """Each gets a base of its own depth; one that is alone at its depth becomes a root instead."""
    chance = Random(4)
    for image in chance.sample(images, min(_SAMPLE, len(images))):
        beside = [other for other in images if graph.depth(other) == graph.depth(image) and other != image]
        yield Change(image, [*graph.parents(image), chance.choice(beside)] if beside else ())


def _cycles(graph: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """An image stands on one of those that stand on it."""
    for image in Random(5).sample([image for image in images if graph.dependents(image)], _SAMPLE):
        yield Change(image, (*graph.parents(image), graph.children(image)[-1]))


def _top(_: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """What most images stand on moves down a step, and all of them with it."""
    yield Change(images[0], (_NEW,))


def _whole_cycle(graph: Graph, images: Sequence[Key]) -> Iterator[Change]:
    """The top stands on the last one that stands on it: all between them are in a cycle."""
    *_, last = graph.descendants(images[0])
    yield Change(images[0], (last,))


Kind = Callable[[Graph, Sequence[Key]], Iterator[Change]]
"""Gets the graph as it is, and the images upstream first."""

PARTIAL: Final[dict[str, Kind]] = {
    "new image": _new_images,
    "other bases of the same depth": _other_bases,
    "one step deeper": _deeper,
    "cycle": _cycles,
}
"""Changes as they happen, by name."""

WHOLE: Final[dict[str, Kind]] = {
    "one step deeper near the top": _deeper_near_the_top,
    "top of all a step deeper": _top,
    "cycle from top to bottom": _whole_cycle,
}
"""Changes after which most images have another depth or are in a cycle."""
