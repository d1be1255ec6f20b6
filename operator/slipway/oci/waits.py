"""How long a server asks to be left alone, in every form that registries have for it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from slipway.egress import Headers

__all__ = ["retry_after"]

_LONGEST: Final = 24 * 3600.0
_LONGEST_IN_WORDS: Final = 60.0  # GHCR means nanoseconds to seconds; more than a minute is a misreading
_SECONDS: Final = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,
    "μs": 1e-6,
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
_PART: Final = rf"(\d{{1,12}}(?:\.\d{{0,12}})?)({'|'.join(_SECONDS)})"
_DURATION: Final = re.compile(rf"(?:{_PART})+")
_IN_WORDS: Final = re.compile(rf"retry-after: ?((?:{_PART})+)", re.IGNORECASE)


def retry_after(headers: Headers, now: datetime, words: str = "") -> float | None:
    """Seconds to wait, at least 1 and at most a day; None when the server does not say, or says nonsense.

    Read from Retry-After (seconds, a date, or a duration of Go), from Docker Hub's X-Retry-After (a Unix
    time), or from what GHCR writes into its error instead: `retry-after: 43.988µs, allowed: 44000/minute`.

    Args:
        headers: Of the answer.
        now: The wall clock.
        words: The body of the answer.
    """
    wait = _stated(headers.get("retry-after"), now)
    if wait is None:
        unix = _number((headers.get("x-retry-after") or "").strip())
        wait = unix - now.timestamp() if unix is not None else _in_words(words)
    return None if wait is None else min(max(1.0, wait), _LONGEST)


def _stated(text: str | None, now: datetime) -> float | None:
    if text is None:
        return None
    text = text.strip()
    number = _number(text)
    if number is not None:
        return number
    if len(text) <= 100 and _DURATION.fullmatch(text):
        return _duration(text)
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()


def _in_words(words: str) -> float | None:
    found = _IN_WORDS.search(words, 0, 4096)
    return None if found is None else min(_duration(found[1][:100]), _LONGEST_IN_WORDS)


def _duration(text: str) -> float:
    return sum(float(number) * _SECONDS[unit] for number, unit in re.findall(_PART, text))


def _number(text: str) -> float | None:
    if not text.isascii() or len(text) > 20:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
