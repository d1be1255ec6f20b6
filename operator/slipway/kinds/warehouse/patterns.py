"""The user's regular expressions, compiled: RE2 (https://github.com/google/re2/wiki/Syntax), whole tags only.

RE2 cannot be made to run for ever. A pattern is small, and what it becomes when it is compiled is small too.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, TypeAlias

import re2

__all__ = ["InvalidPattern", "PatternSet", "Span", "compile_pattern", "spans"]

_LONGEST: Final = 256
"""Characters of a pattern, as in the schema."""

_MEMORY: Final = 1 << 18
"""Bytes that one compiled pattern may take; a pattern that needs more is refused."""

# A set has no second way to match when its automaton runs out of memory: it would answer "no".
# Thirty-two patterns of the largest size allowed need half of this.
_SET_MEMORY: Final = 1 << 24


Span: TypeAlias = tuple[int, int]
"""Where a text begins and ends in another one, in bytes."""

_WHOLE: Final = re2._re2.RE2.Anchor.ANCHOR_BOTH  # noqa: SLF001
_NOWHERE: Final = (-1, -1)


class InvalidPattern(ValueError):  # noqa: N818 - named like the reason it becomes
    """A pattern that RE2 does not accept; the message names the pattern and what is wrong with it."""


def compile_pattern(pattern: str) -> Any:
    """The compiled pattern. It takes bytes: tags are ASCII, and RE2's bindings are three times as fast so.

    Raises:
        InvalidPattern: when RE2 refuses it, or it is too large.
    """
    if len(pattern) > _LONGEST:
        msg = (
            f"the pattern {pattern[:40]!r}… has {len(pattern)} characters, more than {_LONGEST}: "
            "write several shorter ones"
        )
        raise InvalidPattern(msg)
    try:
        return re2.compile(pattern.encode(), options=_options(_MEMORY))
    except (re2.error, UnicodeError) as error:
        reason = error.args[0].decode() if isinstance(error.args[0], bytes) else str(error)
        msg = f"the pattern {pattern!r} is not valid RE2: {reason}"
        raise InvalidPattern(msg) from error


def spans(pattern: Any, text: bytes) -> Sequence[Span] | None:
    """Where the whole text and each group of a compiled pattern stand; None when it does not match.

    A group that took no part has the span (-1, -1), which cuts nothing out of a text.
    """
    # The bindings' `fullmatch` is a generator that makes an object of each match, which costs three times as
    # much; and this runs for each of 20,000 tags.
    found: Sequence[Span] = pattern._regexp.Match(_WHOLE, text, 0, len(text))  # noqa: SLF001
    return None if found[0] == _NOWHERE else found


class PatternSet:
    """Several patterns, all matched in one pass over a tag."""

    __slots__ = ("_set", "_size")

    def __init__(self, patterns: Sequence[str]) -> None:
        self._size = len(patterns)
        self._set = re2.Set.FullMatchSet(_options(_SET_MEMORY))
        for pattern in patterns:
            self._set.Add(pattern)
        self._set.Compile()

    def matching(self, tag: str) -> list[int]:
        """The numbers of the patterns that match the whole tag, in no order."""
        matching: list[int] | None = self._set.Match(tag) if self._size else None
        return matching or []


def _options(memory: int) -> Any:
    options = re2.Options()
    options.log_errors = False
    options.max_mem = memory
    return options
