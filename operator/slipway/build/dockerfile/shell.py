"""Words read as a shell reads them: quotes, escapes, and variables with their modifiers.

A text becomes pieces; a piece of plain text, or what a variable stands for, may be split at white space, and
what was quoted or escaped may not. See "Environment replacement" in https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.characters import (
    SPACES,
    SPECIAL_NAMES,
    is_name_character,
    plain,
    plain_within_quotes,
)
from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.substitution import MODIFIERS, substituted
from slipway.build.dockerfile.wildcard import Wildcard

__all__ = ["Dialect", "Lookup", "ShellReader"]

Lookup = Callable[[str], str | None]
"""The value of a variable; None where it is unset."""

_DEEPEST: Final = 20
_HEREDOC_BLANKS: Final = re.compile(r"[\t\r ]*")


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a text is read."""

    escape: str = "\\"
    keeps_quoting: bool = False
    """Whether quotes and escapes stay in the text."""
    keeps_unset: bool = False
    """Whether a variable that is unset stays as it is written; otherwise it is empty."""


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    splits: bool
    """Whether white space in it ends a word."""


class ShellReader:
    """Reads one text once."""

    def __init__(self, text: str, dialect: Dialect, lookup: Lookup) -> None:
        """Nothing is read yet."""
        self._text = text
        self._dialect = dialect
        self._lookup = lookup
        self._at = 0
        self._depth = 0
        self.unset: list[str] = []
        """Variables that were asked for plainly, and are unset."""

    def expand(self) -> str:
        """The whole text as one word.

        Raises:
            FaultError: when it cannot be read.
        """
        return _joined(self._pieces("", raw=self._dialect.keeps_quoting))

    def words(self) -> list[str]:
        """The words of the text; what is quoted does not end one.

        Raises:
            FaultError: when it cannot be read.
        """
        words, word = [], ""
        for piece in self._pieces("", raw=self._dialect.keeps_quoting):
            if not piece.splits:
                word += piece.text
                continue
            head, *tail = SPACES.split(piece.text)
            word += head
            for part in tail:
                words.append(word)
                word = part
        return [found for found in (*words, word) if found]

    def _pieces(self, stop: str, *, raw: bool) -> list[_Piece]:
        """What stands up to the stop character, which is read too; up to the end where there is none.

        Args:
            stop: one character, or nothing.
            raw: whether escapes stay in the text.
        """
        start, pieces = self._at, list[_Piece]()
        run = plain(self._dialect.escape, stop)
        while self._at < len(self._text):
            if self._text[self._at] == stop:
                self._at += 1
                return pieces
            pieces.append(self._piece(run, raw=raw))
        if stop:
            msg = f"a substitution is not closed: {stop} is missing"
            raise FaultError(msg, start)
        return pieces

    def _piece(self, run: re.Pattern[str], *, raw: bool) -> _Piece:
        match self._text[self._at]:
            case "$":
                return _Piece(self._variable(), splits=True)
            case "'":
                return _Piece(self._single_quoted(), splits=False)
            case '"':
                return _Piece(self._double_quoted(raw=raw), splits=False)
            case "<":
                return _Piece(self._angle(), splits=False)
            case self._dialect.escape:
                return _Piece(self._escaped(raw=raw), splits=False)
            case _:
                return _Piece(self._take_match(run), splits=True)

    def _angle(self) -> str:
        """`<<` holds its word together with the blanks before it: `<< EOF`."""
        if self._text.startswith("<<", self._at):
            return self._take(2) + self._take_match(_HEREDOC_BLANKS)
        return self._take(1)

    def _escaped(self, *, raw: bool) -> str:
        escape = self._take(1)
        return (escape if raw else "") + self._take(1)

    def _single_quoted(self) -> str:
        end = self._text.find("'", self._at + 1)
        if end < 0:
            msg = "a ' is not closed"
            raise FaultError(msg, self._at)
        quoted = self._take(end + 1 - self._at)
        return quoted if self._dialect.keeps_quoting else quoted[1:-1]

    def _double_quoted(self, *, raw: bool) -> str:
        start = self._at
        mark = self._take(1) if self._dialect.keeps_quoting else self._take(1)[1:]
        run, parts = plain_within_quotes(self._dialect.escape), [mark]
        while self._at < len(self._text):
            match self._text[self._at]:
                case '"':
                    self._at += 1
                    return "".join(parts) + mark
                case "$":
                    parts.append(self._variable())
                case self._dialect.escape:
                    parts.append(self._escaped_within_quotes(raw=raw))
                case _:
                    parts.append(self._take_match(run))
        msg = 'a " is not closed'
        raise FaultError(msg, start)

    def _escaped_within_quotes(self, *, raw: bool) -> str:
        """Only quotes, dollars and itself can be escaped there; before others an escape is text."""
        escape = self._take(1)
        if self._text[self._at : self._at + 1] in {'"', "$", escape}:
            return (escape if raw else "") + self._take(1)
        return escape

    def _variable(self) -> str:
        start = self._at
        self._at += 1
        if self._text.startswith("{", self._at):
            self._at += 1
            return self._braced(start)
        name = self._name()
        return self._plain_value(name, f"${name}") if name else "$"

    def _plain_value(self, name: str, written: str) -> str:
        value = self._lookup(name)
        if value is not None:
            return value
        self.unset.append(name)
        return written if self._dialect.keeps_unset else ""

    def _braced(self, start: int) -> str:
        if self._text[self._at : self._at + 1] in {"", "{", "}", ":"}:
            msg = "a substitution has no name: write ${NAME}"
            raise FaultError(msg, start)
        name = self._name()
        match self._take(1):
            case "}":
                return self._plain_value(name, f"${{{name}}}")
            case "/":
                return self._replaced(name)
            case ":":
                return self._modified(name, f":{self._take(1)}", start)
            case modifier:
                return self._modified(name, modifier, start)

    def _modified(self, name: str, modifier: str, start: int) -> str:
        if modifier not in MODIFIERS:
            known = f"${{{name}{modifier}…}} is a substitution that builders do not know"
            msg = known if self._at < len(self._text) else "a substitution is not closed: } is missing"
            raise FaultError(msg, start)
        word = self._nested("}", raw=modifier in {"#", "%"})
        value = self._lookup(name)
        if value is None and self._dialect.keeps_unset:
            return f"${{{name}{modifier}{word}}}"
        try:
            return substituted(name, value, modifier, word)
        except FaultError as fault:
            raise fault.moved(start) from None

    def _replaced(self, name: str) -> str:
        start = self._at
        everywhere = self._text.startswith("/", self._at)
        if everywhere:
            self._at += 1
        pattern, by = self._nested("/", raw=True), self._nested("}", raw=True)
        value = self._lookup(name)
        if value is None and self._dialect.keeps_unset:
            return f"${{{name}/{pattern}/{by}}}"
        try:
            return Wildcard.parse(pattern).replaced(value or "", by, everywhere=everywhere)
        except FaultError as fault:
            raise fault.moved(start) from None

    def _nested(self, stop: str, *, raw: bool) -> str:
        if self._depth == _DEEPEST:
            msg = f"substitutions are nested more than {_DEEPEST} deep"
            raise FaultError(msg, self._at)
        self._depth += 1
        word = _joined(self._pieces(stop, raw=raw))
        self._depth -= 1
        return word

    def _name(self) -> str:
        """Letters, digits and underscores; or digits alone; or one special character."""
        first = self._text[self._at : self._at + 1]
        if first and first in SPECIAL_NAMES:
            return self._take(1)
        end = self._at
        belongs = str.isdecimal if first.isdecimal() else is_name_character
        while end < len(self._text) and belongs(self._text[end]):
            end += 1
        return self._take(end - self._at)

    def _take(self, count: int) -> str:
        taken = self._text[self._at : self._at + count]
        self._at += len(taken)
        return taken

    def _take_match(self, pattern: re.Pattern[str]) -> str:
        """What the pattern matches here; it always does, if only nothing."""
        found = pattern.match(self._text, self._at)
        return self._take(0 if found is None else found.end() - self._at)


def _joined(pieces: list[_Piece]) -> str:
    return "".join(piece.text for piece in pieces)
