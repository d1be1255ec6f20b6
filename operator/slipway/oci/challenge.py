"""WWW-Authenticate: what a server asks for (RFC 9110 section 11).

Written by hand, for real registries send several challenges in one header, commas inside quotes, names in any
case and tokens where parameters are expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "AuthChallenge",
    "MalformedChallenge",
    "choose_challenge",
    "parse_challenge_header",
    "parse_challenges",
]

_TOKEN: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_TOKEN68: Final = re.compile(r"[A-Za-z0-9._~+/-]+=*")
_UNQUOTED: Final = re.compile(r"[^\s,\"]*")
_SPACE: Final = re.compile(r"[ \t]*")
_WORD: Final = "a word"
_SCHEME: Final = "a scheme before the parameters"
_QUOTE: Final = "a closing quote"
_COMMA: Final = "a comma"
_PARAMETERS: Final = frozenset({"realm", "service", "scope", "error", "error_description", "charset"})


class MalformedChallenge(ValueError):  # noqa: N818 - it says what happened
    """A WWW-Authenticate header that cannot be read."""


@dataclass(frozen=True, slots=True)
class AuthChallenge:
    """One way to authenticate; scheme and parameter names are lower-case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    token68: str = ""

    def get(self, name: str) -> str:
        """A parameter; empty when it is missing."""
        return self.parameters.get(name, "")


def parse_challenges(headers: Iterable[str]) -> tuple[AuthChallenge, ...]:
    """The challenges of all WWW-Authenticate headers of a response.

    Raises:
        MalformedChallenge: when a header cannot be read and no other one can.
    """
    found: list[AuthChallenge] = []
    problem: MalformedChallenge | None = None
    for header in headers:
        try:
            found.extend(parse_challenge_header(header))
        except MalformedChallenge as error:
            problem = error
    if problem is not None and not found:
        raise problem
    return tuple(found)


def parse_challenge_header(text: str) -> tuple[AuthChallenge, ...]:
    """The challenges of one header.

    Raises:
        MalformedChallenge: when it cannot be read.
    """
    return _Reader(text).challenges()


def choose_challenge(challenges: Iterable[AuthChallenge]) -> AuthChallenge | None:
    """Bearer with a realm if there is one, else Basic; other schemes are passed over."""
    offered = tuple(challenges)
    bearer = next((one for one in offered if one.scheme == "bearer" and one.get("realm")), None)
    return bearer or next((one for one in offered if one.scheme == "basic"), None)


class _Reader:
    """Reads from left to right; every method leaves the position behind what it took."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0

    def challenges(self) -> tuple[AuthChallenge, ...]:
        found: list[AuthChallenge] = []
        parameters: dict[str, str] | None = None
        while self._skip_separators():
            word = self._take(_TOKEN)
            if not word:
                raise self._missing(_WORD)
            if self._at_equals():
                if parameters is None:
                    raise self._missing(_SCHEME)
                parameters.setdefault(word.lower(), self._value())
                self._expect_end_of_item()
                continue
            parameters = {}
            found.append(AuthChallenge(word.lower(), parameters, self._token68()))
        return tuple(found)

    def _token68(self) -> str:
        """The token after a scheme, when what follows is neither a parameter nor the next challenge."""
        start = self._at
        spaces = self._take(_SPACE)
        token = self._take(_TOKEN68)
        ends = self._take(_SPACE) is not None and (self._at == len(self._text) or self._text[self._at] == ",")
        empty_parameter = token.endswith("=") and token.rstrip("=").lower() in _PARAMETERS
        if spaces and token and ends and not empty_parameter:
            return token
        self._at = start
        return ""

    def _at_equals(self) -> bool:
        start = self._at
        self._take(_SPACE)
        if self._text[self._at : self._at + 1] == "=":
            self._at += 1
            return True
        self._at = start
        return False

    def _value(self) -> str:
        self._take(_SPACE)
        if self._text[self._at : self._at + 1] == '"':
            return self._quoted()
        return self._take(_UNQUOTED)

    def _quoted(self) -> str:
        self._at += 1
        taken: list[str] = []
        while self._at < len(self._text):
            character = self._text[self._at]
            self._at += 1
            if character == '"':
                return "".join(taken)
            if character == "\\" and self._at < len(self._text):
                character = self._text[self._at]
                self._at += 1
            taken.append(character)
        raise self._missing(_QUOTE)

    def _expect_end_of_item(self) -> None:
        self._take(_SPACE)
        if self._at < len(self._text) and self._text[self._at] != ",":
            raise self._missing(_COMMA)

    def _skip_separators(self) -> bool:
        """Passes over spaces and commas; false at the end."""
        while self._at < len(self._text) and self._text[self._at] in " \t,":
            self._at += 1
        return self._at < len(self._text)

    def _take(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        if match is None:
            return ""
        self._at = match.end()
        return match[0]

    def _missing(self, wanted: str) -> MalformedChallenge:
        return MalformedChallenge(
            f"WWW-Authenticate is malformed: {wanted} was expected at character {self._at}"
        )
