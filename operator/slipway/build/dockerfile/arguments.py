"""How each instruction divides what stands behind its flags.

    JSON or one text      CMD ENTRYPOINT RUN SHELL
    JSON or words         ADD COPY VOLUME
    words                 EXPOSE FROM
    one text              MAINTAINER STOPSIGNAL USER WORKDIR
    words with quotes     ARG
    names and values      ENV LABEL
    a type, then as RUN   HEALTHCHECK

ONBUILD holds another instruction and is not found here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from slipway.build.dockerfile.characters import ANY_SPACE, BLANKS, WORD
from slipway.build.dockerfile.errors import FaultError
from slipway.build.dockerfile.instruction import Word

__all__ = ["ARGUMENT_READERS", "ArgumentReader", "Arguments"]


@dataclass(frozen=True, slots=True)
class Arguments:
    """The values of an instruction."""

    words: tuple[Word, ...] = ()
    is_json: bool = False


ArgumentReader = Callable[[str, int, str], Arguments]
"""Takes the text, its offset in the line, and the escape character; raises FaultError."""


def _json_or_text(text: str, offset: int, escape: str) -> Arguments:
    return _json(text, offset) or _text(text, offset, escape)


def _json_or_words(text: str, offset: int, escape: str) -> Arguments:
    return _json(text, offset) or _words(text, offset, escape)


def _words(text: str, offset: int, _escape: str) -> Arguments:
    return Arguments(tuple(Word(found[0], offset + found.start()) for found in WORD.finditer(text)))


def _text(text: str, offset: int, _escape: str) -> Arguments:
    return Arguments((Word(text, offset),) if text else ())


def _quoted_words(text: str, offset: int, escape: str) -> Arguments:
    found = _quoted(escape).finditer(text)
    return Arguments(tuple(Word(word[1], offset + word.start()) for word in found))


def _names_and_values(text: str, offset: int, escape: str) -> Arguments:
    """`NAME=value …`, or, when the first word has no `=`, the old form `NAME value`."""
    words = _quoted_words(text, offset, escape).words
    if words and "=" not in words[0].text:
        return _name_and_value(text, offset)
    pairs: list[Word] = []
    for word in words:
        name, equals, value = word.text.partition("=")
        if not equals:
            msg = f"{name[:80]!r} has no value: write NAME=value"
            raise FaultError(msg, word.offset)
        pairs += (Word(name, word.offset), Word(value, word.offset + len(name) + 1))
    return Arguments(tuple(pairs))


def _name_and_value(text: str, offset: int) -> Arguments:
    gap = BLANKS.search(text)
    if gap is None:
        msg = f"{text[:80]!r} has no value: write NAME=value"
        raise FaultError(msg, offset)
    return Arguments((Word(text[: gap.start()], offset), Word(text[gap.end() :], offset + gap.end())))


def _health_check(text: str, offset: int, escape: str) -> Arguments:
    kind = re.match(f"[^{ANY_SPACE}]+", text)
    if kind is None:
        return Arguments()
    command = text[kind.end() :].lstrip(ANY_SPACE)
    rest = _json_or_text(command, offset + len(text) - len(command), escape)
    return Arguments((Word(kind[0], offset), *rest.words), rest.is_json)


def _json(text: str, offset: int) -> Arguments | None:
    """The array, or None where the text is none and thus means itself."""
    if not text.startswith("["):
        return None
    try:
        document: object = json.loads(text, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, list):
        return None
    if not all(isinstance(word, str) for word in document):
        msg = 'a JSON array must hold strings alone: write ["program", "1"]'
        raise FaultError(msg, offset)
    return Arguments(tuple(Word(word, offset) for word in document), is_json=True)


def _refuse_constant(name: str) -> None:
    """NaN and Infinity, which Python would read, are no JSON."""
    raise ValueError(name)


@cache
def _quoted(escape: str) -> re.Pattern[str]:
    """A word that white space ends only outside of quotes; they stay in it, open ones reach to the end.

    An escape character at the very end is dropped. No part can be read in two ways: nothing is tried twice.
    """
    mark = re.escape(escape)
    part = (
        rf"{mark}.|'[^']*+(?:'|\Z)"
        rf'|"(?:{mark}.|[^"{mark}])*+(?:"|(?={mark}?\Z))'
        rf"|[^{ANY_SPACE}'\"{mark}]"
    )
    return re.compile(rf"((?:{part})++)", re.DOTALL)


ARGUMENT_READERS: Final[Mapping[str, ArgumentReader]] = {
    "ADD": _json_or_words,
    "ARG": _quoted_words,
    "CMD": _json_or_text,
    "COPY": _json_or_words,
    "ENTRYPOINT": _json_or_text,
    "ENV": _names_and_values,
    "EXPOSE": _words,
    "FROM": _words,
    "HEALTHCHECK": _health_check,
    "LABEL": _names_and_values,
    "MAINTAINER": _text,
    "RUN": _json_or_text,
    "SHELL": _json_or_text,
    "STOPSIGNAL": _text,
    "USER": _text,
    "VOLUME": _json_or_words,
    "WORKDIR": _text,
}
"""By keyword."""
