"""Semantic versions as tags write them, and their order.

Follows semver.org 2.0.0: sections 2 and 9 to 11. A tag is a version only when it has all three numbers:
`1.4` and `1` are, on most registries, tags that move, and a moving tag is no version.
"""

from __future__ import annotations

import re
from typing import Final, TypeAlias

__all__ = ["FIRST_PRERELEASE", "RELEASE", "Precedence", "parse_prerelease", "precedence"]

Identifier: TypeAlias = tuple[int, int, str]
"""One dot-separated part of a pre-release: numbers sort by value and before words (section 11.4)."""

Precedence: TypeAlias = tuple[int, int, int, tuple[int, tuple[Identifier, ...]]]
"""Compares as section 11 orders versions: the three numbers, then a release after its pre-releases."""

RELEASE: Final[tuple[int, tuple[Identifier, ...]]] = (1, ())
"""The last member of a version without a pre-release."""

FIRST_PRERELEASE: Final[tuple[int, tuple[Identifier, ...]]] = (0, ())
"""Sorts before every pre-release that can be written; only bounds of ranges carry it."""

_LONGEST_TAG: Final = 128
"""Characters; the distribution specification allows no longer tag."""

_NUMBER: Final = r"(0|[1-9][0-9]*)"
_IDENTIFIER: Final = r"(?:0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)"
_PRERELEASE: Final = rf"{_IDENTIFIER}(?:\.{_IDENTIFIER})*"
_VERSION: Final = re.compile(
    rf"[vV]?{_NUMBER}\.{_NUMBER}\.{_NUMBER}(?:-({_PRERELEASE}))?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
)
_PRERELEASE_ALONE: Final = re.compile(_PRERELEASE)


def precedence(tag: str) -> Precedence | None:
    """The place of a tag in the order of versions, or None when it is no semantic version.

    A leading `v` is tolerated; build metadata is read and ignored, as section 10 asks.
    """
    found = _VERSION.fullmatch(tag) if len(tag) <= _LONGEST_TAG else None
    if found is None:
        return None
    major, minor, patch, prerelease = found.groups()
    last = RELEASE if prerelease is None else (0, _identifiers(prerelease))
    return int(major), int(minor), int(patch), last


def parse_prerelease(text: str) -> tuple[int, tuple[Identifier, ...]]:
    """The last member of the precedence for a pre-release such as `rc.1`.

    Raises:
        ValueError: when the text breaks the rules of section 9.
    """
    if _PRERELEASE_ALONE.fullmatch(text) is None:
        msg = f"{text!r} is no pre-release: write identifiers such as rc.1, joined by dots"
        raise ValueError(msg)
    return 0, _identifiers(text)


def _identifiers(text: str) -> tuple[Identifier, ...]:
    return tuple(_identifier(part) for part in text.split("."))


def _identifier(part: str) -> Identifier:
    return (0, int(part), "") if part.isdigit() else (1, 0, part)
