"""Times in which no build begins, whatever the maintenance windows say."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from slipway.clock import format_time
from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.windows import Window, parse_window

__all__ = ["Freeze", "Period", "Recurring", "parse_period", "parse_recurring"]


@dataclass(frozen=True, slots=True)
class Recurring:
    """A freeze that comes again, such as each weekend."""

    window: Window
    reason: str

    def holds(self, moment: datetime) -> bool:
        """Whether nothing may begin at this moment."""
        return self.window.holds(moment)


@dataclass(frozen=True, slots=True)
class Period:
    """A freeze that comes once, such as an audit."""

    begin: datetime
    until: datetime
    """The first moment after it."""

    reason: str

    def holds(self, moment: datetime) -> bool:
        """Whether nothing may begin at this moment."""
        return self.begin <= moment < self.until


Freeze: TypeAlias = Recurring | Period


def parse_recurring(place: str, schedule: str, duration: timedelta, time_zone: str, reason: str) -> Recurring:
    """Read a freeze that comes again; the arguments are those of `parse_window`, and what people are told.

    Raises:
        TimingError: as `parse_window` does.
    """
    return Recurring(parse_window(place, schedule, duration, time_zone), reason)


def parse_period(place: str, begin: datetime, until: datetime, reason: str) -> Period:
    """Read a freeze that comes once.

    Args:
        place: the field it stands in, for messages: `rebuild.freezes[0]`.
        begin: its first moment, aware (field `from`).
        until: the first moment after it, aware.
        reason: what people are told.

    Raises:
        TimingError: when it ends before it begins.
    """
    if until <= begin:
        msg = f"{place}.until: {format_time(until)} is not after from, {format_time(begin)}: exchange them"
        raise TimingError(msg)
    return Period(begin, until, reason)
