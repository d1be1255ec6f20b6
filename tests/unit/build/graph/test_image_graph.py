from __future__ import annotations

from collections.abc import Iterable, Mapping
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.build.graph import ImageGraph, Touched
from tests.support.naive_graph import NaiveGraph

Edges = Mapping[str, Iterable[str]]

NODES = "abcdefgh"
nodes = st.sampled_from(NODES)
edges = st.dictionaries(nodes, st.sets(nodes, max_size=3), max_size=len(NODES))


def graph_of(stands_on: Edges) -> ImageGraph[str]:
    """A graph of images with names of one letter each, which is also what they are sorted by."""
    graph: ImageGraph[str] = ImageGraph(str)
    for node, parents in stands_on.items():
        graph.put(node, parents)
    return graph


def told(graph: ImageGraph[str], touched: Touched[str]) -> set[str]:
    """All that have to be looked at again after a change."""
    return {*touched.changed, *graph.below(touched.tops)}


@pytest.mark.parametrize(
    ("stands_on", "depths"),
    [
        pytest.param({"a": ""}, {"a": 0}, id="an image that stands on nothing is a root"),
        pytest.param({"a": "x"}, {"x": 0, "a": 1}, id="an external base is a root"),
        pytest.param(
            {"b": "a", "c": "a", "d": "bc"},
            {"a": 0, "b": 1, "c": 1, "d": 2},
            id="both ways of a diamond count",
        ),
        pytest.param({"b": "a", "c": "ba"}, {"c": 2}, id="the longest chain counts, not the shortest"),
        pytest.param({"a": "a"}, {"a": None}, id="an image that stands on itself has no depth"),
        pytest.param({"a": "a", "b": "a"}, {"b": 1}, id="what stands on it has one"),
        pytest.param(
            {"a": "b", "b": "c", "c": "a", "d": "c", "e": "d"},
            {"a": None, "b": None, "c": None, "d": 1, "e": 2},
            id="a cycle counts as one node for those below it",
        ),
        pytest.param(
            {"a": "br", "b": "a", "r": "q", "c": "a"}, {"c": 3}, id="what stands above a cycle counts"
        ),
        pytest.param({}, {"z": 0}, id="an image that nobody named is a root"),
    ],
)
def test_depth_is_the_longest_chain_above(stands_on: Edges, depths: Mapping[str, int | None]) -> None:
    """In steps, from 0."""
    graph = graph_of(stands_on)
    assert {node: graph.depth(node) for node in depths} == depths


@pytest.mark.parametrize(
    ("stands_on", "cycles"),
    [
        pytest.param({"a": "a"}, ["a"], id="one that stands on itself"),
        pytest.param({"b": "c", "c": "a", "a": "b"}, ["abc"], id="each stands on the next"),
        pytest.param(
            {"a": "b", "b": "ac", "c": "b"}, ["ab", "bc"], id="two that share a node are both named"
        ),
        pytest.param({"a": "b", "b": "a", "c": "d", "d": "ca"}, ["ab", "cd"], id="one below another"),
        pytest.param({"a": "ab", "b": "a"}, ["a", "ab"], id="one inside another"),
        pytest.param({"a": "b", "b": "c", "c": "ab"}, ["abc"], id="one that leaves nobody for a shorter one"),
        pytest.param({"b": "a", "c": "a", "d": "bc"}, [], id="a diamond is none"),
    ],
)
def test_cycles_are_named_along_the_way(stands_on: Edges, cycles: list[str]) -> None:
    """Each begins with its smallest member, and every member is in one of them."""
    graph = graph_of(stands_on)
    assert ["".join(cycle) for cycle in graph.cycles()] == cycles
    assert {node for node in graph if graph.cycle(node)} == set("".join(cycles))


def test_of_two_cycles_an_image_names_its_own() -> None:
    """The one that they share belongs to both, and names the shortest, then the first."""
    graph = graph_of({"a": "b", "b": "ac", "c": "b", "d": "a"})
    assert [graph.cycle(node) for node in "abcd"] == [("a", "b"), ("a", "b"), ("b", "c"), ()]


