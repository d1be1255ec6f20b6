"""The graph of images as its definition reads, slow and obvious: what the real one is held against."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

__all__ = ["NaiveGraph"]


class NaiveGraph:
    """Who stands on whom; nodes are strings, which order themselves. It never changes."""

    def __init__(self, stands_on: Mapping[str, Iterable[str]]) -> None:
        self.stands_on = {node: frozenset(parents) for node, parents in stands_on.items()}
        self._above = {node: self._all_above(node) for node in self.nodes()}

    def having(self, node: str, parents: Iterable[str]) -> NaiveGraph:
        """The same but for one node."""
        return NaiveGraph({**self.stands_on, node: parents})

    def without(self, node: str) -> NaiveGraph:
        """The same but for what one node stands on."""
        return NaiveGraph({other: parents for other, parents in self.stands_on.items() if other != node})

    @property
    def has_cycle(self) -> bool:
        """Whether anybody stands on itself, directly or not."""
        return any(node in above for node, above in self._above.items())

    def nodes(self) -> set[str]:
        """All that were put, and all that these stand on."""
        return {*self.stands_on, *(parent for parents in self.stands_on.values() for parent in parents)}

    def parents(self, node: str) -> list[str]:
        """In order."""
        return sorted(self.stands_on.get(node, ()))

    def children(self, node: str) -> list[str]:
        """In order."""
        return sorted(child for child, parents in self.stands_on.items() if node in parents)

    def all_above(self, node: str) -> set[str]:
        """What it stands on, directly or not: itself only by a cycle."""
        return self._above.get(node, set())

    def is_above(self, upper: str, lower: str) -> bool:
        """Whether one stands on the other, directly or not."""
        return upper in self.all_above(lower)

    def together(self, node: str) -> frozenset[str]:
        """Itself, and all that stand on it and that it stands on."""
        return frozenset({node} | {other for other in self.all_above(node) if self.is_above(node, other)})

    def level(self, node: str) -> int:
        """The longest chain of such groups above its own."""
        group = self.together(node)
        outside = {parent for member in group for parent in self.parents(member)} - group
        return max((self.level(parent) + 1 for parent in outside), default=0)

    def depth(self, node: str) -> int | None:
        """The level, but none in a cycle."""
        return None if self.is_above(node, node) else self.level(node)

    def cycle(self, node: str) -> tuple[str, ...]:
        """The least of the shortest ways back to it, turned so that it begins with its smallest."""
        if not self.is_above(node, node):
            return ()
        length = 1
        while not (ways := [way for way in self._ways(node, length) if node in self.parents(way[-1])]):
            length += 1
        way = min(ways)
        first = way.index(min(way))
        return way[first:] + way[:first]

    def order(self, nodes: Iterable[str]) -> list[str]:
        """By level, group and name."""
        return sorted(set(nodes), key=lambda node: (self.level(node), min(self.together(node)), node))

    def nearest_first(self, node: str, step: Callable[[str], Iterable[str]]) -> list[str]:
        """By distance, each once, in the order in which those before them name them."""
        rows = [[node]]
        seen = {node}
        while rows[-1]:
            row = dict.fromkeys(following for each in rows[-1] for following in step(each))
            rows.append([each for each in row if each not in seen])
            seen.update(rows[-1])
        return [each for row in rows[1:] for each in row]

    def _all_above(self, node: str) -> set[str]:
        found: set[str] = set()
        fresh = set(self.parents(node))
        while fresh:
            found |= fresh
            fresh = {parent for each in fresh for parent in self.parents(each)} - found
        return found

    def _ways(self, node: str, length: int) -> Iterator[tuple[str, ...]]:
        if length == 1:
            yield (node,)
            return
        for way in self._ways(node, length - 1):
            yield from ((*way, parent) for parent in self.parents(way[-1]))
