from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.graph import ImageGraph
from slipway.build.graph.impact import (
    IN_A_CYCLE,
    Circumstances,
    Impact,
    LeftBehind,
    PlannedBuild,
    Rollout,
    predict,
)

DIAMOND = {"b": "a", "c": "a", "d": "bc"}


def impact_of(
    stands_on: Mapping[str, str],
    start: str = "a",
    *,
    seconds: Mapping[str, float] | None = None,
    held: Mapping[str, str] | None = None,
    consumers: Mapping[str, str] | None = None,
    at_once: int = 9,
) -> Impact[str, str]:
    """What happens in a graph of images with names of one letter each."""
    graph: ImageGraph[str] = ImageGraph(str)
    for node, parents in stands_on.items():
        graph.put(node, parents)
    circumstances = Circumstances(
        seconds=(seconds or {}).get,
        held=(held or {}).get,
        consumers=lambda node: (consumers or {}).get(node, ""),
        at_once=at_once,
        default_seconds=10,
    )
    return predict(graph, start, circumstances)


def test_a_diamond_is_built_once_in_two_waves() -> None:
    """F43: its lower end waits for both sides."""
    impact = impact_of(DIAMOND, seconds={"b": 5, "c": 7, "d": 1})
    assert impact.builds == (
        PlannedBuild("b", wave=1, start=0, end=5, guessed=False),
        PlannedBuild("c", wave=1, start=0, end=7, guessed=False),
        PlannedBuild("d", wave=2, start=7, end=8, guessed=False),
    )
    assert (impact.left_behind, impact.seconds) == ((), 8)


def test_one_at_a_time_takes_longer() -> None:
    """The limit counts for all of them together."""
    impact = impact_of(DIAMOND, seconds={"b": 5, "c": 7, "d": 1}, at_once=1)
    assert [(build.node, build.start) for build in impact.builds] == [("b", 0), ("c", 5), ("d", 12)]


def test_what_is_beside_or_above_is_not_affected() -> None:
    """Only what stands on the start, directly or not."""
    impact = impact_of({**DIAMOND, "a": "r", "e": "r"})
    assert [build.node for build in impact.builds] == ["b", "c", "d"]


def test_nothing_stands_on_it() -> None:
    """Nor on what nobody named."""
    assert impact_of(DIAMOND, "z") == Impact("z", (), (), (), seconds=0)


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        pytest.param({"b": 2, "c": 8, "d": 4}, {"b": 2, "c": 8, "d": 4}, id="known ones count as they are"),
        pytest.param({"b": 2, "c": 8}, {"b": 2, "c": 8, "d": 5}, id="an unknown one gets the median"),
        pytest.param({"b": 2, "z": 90}, {"b": 2, "c": 2, "d": 2}, id="who is not affected does not count"),
        pytest.param({}, {"b": 10, "c": 10, "d": 10}, id="where none is known there is a default"),
    ],
)
def test_unknown_build_times_are_guessed(seconds: dict[str, float], expected: dict[str, float]) -> None:
    """And the guesses are marked."""
    builds = impact_of(DIAMOND, seconds=seconds).builds
    assert {build.node: build.end - build.start for build in builds} == expected
    assert {build.node for build in builds if build.guessed} == {"b", "c", "d"} - set(seconds)


def test_who_is_held_keeps_those_behind_it() -> None:
    """What stands on something else that moves is built nonetheless."""
    impact = impact_of({**DIAMOND, "e": "b", "f": "e"}, held={"b": "its policy is Manual"})
    assert [build.node for build in impact.builds] == ["c", "d"]
    assert impact.left_behind == (
        LeftBehind("b", "its policy is Manual", ()),
        LeftBehind("e", None, ("b",)),
        LeftBehind("f", None, ("e",)),
    )


def test_a_reason_of_its_own_counts_also_behind_another() -> None:
    """Who rebuilds `b` by hand still has to rebuild `e` by hand."""
    impact = impact_of({"b": "a", "e": "b"}, held={"b": "it is suspended", "e": "it is built elsewhere"})
    assert impact.left_behind[1] == LeftBehind("e", "it is built elsewhere", ())