def test_a_cycle_that_is_broken_leaves_depths() -> None:
    """One edge less makes a chain of it, and what stands below follows."""
    graph = graph_of({"a": "c", "b": "a", "c": "b", "d": "c"})
    assert told(graph, graph.put("a", "")) == {"a", "b", "c", "d"}
    assert [graph.depth(node) for node in "abcd"] == [0, 1, 2, 3]
    assert graph.cycles() == []


def test_a_cycle_may_be_traded_for_another() -> None:
    """One put may break a cycle and close a wider one."""
    graph = graph_of({"a": "b", "b": "a", "c": "b", "d": "c"})
    graph.put("b", "d")
    assert graph.cycles() == [("b", "d", "c")]
    assert graph.depth("a") == 1


def test_what_stands_on_a_cycle_follows_what_moves_above_it() -> None:
    """The members have no depth that could change; it is told where those are who have."""
    graph = graph_of({"b": "a", "x": "by", "y": "x", "c": "y"})
    assert graph.depth("c") == 3
    assert set(graph.put("a", "r").changed) == {"r", "a"}
    assert graph.depth("c") == 4


def test_a_base_stays_while_somebody_stands_on_it() -> None:
    """Removed, or never put, it is external; it goes with its last dependent."""
    graph = graph_of({"b": "a", "c": "b"})
    graph.remove("b")
    assert set(graph) == {"b", "c"}
    assert (graph.parents("b"), graph.depth("c")) == ((), 1)
    graph.remove("c")
    assert len(graph) == 0


def test_an_external_base_may_become_one_of_ours_and_back() -> None:
    """What stands on it moves down and up again."""
    graph = graph_of({"b": "a"})
    assert told(graph, graph.put("a", "r")) == {"a", "b", "r"}
    assert graph.depth("b") == 2
    assert told(graph, graph.remove("a")) == {"a", "b", "r"}
    assert (graph.depth("b"), "r" in graph) == (1, False)


def test_a_root_that_was_put_stays() -> None:
    """It is no external node: nobody needs to stand on it."""
    graph = graph_of({"a": "", "b": "a"})
    graph.remove("b")
    assert list(graph) == ["a"]


def test_to_remove_what_is_not_there_changes_nothing() -> None:
    """As a deletion may be told twice."""
    graph = graph_of({"b": "a"})
    assert graph.remove("z") == Touched()
    assert set(graph) == {"a", "b"}


def test_the_same_parents_again_change_nothing() -> None:
    """Named twice, or in another order, they are the same."""
    graph = graph_of({"c": "ab"})
    assert graph.put("c", "bab") == Touched()


def test_parents_of_the_same_depth_leave_everybody_below_alone() -> None:
    """Which is how an image goes from one version of its base to the next."""
    graph = graph_of({"b": "a", "c": "b", "z": ""})
    assert graph.depth("c") == 2
    touched = graph.put("b", "z")
    assert (set(touched.changed), touched.tops) == ({"a", "z"}, ())


def test_dependents_of_several_are_counted_once() -> None:
    """Who stands on two of them is one."""
    graph = graph_of({"c": "ab", "d": "b"})
    assert (graph.dependents("a"), graph.dependents("a", "b"), graph.dependents()) == (1, 2, 0)


def test_neighbours_are_in_order() -> None:
    """Of the sort key, whatever came first."""
    graph = graph_of({"z": "cab", "y": "a", "x": "a"})
    assert graph.parents("z") == ("a", "b", "c")
    assert graph.children("a") == ("x", "y", "z")
    assert graph.dependents("a") == 3


def test_the_nearest_come_first() -> None:
    """Each once, and the start never, though it is in a cycle."""
    graph = graph_of({"a": "d", "b": "a", "c": "ab", "d": "bc"})
    assert list(graph.descendants("a")) == ["b", "c", "d"]
    assert list(graph.ancestors("a")) == ["d", "b", "c"]


def test_walks_are_lazy() -> None:
    """Who wants the first does not pay for ten thousand."""
    graph = graph_of({"b": "a", "c": "b"})
    walk = graph.descendants("a")
    assert next(walk) == "b"


def test_order_heeds_who_is_between() -> None:
    """`z` is above `a` by way of `m`, which nobody asked about."""
    graph = graph_of({"m": "z", "a": "m"})
    assert graph.order("az") == ["z", "a"]


