"""The directives at the top of a Dockerfile: `# syntax=`, `# escape=`, `# check=`.

They count until the first line that is none; from then on everything behind a # is a comment. The line that
names the frontend is looked for in its own way: behind a shebang too, and in the forms of other languages.

See "Parser directives" in https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from slipway.build.dockerfile.characters import ANY_SPACE, LINE_END
from slipway.build.dockerfile.errors import DockerfileError

__all__ = ["Directive", "escape_character", "frontend"]

_KNOWN: Final = frozenset({"syntax", "escape", "check"})
_DIRECTIVE: Final = re.compile(
    r"(?P<key>[a-zA-Z][a-zA-Z0-9]*)[\t\n\f\r ]*=[\t\n\f\r ]*(?P<value>.+)", re.DOTALL
)
_BACKSLASH: Final = "\\"


@dataclass(frozen=True, slots=True)
class Directive:
    r"""One line such as `# escape=\\``."""

    key: str
    """In lower case."""
    value: str
    line: int
    column: int
    """Where the value begins."""


def escape_character(text: str) -> str:
    """What escapes and continues lines: the backslash, or what the file says.

    Raises:
        DockerfileError: when the file names another one than it may, or a directive stands twice.
    """
    escape = _BACKSLASH
    seen: set[str] = set()
    for directive in _directives(text, "#", indented=True):
        if directive.key in seen:
            msg = f"the directive {directive.key} stands twice: remove one of the lines"
            raise DockerfileError(msg, directive.line, 1)
        seen.add(directive.key)
        if directive.key == "escape":
            escape = _allowed(directive)
    return escape


def frontend(text: str) -> Directive | None:
    """The image that reads this file instead of the builder itself; None when the file names none.

    Raises:
        DockerfileError: when the file is written in another language than a Dockerfile's.
    """
    named = _syntax(text, "#")
    if named is not None:
        return named
    foreign = _syntax(text, "//") or _syntax_of_json(text)
    if foreign is not None:
        msg = (
            f"this file is read by {foreign.value} and is no Dockerfile: give one, or leave the analysis out"
        )
        raise DockerfileError(msg, foreign.line, foreign.column)
    return None


def _allowed(directive: Directive) -> str:
    if directive.value not in {_BACKSLASH, "`"}:
        msg = f"{directive.value[:20]!r} cannot be the escape character: write # escape=\\ or # escape=`"
        raise DockerfileError(msg, directive.line, directive.column)
    return directive.value


def _syntax(text: str, marker: str) -> Directive | None:
    """What stands behind the first blank of the value is meant for the frontend."""
    for directive in _directives(text, marker, indented=False):
        if directive.key == "syntax":
            return Directive("syntax", directive.value.split(" ")[0], directive.line, directive.column)
    return None


def _syntax_of_json(text: str) -> Directive | None:
    if not text.startswith("{"):
        return None
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    named = document.get("syntax")
    return Directive("syntax", named, 1, 1) if isinstance(named, str) else None


def _directives(text: str, marker: str, *, indented: bool) -> Iterator[Directive]:
    """The directives from the top of the file down to the first line that is none.

    Args:
        text: the whole file.
        marker: what a directive begins with.
        indented: whether white space may stand before it, and a shebang is a comment like any other.
    """
    for number, raw in enumerate(_top(text), start=1):
        line = raw.rstrip(LINE_END)
        if number == 1 and line.startswith("#!") and not indented:
            continue
        opened = line.lstrip(ANY_SPACE) if indented else line
        found = _DIRECTIVE.match(opened.removeprefix(marker).lstrip(ANY_SPACE))
        if not opened.startswith(marker) or found is None or found["key"].lower() not in _KNOWN:
            return
        value = found["value"].rstrip("\t\n\f\r ")
        yield Directive(found["key"].lower(), value, number, 1 + line.rindex(value))


def _top(text: str) -> Iterator[str]:
    """Line by line, without splitting the whole file for the few lines that matter."""
    start = 0
    while start < len(text):
        end = text.find("\n", start)
        end = len(text) if end < 0 else end
        yield text[start:end]
        start = end + 1
