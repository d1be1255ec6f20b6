"""The graph against its definition, after any changes in any order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typing_extensions import override

from slipway.build.graph import ImageGraph, Touched
from tests.support.naive_graph import NaiveGraph
from tests.support.thoroughness import examples

NODES = "abcdef"
nodes = st.sampled_from(NODES)


class GraphMachine(RuleBasedStateMachine):
    """Images come, change and go; bases among them, in cycles and out of them."""

    def __init__(self) -> None:
        super().__init__()
        self.graph: ImageGraph[str] = ImageGraph(str)
        self.naive = NaiveGraph({})
        self.is_known = False
        """Whether all was asked for since the last change."""

    @rule(node=nodes, parents=st.sets(nodes, max_size=3))
    def put(self, node: str, parents: set[str]) -> None:
        """An image says what it stands on."""
        told = self.graph.put(node, parents)
        self.judge(told, self.naive.having(node, parents))

    @rule(node=nodes, base=nodes)
    def stand_on_one_more(self, node: str, base: str) -> None:
        """An image gets one more base."""
        self.put(node, {*self.naive.parents(node), base})

    @rule(node=nodes, place=st.integers(0, 2))
    def stand_on_one_less(self, node: str, place: int) -> None:
        """An image loses one base, which may open a cycle."""
        parents = self.naive.parents(node)
        self.put(node, {*parents[:place], *parents[place + 1 :]})

    @rule(node=nodes)
    def remove(self, node: str) -> None:
        """An image goes."""
        told = self.graph.remove(node)
        self.judge(told, self.naive.without(node))

    def judge(self, told: Touched[str], after: NaiveGraph) -> None:
        """Told are all whose answers are others now, and only those as long as there is no cycle.

        Of depths it is told where to look, and only where they are others, where those of before are known.
        """
        before, self.naive = self.naive, after
        changed = {node for node in NODES if answers(before, node) != answers(after, node)}
        assert changed <= {*told.changed, *self.graph.below(told.tops)}
        assert len(set(told.changed)) == len(told.changed)
        is_known, self.is_known = self.is_known, False
        if is_known and not before.has_cycle and not after.has_cycle:
            assert set(told.changed) <= changed
            assert all(before.depth(top) != after.depth(top) for top in told.tops)

    @invariant()
    def they_have_the_same_nodes(self) -> None:
        """Those that were put, and those that somebody stands on."""
        assert set(self.graph) == self.naive.nodes()
        assert len(self.graph) == len(self.naive.nodes())
        assert [node in self.graph for node in NODES] == [node in self.naive.nodes() for node in NODES]

    @invariant()
    def they_have_the_same_neighbours(self) -> None:
        """And the same cycles, which no level plays a part in."""
        for node in NODES:
            graph = self.graph
            assert (graph.cycle(node), graph.dependents(node)) == answers(self.naive, node)[1:]
            assert list(graph.parents(node)) == self.naive.parents(node)
            assert list(graph.children(node)) == self.naive.children(node)

    @rule(asked=st.sets(nodes))
    def ask(self, asked: set[str]) -> None:
        """Some images are reconciled, and asked how deep they are."""
        depths = {node: self.graph.depth(node) for node in asked}
        assert depths == {node: self.naive.depth(node) for node in asked}

    @rule()
    def ask_all(self) -> None:
        """All are."""
        self.ask(set(NODES))
        assert self.graph.order(NODES) == self.naive.order(NODES)
        self.is_known = True

    @override
    def teardown(self) -> None:
        self.ask_all()

    @rule(node=nodes)
    def walk(self, node: str) -> None:
        """Up and down from a node."""
        assert list(self.graph.ancestors(node)) == self.naive.nearest_first(node, self.naive.parents)
        assert list(self.graph.descendants(node)) == self.naive.nearest_first(node, self.naive.children)


def answers(naive: NaiveGraph, node: str) -> tuple[object, ...]:
    """What a change is told for."""
    return naive.depth(node), naive.cycle(node), len(naive.children(node))


TestGraph = GraphMachine.TestCase
TestGraph.settings = settings(max_examples=examples(30), stateful_step_count=20, deadline=None)
