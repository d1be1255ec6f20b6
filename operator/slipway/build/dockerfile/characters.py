"""Kinds of characters in a Dockerfile: white space and letters by the rules of Go, as BuildKit has them."""

from __future__ import annotations

import re
from functools import cache
from typing import Final

__all__ = [
    "ANY_SPACE",
    "BLANKS",
    "LINE_END",
    "SPACES",
    "SPECIAL_NAMES",
    "WORD",
    "is_name_character",
    "plain",
    "plain_within_quotes",
]

ANY_SPACE: Final = (
    "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
"""What is trimmed around lines and words: Unicode's White_Space (`str.isspace` says yes to four more)."""

SPACES: Final = re.compile(f"[{ANY_SPACE}]")
"""One of them."""

BLANKS: Final = re.compile(r"[\t\v\f\r ]+")
"""What parts an instruction from its arguments, and most arguments from each other."""

WORD: Final = re.compile(r"[^\t\v\f\r ]+")
"""What stands between them."""

LINE_END: Final = "\r\n"
"""What is trimmed from the end of a line; only the line feed ends one."""

SPECIAL_NAMES: Final = frozenset("@*#?-$!0")
"""Names of variables that are one character, such as `$?`."""


def is_name_character(character: str) -> bool:
    """Whether it can stand in the name of a variable."""
    return character == "_" or character.isalpha() or character.isdecimal()


@cache
def plain(escape: str, stop: str) -> re.Pattern[str]:
    """A run of characters that mean nothing to a shell, up to a character that ends the reading."""
    return re.compile(f"[^$<'\"{re.escape(escape + stop)}]+")


@cache
def plain_within_quotes(escape: str) -> re.Pattern[str]:
    """The same between double quotes."""
    return re.compile(f'[^$"{re.escape(escape)}]+')
