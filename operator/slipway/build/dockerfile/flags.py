"""The flags of an instruction: words with two dashes between the keyword and the values."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

from slipway.build.dockerfile.characters import ANY_SPACE
from slipway.build.dockerfile.instruction import Word

__all__ = ["read_flags"]

_GAP: Final = re.compile(f"[{ANY_SPACE}]*")


def read_flags(text: str, offset: int, escape: str) -> tuple[tuple[Word, ...], int]:
    """The flags, without quotes and escapes, and where in the line the values begin.

    A lone `--` ends the flags and is none.

    Args:
        text: the whole line.
        offset: where in it the keyword ends.
        escape: the escape character of the file.
    """
    flags: list[Word] = []
    while True:
        start = _after_gap(text, offset)
        if not text.startswith("--", start):
            return tuple(flags), start
        word, offset = _flag(text, start, escape)
        if word == "--":
            return tuple(flags), _after_gap(text, offset)
        flags.append(Word(word, start))


def _flag(text: str, start: int, escape: str) -> tuple[str, int]:
    """One flag, and where it ends."""
    parts: list[str] = []
    while (part := _part(escape).match(text, start)) is not None:
        quoted = part["single"] or part["double"] or ""
        parts.append(part["bare"] or part["escaped"] or _escaped(escape).sub(r"\1", quoted))
        start = part.end()
    return "".join(parts), start


def _after_gap(text: str, offset: int) -> int:
    gap = _GAP.match(text, offset)
    return offset if gap is None else gap.end()


@cache
def _part(escape: str) -> re.Pattern[str]:
    """Plain text, one escaped character, or what stands in quotes; open ones reach to the end.

    No part can be read in two ways, so nothing is tried twice.
    """
    mark = re.escape(escape)
    return re.compile(
        rf"(?P<bare>[^{ANY_SPACE}'\"{mark}]+)"
        rf"|{mark}(?P<escaped>.|\Z)"
        rf"|'(?P<single>(?:{mark}.|[^'{mark}])*+)(?:'|{mark}?\Z)"
        rf'|"(?P<double>(?:{mark}.|[^"{mark}])*+)(?:"|{mark}?\Z)',
        re.DOTALL,
    )


@cache
def _escaped(escape: str) -> re.Pattern[str]:
    return re.compile(rf"{re.escape(escape)}(.)", re.DOTALL)
