"""How many bytes a value takes as the API server stores it, and texts cut to a known number of them."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import Any, Final

__all__ = ["BYTES_PER_CHARACTER", "shortened", "stored_size"]

BYTES_PER_CHARACTER: Final = 2
"""Bytes a cut text has at most for each character of its limit: plenty for prose, known for the worst."""

_LONGEST: Final = 6
"""Bytes of a character that JSON has to escape."""

_ELLIPSIS: Final = "…"


def stored_size(value: Any) -> int:
    """Bytes of a value as the JSON that the API server stores.

    Its encoder (encoding/json of Go) writes no blanks, and escapes <, >, & and the two line separators of
    Unicode beside what JSON itself demands.
    """
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    escaped = 5 * sum(map(text.count, "<>&")) + 3 * sum(map(text.count, "\u2028\u2029"))
    return len(text.encode("utf-8", "surrogatepass")) + escaped


def shortened(text: str, limit: int) -> str:
    """The text, cut where it has more than `limit` characters or more than twice as many bytes.

    What hosts and people write goes into statuses: none of it may make an object too large to be stored.
    """
    room = BYTES_PER_CHARACTER * limit
    if len(text) <= limit and (len(text) * _LONGEST <= room or _size(text) <= room):
        return text
    room -= _size(_ELLIPSIS)
    end = bisect_right(range(limit), room, key=lambda end: _size(text[:end])) - 1
    return text[:end] + _ELLIPSIS


def _size(text: str) -> int:
    """Without the quotes around it."""
    return stored_size(text) - 2
