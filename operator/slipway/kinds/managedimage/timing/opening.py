"""Whether windows and freezes let a build begin now, and if not, when they first do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from slipway.clock import format_time
from slipway.kinds.managedimage.timing.freezes import Freeze, Period, Recurring
from slipway.kinds.managedimage.timing.minutes import everything, first_minute, minute_of, moment_of
from slipway.kinds.managedimage.timing.windows import Window

__all__ = ["HORIZON", "Closed", "Open", "opening"]

HORIZON: Final = timedelta(days=400)
"""How far is looked ahead: more than a year, so that what comes once a year is found."""


@dataclass(frozen=True, slots=True)
class Open:
    """A build may begin now."""


@dataclass(frozen=True, slots=True)
class Closed:
    """No build may begin now."""

    until: datetime | None
    """The first moment at which one may, in UTC; None when there is none within `HORIZON`."""

    because: str
    """One sentence, to follow a colon: what forbids it, and until when."""

    frozen: bool
    """Whether it is a freeze that forbids it now, not just the lack of an open window."""


def opening(windows: Sequence[Window], freezes: Sequence[Freeze], now: datetime) -> Open | Closed:
    """Whether a build may begin now: while a window is open (or there are none), and no freeze holds.

    Args:
        windows: maintenance windows; without any, every time is one.
        freezes: times in which nothing begins.
        now: the moment, aware.
    """
    until = _first_open(windows, freezes, now)
    if until == now:
        return Open()
    holding = [freeze for freeze in freezes if freeze.holds(now)]
    told = _frozen(windows, holding, until, now) if holding else _closed(windows, until, now)
    return Closed(until, told, frozen=bool(holding))


def _first_open(windows: Sequence[Window], freezes: Sequence[Freeze], now: datetime) -> datetime | None:
    """The first moment, from now on, at which a build may begin."""
    periods = [freeze for freeze in freezes if isinstance(freeze, Period)]
    recurring = [freeze.window for freeze in freezes if isinstance(freeze, Recurring)]
    is_open = partial(_open, windows, recurring)
    moment, end = now, minute_of(now + HORIZON)
    while (minute := first_minute(is_open, minute_of(moment), end)) is not None:
        moment = max(moment, moment_of(minute))
        period = next((period for period in periods if period.holds(moment)), None)
        if period is None:
            return moment
        moment = period.until  # each is passed once at most
    return None


def _open(windows: Sequence[Window], frozen: Sequence[Window], begin: int, end: int) -> int:
    """The minutes in which a window is open and no recurring freeze holds."""
    found = _any(windows, begin, end) if windows else everything(end - begin)
    return found & ~_any(frozen, begin, end) if found else 0


def _any(windows: Sequence[Window], begin: int, end: int) -> int:
    covered = 0
    for window in windows:
        covered |= window.covered(begin, end)
    return covered


def _frozen(
    windows: Sequence[Window], holding: Sequence[Freeze], until: datetime | None, now: datetime
) -> str:
    """Tells of the freeze that holds now and ends last, and of what comes after it."""
    ends = [(_end(freeze, now), freeze) for freeze in holding]
    end, freeze = max(ends, key=lambda held: (held[0] is None, held[0] or now))
    told = f"frozen {f'until {_ending(freeze, end)}' if end else f'for more than {HORIZON.days} days'}"
    told = f"{told}: {freeze.reason}"
    is_told = until == end if until else not windows
    return told if is_told else f"{told}; {_next_open(windows, until)}"


def _closed(windows: Sequence[Window], until: datetime | None, now: datetime) -> str:
    """Tells when the next window opens; nothing is frozen now."""
    if _first_open(windows, (), now) != until:
        return _next_open(windows, until)
    if until is None:
        return f"no maintenance window opens within {HORIZON.days} days"
    return f"the next maintenance window opens at {_opening(windows, until)}"


def _next_open(windows: Sequence[Window], until: datetime | None) -> str:
    if until is None:
        return f"no maintenance window that is not frozen opens within {HORIZON.days} days"
    if windows and not _any(windows, minute_of(until) - 1, minute_of(until)):
        return f"the next maintenance window that is not frozen opens at {_opening(windows, until)}"
    return f"a build may begin at {_opening(windows, until)}, when no freeze holds any more"


def _end(freeze: Freeze, now: datetime) -> datetime | None:
    """When a freeze that holds now is over, if that can be seen."""
    return freeze.until if isinstance(freeze, Period) else _first_open((), (freeze,), now)


def _ending(freeze: Freeze, moment: datetime) -> str:
    return format_time(moment) if isinstance(freeze, Period) else _by_clock(freeze.window, moment)


def _opening(windows: Sequence[Window], moment: datetime) -> str:
    """A moment by the clocks of the first window that is open then; in UTC when there are no windows."""
    window = next((window for window in windows if window.holds(moment)), None)
    return _by_clock(window, moment) if window else format_time(moment)


def _by_clock(window: Window, moment: datetime) -> str:
    zone = window.schedule.zone
    return f"{moment.astimezone(zone).isoformat(timespec='seconds')} ({zone.key})"
