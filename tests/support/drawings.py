"""Trees that are drawn in docstrings, as pairs of a name and the name above it."""

from __future__ import annotations

import re

__all__ = ["children_of", "drawn_tree"]

_LINE = re.compile(r"^ {4}((?:│   |    )*)(?:[├└]── )?(\w+)")


def drawn_tree(text: str) -> set[tuple[str, str]]:
    """Every (child, parent) of the drawing in a docstring; the root stands below itself."""
    above: list[str] = []
    pairs = set()
    for line in text.splitlines():
        found = _LINE.match(line)
        if found is None:
            continue
        depth = len(found[1]) // 4 + ("── " in line)
        del above[depth:]
        pairs.add((found[2], above[-1] if above else found[2]))
        above.append(found[2])
    return pairs


def children_of(root: type[Exception]) -> set[tuple[str, str]]:
    """The same of classes that are really there."""
    pairs = {(root.__name__, root.__name__)}
    for child in root.__subclasses__():
        pairs |= children_of(child) - {(child.__name__, child.__name__)} | {(child.__name__, root.__name__)}
    return pairs
