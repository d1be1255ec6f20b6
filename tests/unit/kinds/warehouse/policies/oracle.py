"""A slow and obvious reading of version ranges, to compare the real one with.

It knows no intervals: each comparison is a question about the numbers of a version, asked one by one. Only
the order of two full versions is shared knowledge, and it is written here a second time, as a function that
compares.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cmp_to_key

__all__ = ["Version", "best_tag", "in_range", "read"]


@dataclass(frozen=True)
class Version:
    """The parts of a version as text would have them."""

    numbers: tuple[int, int, int]
    prerelease: tuple[str, ...] = ()


def read(tag: str) -> Version | None:
    """Split a tag by hand."""
    text = tag[1:] if tag[:1] in ("v", "V") else tag
    text = text.partition("+")[0]
    core, dash, rest = text.partition("-")
    if not re.fullmatch(r"(0|[1-9]\d*)(\.(0|[1-9]\d*)){2}", core, re.ASCII) or (dash and not rest):
        return None
    parts = tuple(rest.split(".")) if dash else ()
    if any(not re.fullmatch(r"[0-9A-Za-z-]+", part) for part in parts):
        return None
    if any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in parts):
        return None
    major, minor, patch = (int(number) for number in core.split("."))
    return Version((major, minor, patch), parts)


def compare(left: Version, right: Version) -> int:
    """-1, 0 or 1 by semver.org section 11, rule after rule."""
    for mine, yours in zip(left.numbers, right.numbers, strict=True):
        if mine != yours:
            return -1 if mine < yours else 1
    if bool(left.prerelease) != bool(right.prerelease):
        return -1 if left.prerelease else 1
    for mine_part, your_part in zip(left.prerelease, right.prerelease, strict=False):
        if mine_part == your_part:
            continue
        if mine_part.isdigit() and your_part.isdigit():
            return -1 if int(mine_part) < int(your_part) else 1
        if mine_part.isdigit() != your_part.isdigit():
            return -1 if mine_part.isdigit() else 1
        return -1 if mine_part < your_part else 1
    return (len(left.prerelease) > len(right.prerelease)) - (len(left.prerelease) < len(right.prerelease))


def in_range(version: Version, text: str) -> bool:
    """Whether a version lies in a range that is known to be well-formed."""
    return any(_holds_all(version, part.strip()) for part in text.split("||"))


def _holds_all(version: Version, part: str) -> bool:
    if " - " in part:
        first, last = part.split(" - ")
        return _holds(version, ">=", first) and _holds(version, "<=", last)
    found = re.findall(r"(>=|<=|>|<|=|~|\^)?\s*([^\s,<>=~^]+)", part)
    return all(_holds(version, operator or "=", wanted) for operator, wanted in found)


def _holds(version: Version, operator: str, wanted: str) -> bool:
    known = []
    for part in wanted.lstrip("vV").partition("-")[0].split("."):
        if part in ("x", "X", "*"):
            break
        known.append(int(part))
    if not known:
        return True
    line = version.numbers[: len(known)]
    if len(known) < 3:
        return _holds_line(line, operator, tuple(known))
    full = read(wanted)
    assert full is not None
    order = compare(version, full)
    if operator == "~":
        return order >= 0 and version.numbers[:2] == full.numbers[:2]
    if operator == "^":
        return order >= 0 and _same_caret_line(version.numbers, full.numbers)
    return _compares(order, operator)


def _holds_line(line: tuple[int, ...], operator: str, known: tuple[int, ...]) -> bool:
    """A version with numbers left out: whole lines are compared."""
    if operator == "~":
        return line == known
    if operator == "^":
        return line >= known and _same_caret_line(line, known)
    return _compares((line > known) - (line < known), operator)


def _compares(order: int, operator: str) -> bool:
    return {"=": order == 0, ">": order > 0, ">=": order >= 0, "<": order < 0, "<=": order <= 0}[operator]


def _same_caret_line(numbers: tuple[int, ...], known: tuple[int, ...]) -> bool:
    for mine, wanted in zip(numbers, known, strict=True):
        if mine != wanted:
            return False
        if wanted != 0:
            return True
    return True


def best_tag(tags: list[str], text: str, *, prereleases: bool) -> str | None:
    """The tag to choose, found by comparing all pairs."""
    accepted = []
    for tag in tags:
        version = read(tag)
        if version is not None and (prereleases or not version.prerelease) and in_range(version, text):
            accepted.append((version, tag))
    ordered = sorted(accepted, key=cmp_to_key(_compare_tags))
    return ordered[-1][1] if ordered else None


def _compare_tags(left: tuple[Version, str], right: tuple[Version, str]) -> int:
    return compare(left[0], right[0]) or (left[1] > right[1]) - (left[1] < right[1])
