"""What can be wrong with a Dockerfile.

DockerfileError   for callers: what is wrong, where in the file, and what to write instead
FaultError        inside this package: what is wrong at an offset of a text; whoever knows where that text
                  stands in the file makes a DockerfileError of it
"""

from __future__ import annotations

__all__ = ["DockerfileError", "FaultError"]


class DockerfileError(ValueError):
    """A Dockerfile cannot be analysed."""

    def __init__(self, message: str, line: int, column: int) -> None:
        super().__init__(f"line {line}, column {column}: {message}")
        self.message = message
        """What is wrong, and what to write instead."""
        self.line = line
        """Counted from 1."""
        self.column = column
        """In characters, counted from 1."""


class FaultError(Exception):
    """Something is wrong at an offset of the text that was handed over."""

    def __init__(self, message: str, offset: int) -> None:
        super().__init__(message)
        self.message = message
        self.offset = offset

    def moved(self, by: int) -> FaultError:
        """The same, seen from a text in which the one that was read begins at this offset."""
        return FaultError(self.message, self.offset + by)
