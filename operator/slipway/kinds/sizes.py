"""Keeps the status of every object below 64 KiB, whatever people and hosts write into it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from slipway.api.conditions import MESSAGE_LIMIT
from slipway.api.lengths import BYTES_PER_CHARACTER, stored_size

__all__ = ["FEW", "ROOM", "STATUS_LIMIT", "Trimmable", "fitted"]

STATUS_LIMIT: Final = 64 * 1024
"""Bytes that a whole status has at most."""

ROOM: Final = STATUS_LIMIT - 3 * (BYTES_PER_CHARACTER * MESSAGE_LIMIT + 256) - 64
"""Bytes for all but `conditions` and `observedGeneration`, which the engine adds: three of the longest."""

FEW: Final = 5
"""Entries that the lists of a status may have together without any need to measure it."""


@dataclass(frozen=True, slots=True)
class Trimmable:
    """A list of a status that may lose its oldest entries. It has the newest, or the best, first."""

    path: tuple[str, ...]
    """Member by member; of a list on the way, every item is meant."""

    keep: Callable[[Mapping[str, Any]], bool] = lambda _: False
    """Whether an entry must stay."""

    newest: int = 0
    """How many of the first entries stay in any case."""


def fitted(status: Mapping[str, Any], *lists: Trimmable) -> Mapping[str, Any]:
    """The status with as many of its oldest entries left out as it takes.

    Lists that are not named are never touched, and the worst of them fit: pending effects, handled requests,
    tried and rejected digests. The longest conditions count, not those of the moment, so that the same
    entries stay whatever is said about them.

    Args:
        status: complete camelCase JSON without `conditions` and `observedGeneration`.
        lists: what gives way, in this order.
    """
    if _has_few_entries(status):
        return status
    excess = stored_size(status) - ROOM
    if excess <= 0:
        return status
    trimmed = deepcopy(dict(status))
    for trimmable in lists:
        for entries in _lists_at(trimmed, trimmable.path):
            excess -= _shed(entries, trimmable, excess)
    return trimmed


def _has_few_entries(status: Mapping[str, Any]) -> bool:
    """The usual case, told apart without writing the status as JSON a second time."""
    return sum(len(member) for member in status.values() if isinstance(member, list)) <= FEW


def _lists_at(value: Any, path: tuple[str, ...]) -> Iterator[list[Any]]:
    if isinstance(value, list) and not path:
        yield value
    elif isinstance(value, list):
        for item in value:
            yield from _lists_at(item, path)
    elif isinstance(value, dict) and path:
        yield from _lists_at(value.get(path[0]), path[1:])


def _shed(entries: list[Any], trimmable: Trimmable, excess: int) -> int:
    """Take out entries, the oldest first, until so many bytes are gone; says how many are."""
    shed = 0
    for number in reversed(range(trimmable.newest, len(entries))):
        if shed >= excess:
            break
        if not trimmable.keep(entries[number]):
            oldest = entries.pop(number)
            # A comma goes with it, unless nothing is left that it would stand beside.
            shed += stored_size(oldest) + bool(entries)
    return shed
