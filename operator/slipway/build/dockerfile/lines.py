"""From the lines of a file to the lines that hold one instruction each.

A line that ends with the escape character goes on in the next one; comments and blank lines in between are
left out. An offset in the joined text can be traced back to its place in the file.

See "Format" and "escape" in https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass

from slipway.build.dockerfile.characters import ANY_SPACE, LINE_END
from slipway.build.dockerfile.errors import DockerfileError, FaultError

__all__ = ["LogicalLine", "PhysicalLines", "Position", "read_logical_line"]


@dataclass(frozen=True, slots=True)
class Position:
    """A place in the file."""

    line: int
    """Counted from 1."""
    column: int
    """In characters, counted from 1."""


@dataclass(frozen=True, slots=True)
class LogicalLine:
    """One instruction as it is read: without line ends, continuations, and comments in between."""

    text: str
    offsets: tuple[int, ...]
    """Where in the text each physical line begins, ascending."""
    starts: tuple[Position, ...]
    """Where in the file that is."""
    end: int
    """The physical line it ends on."""

    def position(self, offset: int) -> Position:
        """Where in the file an offset of the text stands."""
        piece = max(bisect_right(self.offsets, offset) - 1, 0)
        start = self.starts[piece]
        return Position(start.line, start.column + offset - self.offsets[piece])

    def error(self, fault: FaultError) -> DockerfileError:
        """What is wrong at an offset of this line, for callers."""
        position = self.position(fault.offset)
        return DockerfileError(fault.message, position.line, position.column)


class PhysicalLines:
    """The lines of a file, given out one after the other, to instructions and heredocs in turn."""

    def __init__(self, text: str) -> None:
        """Nothing is read yet.

        Args:
            text: the whole file, without byte-order mark.
        """
        self._lines = text.split("\n")
        if not self._lines[-1]:
            self._lines.pop()
        self.read = 0
        """How many lines were given out; thus also the number of the last one."""

    def __iter__(self) -> Iterator[str]:
        """The lines that are left, without line feed; each is given out once, whoever asks."""
        while self.read < len(self._lines):
            self.read += 1
            yield self._lines[self.read - 1]


def read_logical_line(lines: PhysicalLines, escape: str) -> LogicalLine | None:
    """The next line that holds something; None at the end of the file."""
    for line in lines:
        opened = line.rstrip(LINE_END).lstrip(ANY_SPACE)
        if opened and not opened.startswith("#"):
            return _continued(lines, escape, opened, Position(lines.read, 1 + line.index(opened)))
    return None


def _continued(lines: PhysicalLines, escape: str, opened: str, start: Position) -> LogicalLine:
    piece, goes_on = _without_continuation(opened, escape)
    pieces, offsets, starts, length = [piece], [0], [start], len(piece)
    while goes_on:
        line = next(iter(lines), None)
        if line is None:
            break
        trimmed = line.rstrip(LINE_END)
        visible = trimmed.lstrip(ANY_SPACE)
        if not visible or visible.startswith("#"):
            continue
        piece, goes_on = _without_continuation(trimmed, escape)
        pieces.append(piece)
        offsets.append(length)
        starts.append(Position(lines.read, 1))
        length += len(piece)
    return LogicalLine("".join(pieces), tuple(offsets), tuple(starts), lines.read)


def _without_continuation(line: str, escape: str) -> tuple[str, bool]:
    """The line without the character that continues it, and whether it is continued.

    Only a single escape character continues: BuildKit takes any number of them beyond one for text.
    """
    trimmed = line.rstrip(" \t")
    if trimmed.endswith(escape) and not trimmed.endswith(escape * 2):
        return trimmed[:-1], True
    return line, False
