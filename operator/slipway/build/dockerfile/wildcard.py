r"""Shell patterns in `${name#pattern}` and its kin: `*` is any text, `?` one character.

A pattern is cut at its stars into segments of fixed length. To match it is to find one segment after the
other, so that no pattern takes more than time in proportion to pattern times value. Brackets mean nothing,
and `\\` takes the meaning from `*`, `?` and itself. See "Environment replacement" in
https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.errors import FaultError

__all__ = ["Wildcard"]

_LONGEST: Final = 128
_LONGEST_RESULT: Final = 65_536
_STAR: Final = ""
"""Stands for `*` among the atoms; every other atom is a regular expression for one character."""


@dataclass(frozen=True, slots=True)
class _Segment:
    """What stands between two stars."""

    forward: re.Pattern[str]
    backward: re.Pattern[str]
    """The same for the value that is read from its end."""

    def last_end(self, value: str, start: int) -> int | None:
        """Where the last occurrence that begins at or behind the start ends."""
        found = self.backward.search(value[start:][::-1])
        return None if found is None else len(value) - found.start()


@dataclass(frozen=True, slots=True)
class Wildcard:
    """A pattern; it has one segment more than stars."""

    segments: tuple[_Segment, ...]

    @classmethod
    def parse(cls, text: str) -> Wildcard:
        """Read a pattern.

        Raises:
            FaultError: when it escapes what needs no escape, or is too long.
        """
        if len(text) > _LONGEST:
            msg = f"the pattern has {len(text)} characters: {_LONGEST} are allowed"
            raise FaultError(msg, 0)
        return cls(tuple(_segment(atoms) for atoms in _cut(_atoms(text))))

    def without_prefix(self, value: str, *, longest: bool) -> str:
        """The value without the shortest or longest beginning that matches."""
        end = self._end(value, 0, longest=longest, anchored=True)
        return value if end is None else value[end[1] :]

    def without_suffix(self, value: str, *, longest: bool) -> str:
        """The value without the shortest or longest end that matches."""
        turned = Wildcard(tuple(_Segment(part.backward, part.forward) for part in reversed(self.segments)))
        return turned.without_prefix(value[::-1], longest=longest)[::-1]

    def replaced(self, value: str, by: str, *, everywhere: bool) -> str:
        """The value with the first match, or all of them, replaced; a match is as long as it can be.

        Raises:
            FaultError: when it becomes too long.
        """
        if len(self.segments) == 1 and not self.segments[0].forward.pattern:
            return value
        kept: list[str] = []
        at = length = 0
        while (found := self._end(value, at, longest=True, anchored=False)) is not None:
            kept += (value[at : found[0]], by)
            length += found[0] - at + len(by)
            at = found[1]
            if length > _LONGEST_RESULT:
                msg = f"the replacements make more than {_LONGEST_RESULT} characters: use fewer"
                raise FaultError(msg, 0)
            if not everywhere or at >= len(value):
                break
        return "".join(kept) + value[at:]

    def _end(self, value: str, at: int, *, longest: bool, anchored: bool) -> tuple[int, int] | None:
        """Where the first match at or behind a place begins and ends.

        Each segment is sought as far to the left as possible: if that leads nowhere, no other choice does.
        """
        first, *rest = self.segments
        found = first.forward.match(value, at) if anchored else first.forward.search(value, at)
        if found is None:
            return None
        start = found.start()
        for number, segment in enumerate(rest, start=1):
            if longest and number == len(rest):
                end = segment.last_end(value, found.end())
                return None if end is None else (start, end)
            found = segment.forward.search(value, found.end())
            if found is None:
                return None
        return start, found.end()


def _atoms(text: str) -> list[str]:
    atoms: list[str] = []
    characters = enumerate(text)
    for offset, character in characters:
        match character:
            case "*":
                atoms.append(_STAR)
            case "?":
                atoms.append(".")
            case "\\":
                _, escaped = next(characters, (offset, ""))
                if escaped not in {"*", "?", "\\", "}", "/"}:
                    msg = f"the pattern {text!r} escapes what needs no escape: only * ? \\ do, and /"
                    raise FaultError(msg, 0)
                atoms.append(re.escape(escaped))
            case _:
                atoms.append(re.escape(character))
    return atoms


def _cut(atoms: list[str]) -> list[list[str]]:
    segments: list[list[str]] = [[]]
    for atom in atoms:
        if atom == _STAR:
            segments.append([])
        else:
            segments[-1].append(atom)
    return segments


def _segment(atoms: list[str]) -> _Segment:
    return _Segment(re.compile("".join(atoms), re.DOTALL), re.compile("".join(reversed(atoms)), re.DOTALL))