def test_a_cycle_stalls_its_members_and_what_stands_on_them_alone() -> None:
    """The others go on."""
    impact = impact_of({"x": "ay", "y": "x", "b": "y", "c": "a"})
    assert [build.node for build in impact.builds] == ["c"]
    assert impact.left_behind == (
        LeftBehind("x", IN_A_CYCLE, ()),
        LeftBehind("y", IN_A_CYCLE, ()),
        LeftBehind("b", None, ("y",)),
    )


def test_a_start_in_a_cycle_is_not_built_by_itself() -> None:
    """It has moved already."""
    impact = impact_of({"a": "b", "b": "a", "c": "a"})
    assert [build.node for build in impact.builds] == ["c"]
    assert [left.node for left in impact.left_behind] == ["b"]


def test_consumers_roll_out_when_their_image_has_moved() -> None:
    """Those of the start at once, and those of images that stay behind not at all."""
    impact = impact_of(
        {"b": "a", "c": "a", "d": "b"},
        seconds={"b": 5, "d": 3},
        held={"c": "its policy is Notify"},
        consumers={"a": "P", "b": "QR", "c": "S", "d": "Q"},
    )
    assert impact.rollouts == (
        Rollout("P", "a", 0),
        Rollout("Q", "b", 5),
        Rollout("R", "b", 5),
        Rollout("Q", "d", 8),
        Rollout("S", "c", None),
    )


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf")])
def test_impossible_times_are_refused(seconds: float) -> None:
    """Before they spoil a whole prediction."""
    with pytest.raises(ValueError, match="a build cannot last"):
        impact_of(DIAMOND, seconds={"d": seconds})


def test_nobody_can_build_without_a_place() -> None:
    """It would never end."""
    with pytest.raises(ValueError, match="at least 1"):
        impact_of(DIAMOND, at_once=0)


def test_a_cascade_of_a_thousand_in_six_levels_needs_twenty_two_waves_at_most() -> None:
    """S10 with 50 at once: 999 builds of one second each."""
    sizes = (1, 4, 20, 75, 300, 600)
    graph: ImageGraph[tuple[int, int]] = ImageGraph(lambda node: node)
    for level, (above, size) in enumerate(pairwise(sizes), start=1):
        for number in range(size):
            second = [(level - 1, (number + 1) % above)] if number % 10 == 0 else []
            graph.put((level, number), [(level - 1, number % above), *second])
    circumstances: Circumstances[tuple[int, int], str] = Circumstances(
        seconds=lambda _: 1.0, held=lambda _: None, consumers=lambda _: (), at_once=50
    )
    impact = predict(graph, (0, 0), circumstances)
    assert len(impact.builds) == 999
    assert 20 <= impact.seconds <= 22
    assert max(build.wave for build in impact.builds) == 5


letters = st.sampled_from("abcdefg")


@given(
    st.dictionaries(letters, st.sets(letters, max_size=3).map("".join), max_size=7),
    st.dictionaries(letters, st.just("held")),
)
def test_everybody_affected_is_accounted_for(stands_on: dict[str, str], held: dict[str, str]) -> None:
    """Once: built because something that it stands on moves, or left behind because nothing does."""
    impact = impact_of(stands_on, held=held)
    built, left = {build.node for build in impact.builds}, {left.node: left for left in impact.left_behind}
    assert len(impact.builds) + len(impact.left_behind) == len(built | set(left))
    assert built | set(left) == affected(stands_on, "a")
    for node in built:
        assert {"a", *built} & set(stands_on[node])
        assert node not in held
    for node, behind in left.items():
        assert (behind.reason is None) == (bool(behind.waits_for))
        if behind.reason is None:
            assert not {"a", *built} & set(stands_on[node])
            assert set(behind.waits_for) == set(left) & set(stands_on[node])


def affected(stands_on: Mapping[str, str], start: str) -> set[str]:
    """All that stand on the start, but itself."""
    found = {start}
    while fresh := {node for node, parents in stands_on.items() if found & set(parents)} - found:
        found |= fresh
    return found - {start}
