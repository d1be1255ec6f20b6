"""Whether a build that is wanted may begin now, and the sentence that says why, or why not yet.

Delay, coordination window, and maintenance windows with freezes are asked in this order, and the first that
objects is told of. An emergency passes them all, freezes included: that is what it is for, and it is recorded
with who asked and why.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from slipway.api.conditions import Reason
from slipway.api.durations import format_duration
from slipway.clock import format_time
from slipway.kinds.managedimage.timing.coordination import (
    BaseState,
    WaitFor,
    coordination,
    first_move,
    is_waiting,
)
from slipway.kinds.managedimage.timing.freezes import Freeze
from slipway.kinds.managedimage.timing.opening import Closed, opening
from slipway.kinds.managedimage.timing.windows import Window

__all__ = ["Begin", "NotYet", "Terms", "beginning", "eligible_at"]


@dataclass(frozen=True, slots=True)
class Terms:
    """What `spec.rebuild` says about when a build may begin."""

    delay: timedelta = timedelta(0)
    """How long a base has to have moved."""

    coordination_window: timedelta = timedelta(0)
    """How long a build waits, at most, for other bases of its image."""

    windows: Sequence[Window] = ()
    """Maintenance windows; without any, every time is one."""

    freezes: Sequence[Freeze] = ()
    """Times in which no build begins."""


@dataclass(frozen=True, slots=True)
class Begin:
    """A build may begin now, as far as time goes."""

    why: str
    """What the terms say about it, to follow the reasons for the build; empty when there are no terms."""


@dataclass(frozen=True, slots=True)
class NotYet:
    """No build may begin now."""

    reason: str
    """A member of `Reason`, for the condition."""

    until: datetime | None
    """When to ask again at the latest; None when nothing is in sight."""

    blocked_by: tuple[str, ...]
    """The bases that are waited for."""

    why: str
    """One sentence, to follow a colon."""


def eligible_at(moved_at: datetime, delay: timedelta, emergency: bool) -> datetime:
    """From when on a build of a base that moved may begin, as far as the delay goes."""
    return moved_at if emergency else moved_at + delay


def beginning(
    terms: Terms, bases: Sequence[BaseState], now: datetime, *, emergency: bool = False
) -> Begin | NotYet:
    """Whether a build that is wanted may begin now.

    Args:
        terms: what `spec.rebuild` says.
        bases: all bases that a build is wanted for when they move. When none has moved (a request, a new
            commit), neither delay nor coordination window counts.
        now: the moment, aware.
        emergency: whether a person demands it at once.
    """
    if emergency:
        return Begin("an emergency passes delay, coordination, maintenance windows and freezes")
    return _is_delayed(terms, bases, now) or _is_waiting(terms, bases, now) or _is_closed(terms, bases, now)


def _is_delayed(terms: Terms, bases: Sequence[BaseState], now: datetime) -> NotYet | None:
    moved_at = first_move(bases)
    if moved_at is None or not is_waiting(moved_at, terms.delay, now):
        return None
    until = eligible_at(moved_at, terms.delay, emergency=False)
    why = f"its delay of {format_duration(terms.delay)} ends at {format_time(until)}"
    return NotYet(Reason.DELAYED, until, (), why)


def _is_waiting(terms: Terms, bases: Sequence[BaseState], now: datetime) -> NotYet | None:
    match coordination(bases, terms.coordination_window, now):
        case WaitFor(names, until, message):
            return NotYet(Reason.COORDINATING, until, names, message)
        case _:
            return None


def _is_closed(terms: Terms, bases: Sequence[BaseState], now: datetime) -> Begin | NotYet:
    match opening(terms.windows, terms.freezes, now):
        case Closed(until, because, frozen):
            return NotYet(Reason.FROZEN if frozen else Reason.OUTSIDE_WINDOW, until, (), because)
        case _:
            return Begin(_why_now(terms, bases, now))


def _why_now(terms: Terms, bases: Sequence[BaseState], now: datetime) -> str:
    moved_at, told = first_move(bases), list[str]()
    if moved_at is not None and terms.delay:
        told.append(f"its delay of {format_duration(terms.delay)} is over")
    if moved_at is not None and terms.coordination_window and len(bases) > 1:
        over = not is_waiting(moved_at, terms.coordination_window, now)
        wait = f"the coordination window of {format_duration(terms.coordination_window)} is over"
        told.append(wait if over else "no other base is to be waited for")
    if terms.windows:
        told.append("a maintenance window is open")
    *first, last = told or [""]
    return f"{', '.join(first)} and {last}" if first else last
