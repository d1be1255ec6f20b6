"""Durations as people write them in manifests: `90s`, `5m`, `1h30m`, `1.5h`.

The grammar is that of Go's `time.ParseDuration` (units `ms`, `s`, `m`, `h`), without a sign and bounded in
length, so that every accepted text is a duration for Go, for CEL and for Python.
"""

from __future__ import annotations

import re
from datetime import timedelta
from fractions import Fraction
from functools import lru_cache
from typing import Final

__all__ = ["DURATION_LENGTH", "DURATION_PATTERN", "format_duration", "parse_duration"]

DURATION_PATTERN: Final = r"^([0-9]{1,6}(\.[0-9]{1,3})?(ms|s|m|h))+$"
"""One or more numbers, each with its unit. Six digits of hours twice still fit into Go's 292 years."""

DURATION_LENGTH: Final = 20
"""The longest text, in characters."""

_DURATION = re.compile(DURATION_PATTERN)
_PART = re.compile(r"([0-9.]+)(ms|s|m|h)")
_MICROSECONDS: Final = {"ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000}


@lru_cache(maxsize=1024)  # the same few are read in every run of every object
def parse_duration(text: str) -> timedelta:
    """The duration a text such as `1h30m` names, to the microsecond.

    Raises:
        ValueError: when the text is no duration; the message says how to write one.
    """
    if len(text) > DURATION_LENGTH or _DURATION.fullmatch(text) is None:
        msg = f"{text!r} is no duration: write numbers with the units ms, s, m or h, such as 90s, 5m or 1h30m"
        raise ValueError(msg)
    parts = (Fraction(number) * _MICROSECONDS[unit] for number, unit in _PART.findall(text))
    return timedelta(microseconds=int(sum(parts)))


def format_duration(duration: timedelta) -> str:
    """A duration as Kubernetes prints it, in whole milliseconds: `1h30m`, `500ms`, `0s`.

    Raises:
        ValueError: when the duration is negative.
    """
    rest = duration // timedelta(milliseconds=1)
    if rest < 0:
        msg = f"{duration} is negative, and a duration of Slipway never is"
        raise ValueError(msg)
    text = ""
    for unit, size in (("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)):
        count, rest = divmod(rest, size)
        text += f"{count}{unit}" if count else ""
    return text or "0s"
