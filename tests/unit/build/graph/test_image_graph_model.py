"""The graph against its definition, after any changes in any order."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from slipway.build.graph import ImageGraph
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

    def judge(self, told: frozenset[str], after: NaiveGraph) -> None:
        """Told are all whose answers are others now, and only those as long as there is no cycle."""
        before, self.naive = self.naive, after
        changed = {node for node in NODES if answers(before, node) != answers(after, node)}
        assert changed <= told
        if not before.has_cycle and not after.has_cycle:
            assert told == changed

    @invariant()
    def they_have_the_same_nodes(self) -> None:
        """Those that were put, and those that somebody stands on."""
        assert set(self.graph) == self.naive.nodes()
        assert len(self.graph) == len(self.naive.nodes())
        assert [node in self.graph for node in NODES] == [node in self.naive.nodes() for node in NODES]

    @invariant()
    def they_answer_alike(self) -> None:
        """What every node is asked in each reconcile."""
        for node in NODES:
            graph = self.graph
            assert (graph.depth(node), graph.cycle(node), graph.dependents(node)) == answers(self.naive, node)
            assert list(graph.parents(node)) == self.naive.parents(node)
            assert list(graph.children(node)) == self.naive.children(node)
        assert self.graph.order(NODES) == self.naive.order(NODES)

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
