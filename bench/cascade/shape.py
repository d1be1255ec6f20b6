"""The images of the cascade and what they stand on: six levels that grow downwards, with diamonds."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Final

__all__ = ["SIZES", "Shape", "Vertex", "single", "six_levels"]

SIZES: Final = (1, 4, 20, 75, 300, 600)
"""Images of each level of S10; the first one is the base that somebody else pushes."""

_DIAMONDS: Final = 0.1
"""Of the images of a level that may have two parents."""


@dataclass(frozen=True, slots=True)
class Vertex:
    """One image."""

    name: str
    level: int
    """0 is the base."""

    parents: tuple[str, ...]
    """What it stands on; files of the second are copied in, where there are two."""


@dataclass(frozen=True, slots=True)
class Shape:
    """All images, the base first, each after those it stands on."""

    levels: tuple[tuple[Vertex, ...], ...]

    @property
    def base(self) -> Vertex:
        """The one that nobody here builds."""
        return self.levels[0][0]

    @property
    def built(self) -> tuple[Vertex, ...]:
        """All others."""
        return tuple(vertex for level in self.levels[1:] for vertex in level)

    @property
    def leaves(self) -> tuple[Vertex, ...]:
        """Those that are run."""
        return self.levels[-1]

    @property
    def diamonds(self) -> int:
        """How many have two parents."""
        return sum(len(vertex.parents) > 1 for vertex in self.built)

    def waves(self, at_once: int) -> int:
        """The least number of rounds in which all can be built, when so many builds run at once."""
        return sum(-(-len(level) // at_once) for level in self.levels[1:])


def six_levels(sizes: tuple[int, ...] = SIZES) -> Shape:
    """The thousand images of S10; always the same."""
    return _shape(sizes)


def single() -> Shape:
    """A base, and one image on it."""
    return _shape((1, 1))


def _shape(sizes: tuple[int, ...]) -> Shape:
    chance = Random(1)
    levels: list[tuple[Vertex, ...]] = []
    for level, size in enumerate(sizes):
        above = [vertex.name for vertex in levels[-1]] if levels else []
        two = set(chance.sample(range(size), round(size * _DIAMONDS))) if len(above) > 1 else set()
        levels.append(
            tuple(
                Vertex(
                    f"image-{level}-{number:03}",
                    level,
                    tuple(chance.sample(above, 2 if number in two else 1)) if above else (),
                )
                for number in range(size)
            )
        )
    return Shape(tuple(levels))
