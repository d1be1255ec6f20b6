from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.graph import ImageGraph
from slipway.build.graph.schedule import Slot, schedule


def graph_of(stands_on: dict[str, str]) -> ImageGraph[str]:
    graph: ImageGraph[str] = ImageGraph(str)
    for node, parents in stands_on.items():
        graph.put(node, parents)
    return graph


@pytest.mark.parametrize(
    ("stands_on", "seconds", "at_once", "slots"),
    [
        pytest.param({}, {"a": 3}, 1, {"a": (0, 3)}, id="one alone"),
        pytest.param({}, {"a": 3, "b": 2}, 2, {"a": (0, 3), "b": (0, 2)}, id="two side by side"),
        pytest.param({}, {"a": 3, "b": 2}, 1, {"a": (0, 3), "b": (3, 5)}, id="two one after the other"),
        pytest.param({"b": "a"}, {"a": 3, "b": 2}, 2, {"a": (0, 3), "b": (3, 5)}, id="one on the other"),
        pytest.param(
            {"d": "bc", "b": "a", "c": "a"},
            {"a": 1, "b": 2, "c": 5, "d": 1},
            9,
            {"a": (0, 1), "b": (1, 3), "c": (1, 6), "d": (6, 7)},
            id="a diamond waits for both",
        ),
        pytest.param(
            {"c": "a"},
            {"a": 2, "b": 2, "c": 1, "d": 4},
            2,
            {"a": (0, 2), "b": (0, 2), "c": (2, 3), "d": (2, 6)},
            id="ends at the same time count before anything begins",
        ),
        pytest.param(
            {"b": "x", "x": "a"},
            {"a": 2, "b": 2},
            2,
            {"a": (0, 2), "b": (0, 2)},
            id="what is no task holds none up",
        ),
        pytest.param({"b": "a"}, {"a": 0, "b": 0}, 1, {"a": (0, 0), "b": (0, 0)}, id="no time at all"),
    ],
)
def test_each_begins_as_soon_as_it_can(
    stands_on: dict[str, str], seconds: dict[str, float], at_once: int, slots: dict[str, tuple[float, float]]
) -> None:
    """After all that it stands on, where a place is free."""
    graph = graph_of(stands_on)
    expected = {task: Slot(*slot) for task, slot in slots.items()}
    assert schedule(graph, graph.order(seconds), seconds, at_once) == expected


@st.composite
def cases(draw: st.DrawFn) -> tuple[ImageGraph[int], dict[int, int], int]:
    """A graph without cycles, whole seconds, and some places."""
    count = draw(st.integers(1, 9))
    graph: ImageGraph[int] = ImageGraph(int)
    for number in range(count):
        graph.put(
            number,
            {base for base in draw(st.sets(st.integers(0, count), max_size=3)) if base < number},
        )
    times = draw(st.lists(st.integers(0, 5), min_size=count, max_size=count))
    return graph, dict(enumerate(times)), draw(st.integers(1, 4))


@given(cases())
def test_the_bounds_of_every_schedule_hold(case: tuple[ImageGraph[int], dict[int, int], int]) -> None:
    """Never more at once than allowed, nobody before its parents, and no place left free for nothing."""
    graph, seconds, at_once = case
    slots = schedule(graph, graph.order(seconds), seconds, at_once)
    assert {task: slot.end - slot.start for task, slot in slots.items()} == seconds
    for task, slot in slots.items():
        assert all(slots[parent].end <= slot.start for parent in graph.parents(task))
    for moment in {slot.start for slot in slots.values()}:
        assert sum(1 for slot in slots.values() if slot.start <= moment < slot.end) <= at_once
    total, chain = max(slot.end for slot in slots.values()), longest_chain(graph, seconds)
    work = sum(seconds.values()) / at_once
    assert max(chain, work) <= total <= work + chain * (1 - 1 / at_once) + 1e-9, "Graham's bound"


def longest_chain(graph: ImageGraph[int], seconds: dict[int, int]) -> int:
    ends: dict[int, int] = {}
    for task in sorted(seconds):
        ends[task] = seconds[task] + max((ends[parent] for parent in graph.parents(task)), default=0)
    return max(ends.values())
