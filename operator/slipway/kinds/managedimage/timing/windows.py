"""Times that come again: maintenance windows, and freezes that are like them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from slipway.api.durations import format_duration
from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.minutes import MINUTE, everything, lasting, minute_of
from slipway.kinds.managedimage.timing.schedule import Schedule, parse_schedule

__all__ = ["LONGEST", "Window", "parse_window"]

LONGEST: Final = timedelta(days=31)
"""The longest duration. A longer freeze is one period; a longer window is no window."""


@dataclass(frozen=True, slots=True)
class Window:
    """A time that begins by a schedule and lasts a while. It may last longer than until the next begins."""

    schedule: Schedule

    duration: timedelta
    """Elapsed time, in whole minutes: four hours are four hours, also on a day whose clock is changed."""

    def holds(self, moment: datetime) -> bool:
        """Whether the moment lies within it."""
        minute = minute_of(moment)
        return self.covered(minute, minute + 1) != 0

    def covered(self, begin: int, end: int) -> int:
        """The minutes within the window, of those from begin on and before end."""
        count = self.duration // MINUTE
        starts = self.schedule.starts(begin - count + 1, end)
        return lasting(starts, count) >> (count - 1) & everything(end - begin)


def parse_window(place: str, schedule: str, duration: timedelta, time_zone: str) -> Window:
    """Read a maintenance window, or what a freeze has of one.

    Args:
        place: the field it stands in, for messages: `rebuild.windows[0]`.
        schedule: when it begins, as cron writes it: `0 2 * * *`.
        duration: how long it lasts.
        time_zone: a name of the IANA database, as in `Europe/Berlin`.

    Raises:
        TimingError: when it cannot be read, or can never be; the message names the field and the fix.
    """
    if duration < MINUTE or duration > LONGEST or duration % MINUTE:
        msg = (
            f"{place}.duration: {format_duration(max(duration, timedelta(0)))} cannot be: "
            f"write whole minutes, from 1m to {format_duration(LONGEST)}"
        )
        raise TimingError(msg)
    return Window(parse_schedule(place, schedule, time_zone), duration)