def test_order_keeps_a_cycle_together() -> None:
    """Its members follow each other where the cycle stands, though others have their level."""
    graph = graph_of({"b": "a", "d": "ca", "c": "d", "x": "d"})
    assert graph.order("xdcba") == ["a", "b", "c", "d", "x"]
    graph.put("c", "")
    assert graph.order("xdcba") == ["a", "c", "b", "d", "x"]


def test_ten_thousand_on_one_base() -> None:
    """F43: a wide fan-out, a root above it, which then stands on one of the many; then the base goes."""
    graph = graph_of({f"{number:05}": ["base"] for number in range(10_000)})
    assert graph.dependents("base") == 10_000
    touched = graph.put("base", ["root"])
    assert (set(touched.changed), touched.tops) == ({"base", "root"}, ("base",))
    assert len(graph.below(touched.tops)) == 10_001
    assert graph.depth("09999") == 2
    assert set(graph.put("root", ["00007"]).changed) == {"00007", "base", "root"}
    assert graph.cycles() == [("00007", "base", "root")]
    assert graph.depth("09999") == 1
    assert set(graph.remove("base").changed) == {"00007", "base", "root"}
    assert (graph.depth("00007"), graph.depth("09999")) == (1, 1)


def test_a_deep_chain_needs_no_deep_stack() -> None:
    """Nothing recurses: a chain, a cycle and walks far beyond Python's limit."""
    count = 3_000
    graph: ImageGraph[int] = ImageGraph(int)
    for number in range(1, count):
        graph.put(number, [number - 1])
    assert graph.depth(count - 1) == count - 1
    graph.put(0, [count - 1])
    assert len(graph.cycle(7)) == count
    assert sum(1 for _ in graph.ancestors(7)) == count - 1
    graph.put(7, [])
    assert graph.depth(6) == count - 1


def test_a_ladder_of_diamonds_is_walked_once() -> None:
    """Forty diamonds below each other have a trillion ways through them."""
    graph: ImageGraph[int] = ImageGraph(int)
    for rung in range(0, 120, 3):
        graph.put(rung + 1, [rung])
        graph.put(rung + 2, [rung])
        graph.put(rung + 3, [rung + 1, rung + 2])
    assert graph.depth(120) == 80
    assert sum(1 for _ in graph.descendants(0)) == 120
    assert len(graph.below(graph.put(0, [-1]).tops)) == 121


@given(edges, st.randoms(use_true_random=False))
def test_the_order_of_arrival_does_not_matter(stands_on: dict[str, set[str]], random: Random) -> None:
    """Whatever comes first, all questions are answered as if it had come last."""
    shuffled = list(stands_on.items())
    random.shuffle(shuffled)
    assert answers(graph_of(dict(shuffled))) == answers(graph_of(stands_on))


@given(edges)
def test_cycles_name_every_member_and_nobody_else(stands_on: dict[str, set[str]]) -> None:
    """Each of them is a way round."""
    graph = graph_of(stands_on)
    for cycle in graph.cycles():
        for member, following in zip(cycle, cycle[1:] + cycle[:1], strict=True):
            assert following in graph.parents(member)
        assert cycle[0] == min(cycle)
    assert {node for cycle in graph.cycles() for node in cycle} == {n for n in graph if graph.cycle(n)}


@given(edges, st.sets(nodes))
def test_order_is_upstream_first(stands_on: dict[str, set[str]], asked: set[str]) -> None:
    """Nobody comes after one that stands on it, unless each stands on each."""
    graph, naive = graph_of(stands_on), NaiveGraph(stands_on)
    order = graph.order(asked)
    assert sorted(order) == sorted(asked)
    for place, node in enumerate(order):
        for later in order[place + 1 :]:
            assert not naive.is_above(later, node) or naive.is_above(node, later)


def answers(graph: ImageGraph[str]) -> list[object]:
    """What a graph says of every node."""
    return [
        sorted(graph),
        graph.cycles(),
        graph.order(graph),
        *((graph.depth(node), graph.cycle(node), list(graph.descendants(node))) for node in sorted(graph)),
    ]
