"""Texts of others, made fit for a terminal."""

from __future__ import annotations

from slipway.redact import redact

__all__ = ["one_line", "printable"]


def printable(text: str) -> str:
    """The text without anything that a terminal would obey.

    What registries tell is shown to people: an escape sequence in the description of a repository could
    otherwise move the cursor, or rename the window.
    """
    return "".join(character if character.isprintable() else " " for character in text)


def one_line(text: str) -> str:
    """A message of anybody as one line, without secrets."""
    return printable(" ".join(redact(text).split()))
