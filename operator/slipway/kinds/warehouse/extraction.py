"""The part of a tag that a policy reads: `$version`, put together from the groups of an include pattern.

A template is text with `$name`, `${name}`, `$1` or `${1}` for a group, `$0` for the whole tag and `$$` for a
dollar sign, as in Flux (Go's regexp.Expand: `$1x` is the group named `1x`, so write `${1}x`). It is filled
in, never evaluated.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from slipway.kinds.warehouse.patterns import InvalidPattern, spans

__all__ = ["Extraction"]

_LONGEST: Final = 128
"""Characters of a template, and of what it gives: as long as a tag may be."""

_PART: Final = re.compile(r"\$(?:(\$)|([0-9A-Za-z_]+)|\{([0-9A-Za-z_]+)\})|([^$]+)")


@dataclass(frozen=True, slots=True)
class _Group:
    name: str


@dataclass(frozen=True, slots=True)
class Extraction:
    """A template, and for each include pattern the numbers of the groups that stand in it."""

    patterns: tuple[Any, ...]
    pieces: tuple[tuple[bytes | int, ...], ...]
    """One for each pattern: texts, and numbers of groups."""

    @classmethod
    def of(cls, template: str, include: Sequence[Any]) -> Extraction:
        """Read a template.

        Args:
            template: such as `$version`.
            include: the compiled include patterns.

        Raises:
            InvalidPattern: when it is malformed, or one of the patterns lacks a group that it names.
        """
        if not include:
            msg = f"extract {template!r} needs a pattern in include whose groups it can name"
            raise InvalidPattern(msg)
        parts = _parse(template)
        return cls(tuple(include), tuple(_numbered(parts, pattern, template) for pattern in include))

    def text(self, number: int, tag: str) -> str:
        """What a tag becomes; empty when nothing, or more than a tag's length, comes out.

        Args:
            number: of the include pattern that is to match.
            tag: the whole tag.
        """
        text = tag.encode()
        found = spans(self.patterns[number], text)
        if found is None:
            return ""
        pieces = self.pieces[number]
        filled = b"".join(
            [text[slice(*found[piece])] if isinstance(piece, int) else piece for piece in pieces]
        )
        return filled.decode() if len(filled) <= _LONGEST else ""


def _parse(template: str) -> tuple[str | _Group, ...]:
    parts: list[str | _Group] = []
    position = 0
    while position < len(template):
        found = _PART.match(template, position)
        if found is None or len(template) > _LONGEST:
            msg = (
                f"extract {template[:_LONGEST]!r} cannot be read: write it like $version, ${{version}} "
                f"or $1, in at most {_LONGEST} characters"
            )
            raise InvalidPattern(msg)
        dollar, bare, braced, text = found.groups()
        parts.append(_Group(bare or braced) if bare or braced else dollar or text)
        position = found.end()
    return tuple(parts)


def _numbered(parts: Sequence[str | _Group], pattern: Any, template: str) -> tuple[bytes | int, ...]:
    return tuple(
        part.encode() if isinstance(part, str) else _number(part.name, pattern, template) for part in parts
    )


def _number(name: str, pattern: Any, template: str) -> int:
    numbers = {key.decode() if isinstance(key, bytes) else key: at for key, at in pattern.groupindex.items()}
    number = int(name) if name.isdigit() else numbers.get(name)
    if number is None or number > pattern.groups:
        known = ", ".join([*numbers, *map(str, range(pattern.groups + 1))])
        msg = (
            f"extract {template!r} names the group {name}, which the include pattern "
            f"{pattern.pattern.decode()!r} lacks: it has {known}"
        )
        raise InvalidPattern(msg)
    return number
