"""Ranges of semantic versions: a small grammar, read into plain comparisons.

    range       := alternative ( "||" alternative )*
    alternative := hyphen | comparison ( ( " " | "," ) comparison )*      all of them must hold
    hyphen      := version " - " version                                  both ends belong to it
    comparison  := [ "=" | ">" | ">=" | "<" | "<=" | "~" | "^" ] version
    version     := [ "v" ] major [ "." minor [ "." patch [ "-" prerelease ] ] ] [ "+" build ]

A number may be `x`, `X` or `*`, and so may the rest be left out: `1.4`, `1.4.x` and `1.4.*` are the same and
stand for all of 1.4. The meaning is that of node-semver (https://github.com/npm/node-semver#ranges):

    ~1.4.2  >=1.4.2 and below 1.5        ^1.4.2  >=1.4.2 and below 2        1.4        all of 1.4
    ~1.4    all of 1.4                   ^0.4.2  >=0.4.2 and below 0.5      >1.4       from 1.5 on
    ~1      all of 1                     ^0.0.3  0.0.3 alone                <=1.4      up to the last 1.4
    *       everything                   1 - 2   all of 1 and all of 2      <1.4       below 1.4

Pre-releases follow one rule without exceptions. A full version means exactly the place it has in the order
of semver.org, so `<2.0.0` admits 2.0.0-rc.1. A version that stands for a whole line (`2`, `2.x`, and the
upper end of `~` and `^`) begins with that line's first pre-release, so `<2`, `~1.4` and `^1` do not admit
2.0.0-rc.1. Whether pre-releases are chosen at all is not decided here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple, TypeAlias

from slipway.kinds.warehouse.policies.versions import FIRST_PRERELEASE, RELEASE, Precedence, parse_prerelease

__all__ = ["InvalidRange", "VersionRange", "parse_range"]

_COMPARISON: Final = re.compile(r"(>=|<=|>|<|=|~|\^)?\s*([^\s,<>=~^|]+)")
_SEPARATOR: Final = re.compile(r"[\s,]+")
_HYPHEN: Final = re.compile(r"(\S+)\s+-\s+(\S+)")
_VERSION: Final = re.compile(
    r"[vV]?(?P<major>[0-9]+|[xX*])(?:\.(?P<minor>[0-9]+|[xX*])(?:\.(?P<patch>[0-9]+|[xX*])"
    r"(?:-(?P<prerelease>[0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?)?)?"
)
_EXAMPLES: Final = "write it like ~1.4, ^2, >=1.2 <3, 1.2.x, 1.2 - 1.6 or ^1 || ^2"


class InvalidRange(ValueError):  # noqa: N818 - named like the reason it becomes
    """A range that cannot be read; the message names the part and shows how ranges are written."""


class _Interval(NamedTuple):
    """From `lower` (None: from the start) to `upper` (None: without end)."""

    lower: Precedence | None = None
    with_lower: bool = True
    upper: Precedence | None = None
    with_upper: bool = False

    def admits(self, version: Precedence) -> bool:
        """Whether the version lies between the two ends."""
        lower, with_lower, upper, with_upper = self
        if lower is not None and (version < lower if with_lower else version <= lower):
            return False
        return upper is None or (version <= upper if with_upper else version < upper)


@dataclass(frozen=True, slots=True)
class VersionRange:
    """What a range admits: one of its alternatives, each a set of intervals that all must hold."""

    alternatives: tuple[tuple[_Interval, ...], ...]

    def admits(self, version: Precedence) -> bool:
        """Whether the version lies in the range."""
        # Plain loops: this runs for each of 20,000 tags, and generators would take three times as long.
        for chosen in self.alternatives:
            for interval in chosen:
                if not interval.admits(version):
                    break
            else:
                return True
        return False


@dataclass(frozen=True, slots=True)
class _Partial:
    """A version of a range: one to three numbers; a pre-release only behind three."""

    numbers: tuple[int, ...]
    prerelease: tuple[int, tuple[tuple[int, int, str], ...]] = RELEASE

    @property
    def is_full(self) -> bool:
        return len(self.numbers) == 3

    @property
    def start(self) -> Precedence:
        """The first version it stands for."""
        return _at(self.numbers, self.prerelease if self.is_full else FIRST_PRERELEASE)

    def after(self, position: int) -> Precedence:
        """The start of the next line, counted up at a position (0 is major): the end of this one."""
        return _at((*self.numbers[:position], self.numbers[position] + 1), FIRST_PRERELEASE)

    @property
    def after_itself(self) -> Precedence:
        """The end of the whole line a version with numbers left out stands for."""
        return self.after(len(self.numbers) - 1)


def parse_range(text: str) -> VersionRange:
    """Read a range.

    Raises:
        InvalidRange: when the text does not follow the grammar above, or a comparison admits nothing.
    """
    return VersionRange(tuple(_alternative(part.strip(), text) for part in text.split("||")))


def _alternative(part: str, text: str) -> tuple[_Interval, ...]:
    if not part:
        msg = f"the range {text!r} has an empty alternative: {_EXAMPLES}"
        raise InvalidRange(msg)
    hyphen = _HYPHEN.fullmatch(part)
    if hyphen is not None:
        return _between(_partial(hyphen[1], text), _partial(hyphen[2], text))
    return tuple(_comparisons(part, text))


def _comparisons(part: str, text: str) -> list[_Interval]:
    intervals = []
    position = 0
    while position < len(part):
        found = _COMPARISON.match(part, position)
        if found is None:
            msg = f"the range {text!r} cannot be read from {part[position:]!r} on: {_EXAMPLES}"
            raise InvalidRange(msg)
        intervals.append(_interval(found[1] or "=", found[2], text))
        separator = _SEPARATOR.match(part, found.end())
        position = found.end() if separator is None else separator.end()
    return intervals


def _interval(operator: str, version: str, text: str) -> _Interval:
    partial = _partial(version, text)
    if partial.numbers:
        return _MEANINGS[operator](partial)
    if operator in {"<", ">"}:
        msg = f"the range {text!r} admits nothing: no version is {operator}{version}; {_EXAMPLES}"
        raise InvalidRange(msg)
    return _Interval()


def _partial(version: str, text: str) -> _Partial:
    found = _VERSION.fullmatch(version)
    if found is None:
        msg = f"the range {text!r} holds {version!r}, which is no version: {_EXAMPLES}"
        raise InvalidRange(msg)
    numbers = _numbers([found["major"], found["minor"], found["patch"]])
    if found["prerelease"] is None:
        return _Partial(numbers)
    try:
        return _Partial(numbers, parse_prerelease(found["prerelease"]))
    except ValueError as error:
        msg = f"the range {text!r} holds {version!r}: {error}"
        raise InvalidRange(msg) from error


def _numbers(parts: list[str | None]) -> tuple[int, ...]:
    """The numbers up to the first that is left open: what stands behind an `x` says nothing more."""
    numbers: list[int] = []
    for part in parts:
        if part is None or not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _exactly(version: _Partial) -> _Interval:
    if version.is_full:
        return _Interval(version.start, upper=version.start, with_upper=True)
    return _Interval(version.start, upper=version.after_itself)


def _above(version: _Partial) -> _Interval:
    if version.is_full:
        return _Interval(version.start, with_lower=False)
    return _Interval(version.after_itself)


def _at_most(version: _Partial) -> _Interval:
    if version.is_full:
        return _Interval(upper=version.start, with_upper=True)
    return _Interval(upper=version.after_itself)


def _tilde(version: _Partial) -> _Interval:
    """The last number given may grow, except that a patch grows below its minor."""
    return _Interval(version.start, upper=version.after(min(1, len(version.numbers) - 1)))


def _caret(version: _Partial) -> _Interval:
    """Everything behind the first number that is not zero may grow; all zero: the last one given is held."""
    leading = next((at for at, number in enumerate(version.numbers) if number), len(version.numbers) - 1)
    return _Interval(version.start, upper=version.after(leading))


_Meaning: TypeAlias = Callable[[_Partial], _Interval]
_MEANINGS: Final[Mapping[str, _Meaning]] = {
    "=": _exactly,
    ">": _above,
    ">=": lambda version: _Interval(version.start),
    "<": lambda version: _Interval(upper=version.start),
    "<=": _at_most,
    "~": _tilde,
    "^": _caret,
}


def _between(first: _Partial, last: _Partial) -> tuple[_Interval, ...]:
    lower = _Interval(first.start) if first.numbers else _Interval()
    upper = _at_most(last) if last.numbers else _Interval()
    return lower, upper


def _at(numbers: tuple[int, ...], last: tuple[int, tuple[tuple[int, int, str], ...]]) -> Precedence:
    major, minor, patch = (*numbers, 0, 0)[:3]
    return major, minor, patch, last
