"""Which changed paths count for a subscription. Pure, and linear in the length of a path.

Patterns are globs over whole paths from the root of the repository, with slashes between names::

    *       any run of characters within one name             ?       one character within a name
    **      any number of directories, none included; a whole name by itself
    docs/   the directory docs and everything beneath it      docs    likewise, or the file docs

    apps/api/**    everything beneath apps/api                **/*.md    Markdown files anywhere
    *.txt          text files at the root alone               apps/*     files directly in apps

A pattern whose last name has no wildcard covers everything beneath it as well. Case counts. There is no
negation (leave out by exclude patterns), and brackets, braces and a leading `!` are taken as they stand, as
in `pages/[slug].tsx`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import re2

from slipway.git.errors import InvalidPattern

__all__ = ["PathFilter"]

_LONGEST: Final = 512
_MEMORY: Final = 1 << 20
"""Bytes that the compiled patterns of one list may take."""

_WILDCARD: Final = re.compile(r"[*?]")
_EXAMPLES: Final = "write it like apps/api/**, **/*.md or docs/"


@dataclass(frozen=True, slots=True)
class PathFilter:
    """Compiled patterns of one subscription."""

    include: Any
    """None includes every path."""

    exclude: Any
    """None excludes no path."""

    @classmethod
    def of(cls, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> PathFilter:
        """Compile the patterns; no include pattern means that every path is included.

        Raises:
            InvalidPattern: for the first pattern that cannot be read, or when there are too many.
        """
        return cls(_compiled(include), _compiled(exclude))

    @property
    def is_empty(self) -> bool:
        """Whether every path counts, so that nobody needs to know which changed."""
        return self.include is None and self.exclude is None

    def admits(self, path: str) -> bool:
        """Whether a change of this path counts: it is included, and not excluded."""
        return (self.include is None or self.include.fullmatch(path) is not None) and (
            self.exclude is None or self.exclude.fullmatch(path) is None
        )

    def counts(self, changed: Iterable[str]) -> bool:
        """Whether a change of these paths counts: at least one of them is admitted."""
        return any(map(self.admits, changed))


def _compiled(patterns: Sequence[str]) -> Any:
    if not patterns:
        return None
    options = re2.Options()
    options.log_errors = False
    options.max_mem = _MEMORY
    options.dot_nl = True
    try:
        return re2.compile("|".join(f"(?:{_expression(pattern)})" for pattern in patterns), options=options)
    except re2.error as error:
        msg = "the path patterns are too many or too long together: use fewer, or directories"
        raise InvalidPattern(msg) from error


def _expression(pattern: str) -> str:
    """The regular expression of one pattern, to be matched against a whole path."""
    names = _names(pattern)
    *parents, last = names
    expression = "".join("(?:[^/]+/)*" if name == "**" else f"{_name(name)}/" for name in parents)
    if last == "**":
        return f"{expression}.+"
    if pattern.endswith("/"):
        return f"{expression}{_name(last)}/.+"
    return f"{expression}{_name(last)}" + ("" if _WILDCARD.search(last) else "(?:/.+)?")


def _name(name: str) -> str:
    return "".join({"*": "[^/]*", "?": "[^/]"}.get(part) or _literal(part) for part in name)


def _literal(character: str) -> str:
    return character if character.isalnum() or not character.isascii() else f"\\{character}"


def _names(pattern: str) -> list[str]:
    """The names between the slashes."""
    bare = pattern.removeprefix("/").removesuffix("/")
    names = bare.split("/")
    if len(pattern) > _LONGEST or not pattern.isprintable() or "\\" in pattern:
        problem = f"a pattern has at most {_LONGEST} printable characters and no backslash"
    elif any(name in {"", ".", ".."} for name in names):
        problem = "it has an empty name, or . or .. for one"
    elif any("**" in name and name != "**" for name in names):
        problem = "** stands alone between slashes"
    else:
        return names
    msg = f"the path pattern {pattern[:64]!r} cannot be used: {problem}; {_EXAMPLES}"
    raise InvalidPattern(msg)
