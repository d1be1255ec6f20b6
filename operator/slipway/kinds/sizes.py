"""Keeps the status of every object below 64 KiB, whatever people and hosts write into it. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, Final

from slipway.api.conditions import MESSAGE_LIMIT
from slipway.api.lengths import BYTES_PER_CHARACTER, stored_size

__all__ = ["FEW", "ROOM", "STATUS_LIMIT", "Droppable", "Trimmable", "fitted"]

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


@dataclass(frozen=True, slots=True)
class Droppable:
    """A member of a status that may go as a whole: it says more about something that is told without it."""

    path: tuple[str, ...]
    """Member by member; of a list on the way, every item is meant, and the last one gives way first."""


def fitted(status: Mapping[str, Any], *parts: Trimmable | Droppable) -> Mapping[str, Any]:
    """The status with as much left out as it takes.

    What is not named is never touched, and the worst of it fits: pending effects, handled requests, tried and
    rejected digests. The longest conditions count, not those of the moment, so that the same
    entries stay whatever is said about them.

    Args:
        status: complete camelCase JSON without `conditions` and `observedGeneration`.
        parts: what gives way, in this order.
    """
    if _has_few_entries(status):
        return status
    excess = stored_size(status) - ROOM
    if excess <= 0:
        return status
    trimmed = deepcopy(dict(status))
    for part in parts:
        match part:
            case Trimmable():
                for entries in _lists_at(trimmed, part.path):
                    excess -= _shed(entries, part, excess)
            case Droppable():
                excess -= _drop(trimmed, part.path, excess)
    return trimmed


def _has_few_entries(status: Mapping[str, Any]) -> bool:
    """The usual case, told apart without writing the status as JSON a second time."""
    return _entries(status) <= FEW


def _entries(value: Any) -> int:
    """How many entries the lists in a value have, at any depth; counted no further than it takes."""
    match value:
        case list():
            return len(value) if len(value) > FEW else len(value) + sum(map(_entries, value))
        case dict():
            return sum(map(_entries, value.values()))
        case _:
            return 0


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


def _drop(value: Any, path: tuple[str, ...], excess: int) -> int:
    """Take out a member wherever it is, the last one first, until so many bytes are gone; says how many."""
    dropped = 0
    for holder in reversed(list(_holders(value, path[:-1]))):
        if dropped >= excess:
            break
        if path[-1] in holder:
            gone = holder.pop(path[-1])
            # Its name goes with it, and a comma, unless nothing is left that it would stand beside.
            dropped += stored_size({path[-1]: gone}) - 2 + bool(holder)
    return dropped


def _holders(value: Any, path: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    if isinstance(value, list):
        for item in value:
            yield from _holders(item, path)
    elif isinstance(value, dict) and path:
        yield from _holders(value.get(path[0]), path[1:])
    elif isinstance(value, dict):
        yield value
