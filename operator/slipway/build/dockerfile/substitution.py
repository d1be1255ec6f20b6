"""What the modifiers of a variable make of its value, as BuildKit of today has them.

    ${x:-word} ${x-word}   the word, where x is unset (or, with the colon, empty)
    ${x:+word} ${x+word}   the word, where it is not
    ${x:?word} ${x?word}   an error that says the word, where x is unset (or empty)
    ${x#pattern} ${x##…}   without the shortest (longest) beginning that matches; % and %% for the end

`${x/pattern/word}` has a form of its own and is not among them. See "Environment replacement" in
https://docs.docker.com/reference/dockerfile/.
"""

from __future__ import annotations

from typing import Final

from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.wildcard import Wildcard

__all__ = ["MODIFIERS", "substituted"]

MODIFIERS: Final = frozenset({"-", "+", "?", ":-", ":+", ":?", "#", "%"})
"""What may stand behind the name; a second # or % begins the word."""


def substituted(name: str, value: str | None, modifier: str, word: str) -> str:
    """What stands for the variable.

    Args:
        name: the variable, for messages.
        value: its value; None where it is unset.
        modifier: one of `MODIFIERS`.
        word: what stands behind the modifier.

    Raises:
        FaultError: when the variable is demanded and missing, or the pattern cannot be read.
    """
    missing = value is None or (modifier.startswith(":") and not value)
    match modifier[-1]:
        case "-":
            return word if missing else value or ""
        case "+":
            return "" if missing else word
        case "?":
            return _demanded(name, None if missing else value, word)
        case mark:
            return _cut(value or "", mark, word)


def _demanded(name: str, value: str | None, word: str) -> str:
    if value is None:
        msg = f"{name}: {word or 'it must be given'}"
        raise FaultError(msg, 0)
    return value


def _cut(value: str, mark: str, word: str) -> str:
    wildcard, longest = Wildcard.parse(word.removeprefix(mark)), word.startswith(mark)
    if mark == "#":
        return wildcard.without_prefix(value, longest=longest)
    return wildcard.without_suffix(value, longest=longest)
