"""Bases that move together cause one build: how long a build waits for other bases of its image.

From the first move that is not built yet, at most the coordination window; not at all where there is nothing
to wait for. Later moves do not begin the window anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from slipway.clock import format_time

__all__ = ["BaseState", "Ready", "WaitFor", "coordination", "first_move", "is_waiting"]

_NAMED: Final = 3
"""How many bases a sentence names; of more it tells the number."""


@dataclass(frozen=True, slots=True)
class BaseState:
    """What is known about one base of an image."""

    reference: str

    in_house: bool
    """Whether a ManagedImage is known to build it. Its next move can be foreseen; that of others cannot."""

    busy: bool
    """Whether its ManagedImage is Waiting, Queued or Building; counts for bases in-house alone."""

    moved_at: datetime | None
    """When it first moved away from what the image was built on; None while it is where it was."""


@dataclass(frozen=True, slots=True)
class Ready:
    """There is no other base to wait for, or the window is over."""


@dataclass(frozen=True, slots=True)
class WaitFor:
    """Other bases of the image may move, and a build now would have to be repeated."""

    names: tuple[str, ...]
    """References of the bases that are waited for, sorted."""

    until: datetime
    """When the window is over. To be asked again whenever one of the bases changes."""

    message: str
    """One sentence, to follow a colon."""


def coordination(bases: Sequence[BaseState], window: timedelta, now: datetime) -> Ready | WaitFor:
    """Whether a build waits for other bases of its image.

    It waits for bases in-house that are busy, also for one that has moved already: what it comes to would
    cause a second build. And it waits for external ones that have not moved: those that are published
    together do not appear in the same second. An image with one base never waits.

    Args:
        bases: all bases of the image that a build is wanted for when they move.
        window: how long at most; zero waits for nothing.
        now: the moment, aware.
    """
    moved_at = first_move(bases)
    if moved_at is None or len(bases) < 2 or not is_waiting(moved_at, window, now):
        return Ready()
    awaited = tuple(sorted(base.reference for base in bases if _may_move(base)))
    if not awaited:
        return Ready()
    until = moved_at + window
    return WaitFor(awaited, until, f"waits until {format_time(until)} for {_listed(awaited)} to move too")


def first_move(bases: Sequence[BaseState]) -> datetime | None:
    """The first move that is not built yet."""
    return min((base.moved_at for base in bases if base.moved_at is not None), default=None)


def is_waiting(since: datetime, wait: timedelta, now: datetime) -> bool:
    """Whether less than the wait has passed since.

    Of a moment that lies ahead by as much as the wait nothing can be told: the clock was put back since, and
    the wait is called over, so that none ever takes longer than twice as long.
    """
    return -wait < now - since < wait


def _may_move(base: BaseState) -> bool:
    return base.busy if base.in_house else base.moved_at is None


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    if more > 0:
        return f"{', '.join(names[:_NAMED])} and {more} more"
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
