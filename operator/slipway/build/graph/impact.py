"""What a move of one image leads to: who is built anew, when, what rolls out, and who stays behind.

An image is built anew when one that it stands on directly moved: the start, or one that is built itself. Who
is affected but held, for a reason that the caller tells, keeps what stands on it alone from moving.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from statistics import median
from typing import Final, Generic, TypeVar

from slipway.build.graph.image_graph import ImageGraph
from slipway.build.graph.schedule import schedule
from slipway.build.graph.vertex import Node

__all__ = [
    "DEFAULT_SECONDS",
    "IN_A_CYCLE",
    "Circumstances",
    "Impact",
    "LeftBehind",
    "PlannedBuild",
    "Rollout",
    "predict",
]

Consumer = TypeVar("Consumer")
"""What uses an image without being one, such as a Deployment."""

DEFAULT_SECONDS: Final = 120.0
"""How long a build is taken to last where no build of any affected image is known."""

IN_A_CYCLE: Final = "it is in a cycle of images"
"""The reason of those that stand on themselves."""


@dataclass(frozen=True, slots=True)
class Circumstances(Generic[Node, Consumer]):
    """What the graph does not know."""

    seconds: Callable[[Node], float | None]
    """How long a build of it is going to last, from past ones; None where there are none."""

    held: Callable[[Node], str | None]
    """Why it is not built anew by itself: built elsewhere, Manual, Notify, suspended. None where it is."""

    consumers: Callable[[Node], Iterable[Consumer]]
    """What rolls out when it has moved."""

    at_once: int
    """How many builds may be under way, at least 1."""

    default_seconds: float = DEFAULT_SECONDS
    """For images of unknown build time, if no other image has a known one; else these get the median."""


@dataclass(frozen=True, slots=True)
class PlannedBuild(Generic[Node]):
    """One image that is built anew. Times are seconds after the move."""

    node: Node
    wave: int
    """How many builds are in the longest chain from the start to this one, itself included."""

    start: float
    end: float
    guessed: bool
    """Whether no build of it is known, so that its time is that of others."""


@dataclass(frozen=True, slots=True)
class LeftBehind(Generic[Node]):
    """One image that is affected, but not built anew."""

    node: Node
    reason: str | None
    """Why; None where it would be built if what it stands on were."""

    waits_for: tuple[Node, ...]
    """The affected images that it stands on directly, none of which moves; empty where there is a reason."""


@dataclass(frozen=True, slots=True)
class Rollout(Generic[Node, Consumer]):
    """One use of an affected image."""

    consumer: Consumer
    node: Node
    at: float | None
    """Seconds after the move; None where the image is left behind."""


@dataclass(frozen=True, slots=True)
class Impact(Generic[Node, Consumer]):
    """All that follows from one move."""

    start: Node
    builds: tuple[PlannedBuild[Node], ...]
    """In the order in which they begin."""

    left_behind: tuple[LeftBehind[Node], ...]
    """Upstream first."""

    rollouts: tuple[Rollout[Node, Consumer], ...]
    """As they happen; those that do not happen are last."""

    seconds: float
    """From the move to the end of the last build; 0 without builds."""


def predict(
    graph: ImageGraph[Node], start: Node, circumstances: Circumstances[Node, Consumer]
) -> Impact[Node, Consumer]:
    """Tell what happens when an image moves.

    Args:
        graph: it is not changed.
        start: what moved, which is not built itself: a base, or one of ours whose build has ended.
        circumstances: asked once for each affected image; `consumers` for the start too.

    Raises:
        ValueError: fewer than one build at once, or a build time that is negative or no number.
    """
    if circumstances.at_once < 1:
        msg = f"{circumstances.at_once} builds at once would never end; allow at least 1"
        raise ValueError(msg)
    affected = graph.order(graph.descendants(start))
    left_behind = _left_behind(graph, start, affected, circumstances.held)
    built = [node for node in affected if node not in left_behind]
    builds = _builds(graph, built, circumstances)
    moved_at = {start: 0.0, **{build.node: build.end for build in builds}}
    return Impact(
        start,
        builds,
        tuple(left_behind.values()),
        _rollouts([*moved_at, *left_behind], moved_at, circumstances.consumers),
        seconds=max(moved_at.values()),
    )


def _left_behind(
    graph: ImageGraph[Node], start: Node, affected: Iterable[Node], held: Callable[[Node], str | None]
) -> dict[Node, LeftBehind[Node]]:
    moves = {start}
    found: dict[Node, LeftBehind[Node]] = {}
    for node in affected:
        reason = IN_A_CYCLE if graph.depth(node) is None else held(node)
        parents = graph.parents(node)
        if reason is None and not moves.isdisjoint(parents):
            moves.add(node)
            continue
        waits_for = tuple(parent for parent in parents if parent in found) if reason is None else ()
        found[node] = LeftBehind(node, reason, waits_for)
    return found


def _builds(
    graph: ImageGraph[Node], nodes: list[Node], circumstances: Circumstances[Node, Consumer]
) -> tuple[PlannedBuild[Node], ...]:
    told = {node: _checked(circumstances.seconds(node)) for node in nodes}
    guess = _guess(told, circumstances.default_seconds)
    seconds = {node: guess if known is None else known for node, known in told.items()}
    slots = schedule(graph, nodes, seconds, circumstances.at_once)
    waves = _waves(graph, nodes)
    builds = (
        PlannedBuild(node, waves[node], slot.start, slot.end, guessed=told[node] is None)
        for node, slot in slots.items()
    )
    return tuple(builds)


def _checked(seconds: float | None) -> float | None:
    if seconds is not None and not 0 <= seconds < math.inf:
        msg = f"a build cannot last {seconds} seconds; tell None where no past build is known"
        raise ValueError(msg)
    return seconds


def _guess(told: Mapping[Node, float | None], default: float) -> float:
    known = [seconds for seconds in told.values() if seconds is not None]
    return median(known) if known else default


def _waves(graph: ImageGraph[Node], nodes: Iterable[Node]) -> dict[Node, int]:
    waves: dict[Node, int] = {}
    for node in nodes:
        waves[node] = 1 + max((waves.get(parent, 0) for parent in graph.parents(node)), default=0)
    return waves


def _rollouts(
    nodes: Iterable[Node], moved_at: Mapping[Node, float], consumers: Callable[[Node], Iterable[Consumer]]
) -> tuple[Rollout[Node, Consumer], ...]:
    rollouts = [Rollout(consumer, node, moved_at.get(node)) for node in nodes for consumer in consumers(node)]
    return tuple(sorted(rollouts, key=lambda rollout: math.inf if rollout.at is None else rollout.at))
