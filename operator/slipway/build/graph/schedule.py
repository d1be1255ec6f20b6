"""When each of some tasks begins and ends, if so many at most are under way: list scheduling."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from heapq import heapify, heappop, heappush
from typing import Generic, NamedTuple

from slipway.build.graph.image_graph import ImageGraph
from slipway.build.graph.vertex import Node

__all__ = ["Slot", "schedule"]


class Slot(NamedTuple):
    """When a task runs, in seconds after the first may begin."""

    start: float
    end: float


def schedule(
    graph: ImageGraph[Node], tasks: Sequence[Node], seconds: Mapping[Node, float], at_once: int
) -> dict[Node, Slot]:
    """Give each task the first free place after all tasks that it stands on directly.

    Where several could have a place, it goes to the first in the order of the tasks. No place is free while a
    task could have it: all together take at most the work by the places, and the longest chain (Graham).

    Args:
        graph: who stands on whom; what is no task holds nobody up.
        tasks: upstream first, none of them in a cycle.
        seconds: how long each takes.
        at_once: how many places there are, at least 1.
    """
    return _Timetable(graph, tasks, seconds).fill(at_once)


class _Timetable(Generic[Node]):
    """Tasks by their place in the order, which is what the heaps compare."""

    __slots__ = ("_below", "_missing", "_ready", "_seconds", "_slots", "_tasks")

    def __init__(self, graph: ImageGraph[Node], tasks: Sequence[Node], seconds: Mapping[Node, float]) -> None:
        place = {task: number for number, task in enumerate(tasks)}
        above = [[place[parent] for parent in graph.parents(task) if parent in place] for task in tasks]
        self._tasks = tasks
        self._seconds = seconds
        self._slots: dict[Node, Slot] = {}
        self._missing = [len(parents) for parents in above]
        self._below: list[list[int]] = [[] for _ in tasks]
        for number, parents in enumerate(above):
            for parent in parents:
                self._below[parent].append(number)
        self._ready = [number for number, missing in enumerate(self._missing) if not missing]
        heapify(self._ready)

    def fill(self, at_once: int) -> dict[Node, Slot]:
        """Go from end to end of a task, and begin what can begin then."""
        running: list[tuple[float, int]] = []
        now = 0.0
        while self._ready or running:
            while self._ready and len(running) < at_once:
                heappush(running, self._begin(now))
            now = running[0][0]
            while running and running[0][0] <= now:
                self._end(heappop(running)[1])
        return self._slots

    def _begin(self, now: float) -> tuple[float, int]:
        number = heappop(self._ready)
        task = self._tasks[number]
        slot = self._slots[task] = Slot(now, now + self._seconds[task])
        return slot.end, number

    def _end(self, number: int) -> None:
        for child in self._below[number]:
            self._missing[child] -= 1
            if not self._missing[child]:
                heappush(self._ready, child)
