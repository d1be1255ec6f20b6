"""Graphs of 10,000 images: one as there may be, and one as deep as can be."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import islice
from random import Random
from typing import Final

from slipway.engine.key import Key

__all__ = ["Shape", "deep", "shallow"]

_IMAGES: Final = 10_000
_BASES: Final = 3
"""Of each image that is no root: so there are about 30,000 edges."""


@dataclass(frozen=True, slots=True)
class Shape:
    """A graph to be built."""

    name: str
    stands_on: dict[Key, tuple[Key, ...]]
    """Upstream first."""

    @property
    def edges(self) -> int:
        """How many there are."""
        return sum(map(len, self.stands_on.values()))


def shallow() -> Shape:
    """Six levels that grow downwards, full of diamonds: one base from the next level up, others from any."""
    chance = Random(1)
    names = iter(map(_key, range(_IMAGES)))
    levels = [list(islice(names, size)) for size in (10, 40, 200, 750, 3_000, _IMAGES)]
    stands_on: dict[Key, tuple[Key, ...]] = dict.fromkeys(levels[0], ())
    for place, level in enumerate(levels[1:], start=1):
        above = [key for upper in levels[:place] for key in upper]
        for key in level:
            bases = {chance.choice(levels[place - 1])}
            while len(bases) < _BASES:
                bases.add(chance.choice(above))
            stands_on[key] = tuple(sorted(bases))
    return Shape("six levels", stands_on)


def deep() -> Shape:
    """A chain: each image stands on the three before it."""
    keys = [_key(number) for number in range(_IMAGES)]
    return Shape("10,000 levels", {key: tuple(keys[max(0, n - _BASES) : n]) for n, key in enumerate(keys)})


def _key(number: int) -> Key:
    return Key("managedimages.slipway.dev", f"team-{number % 50:02}", f"image-{number:05}")
