"""When something begins: a cron schedule in a time zone, exact on the days when clocks are changed.

The grammar, and which days a schedule falls on, are those of Debian's cron, by CronSim. So is what becomes of
a start that the clock skips or repeats (its cron(8), on local time changes of less than three hours):

- A schedule of fixed hours and minutes begins once on each of its days: what is skipped begins when the clock
  jumps, and what is repeated begins the first time.
- One whose hours or minutes begin with `*` goes by what the clock shows: what is skipped does not begin, and
  what is repeated begins again.

CronSim's own steps through time are not used: there is one for each start, which may be each minute of a
year, and where a clock is changed by half an hour (Australia/Lord_Howe) they miss starts.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError

from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.minutes import DAY, MINUTE, everything, minute_of, moment_of

__all__ = ["SCHEDULE_LENGTH", "ZONE_PATTERN", "Schedule", "parse_schedule"]

SCHEDULE_LENGTH: Final = 100
"""The longest schedule, in characters."""

ZONE_PATTERN: Final = (
    r"^(UTC|(Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Etc|Europe|Indian|Pacific)"
    r"/[A-Za-z0-9_+-]{1,30}(/[A-Za-z0-9_+-]{1,30})?)$"
)
"""Names of the time zone database (https://www.iana.org/time-zones) that mean the same on each machine."""

_ZONE: Final = re.compile(ZONE_PATTERN)
_HOW: Final = "write five fields (minute, hour, day of month, month, day of week) as in '0 2 * * *'"
_ONE_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Schedule:
    """The minutes in which something begins."""

    text: str
    """Five fields: minute, hour, day of month, month, day of week."""

    zone: ZoneInfo
    """Whose clocks the schedule goes by."""

    cron: CronSim = field(repr=False, compare=False)
    """The schedule as it was read; asked only about days."""

    times: int = field(repr=False, compare=False)
    """The minutes of a day on which it falls."""

    fixed: bool = field(repr=False, compare=False)
    """Whether it names its hours and minutes, so that it begins as often on a day of 23 or 25 hours."""

    def starts(self, begin: int, end: int) -> int:
        """The minutes in which something begins, of those from begin on and before end."""
        # A day earlier: what the clock skips before midnight begins after it.
        day, last = self._date(begin) - _ONE_DAY, self._date(end)
        found = 0
        while day <= last:
            if day.month in self.cron.months and self.cron.match_day(day):
                first, starts = self._starts_on(day)
                found |= starts << (first - begin) if first >= begin else starts >> (begin - first)
            day += _ONE_DAY
        return found & everything(end - begin)

    def _date(self, minute: int) -> date:
        return moment_of(minute).astimezone(self.zone).date()

    def _starts_on(self, day: date) -> tuple[int, int]:
        """The first minute of a day, and the starts, counted from there."""
        midnight = datetime.combine(day, time(), self.zone)
        next_midnight = datetime.combine(day + _ONE_DAY, time(), self.zone).replace(fold=1)
        if midnight.utcoffset() == next_midnight.utcoffset():
            return minute_of(midnight), self.times
        return _starts_on_a_day_of_change(day, self.zone, self.times, self.fixed)


@lru_cache(maxsize=256)  # the same few are read in every run of every object
def parse_schedule(place: str, text: str, time_zone: str) -> Schedule:
    """Read a schedule.

    Args:
        place: the field that has `schedule` and `timeZone`, for messages: `rebuild.windows[0]`.
        text: the schedule, as in `0 2 * * *`.
        time_zone: a name of the IANA database, as in `Europe/Berlin`.

    Raises:
        TimingError: for a schedule that cannot be read or never comes, and for an unknown zone.
    """
    zone, cron = _zone(f"{place}.timeZone", time_zone), _cron(f"{place}.schedule", text)
    times = sum(1 << 60 * hour + minute for hour in cron.hours for minute in cron.minutes)
    fixed = not any(part.startswith("*") for part in text.split()[:2])
    return Schedule(text, zone, cron, times, fixed)


def _cron(place: str, text: str) -> CronSim:
    if len(text) > SCHEDULE_LENGTH or len(text.split()) != 5:
        told = f"{place}: {text[:SCHEDULE_LENGTH]!r} is no schedule"
        msg = f"{told}: {_HOW}, in at most {SCHEDULE_LENGTH} characters"
        raise TimingError(msg)
    try:
        cron = CronSim(text, datetime(2000, 1, 1))  # noqa: DTZ001 - zones are ours to see to
        next(cron)
    except CronSimError as error:
        fault = str(error).removeprefix("Bad ")
        told = f"{place}: the {fault} of {text!r} cannot be read, or names a day that none of the months has"
        msg = f"{told}: {_HOW}"
        raise TimingError(msg) from error
    except StopIteration as error:
        msg = (
            f"{place}: {text!r} names days that never come together: "
            "change the day of the month, the month or the day of the week"
        )
        raise TimingError(msg) from error
    return cron


def _zone(place: str, name: str) -> ZoneInfo:
    try:
        if _ZONE.fullmatch(name):
            return ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        pass  # a folder of zones, a file that is none, or nothing of that name
    msg = f"{place}: {name[:64]!r} is no time zone: write an IANA name such as Europe/Berlin, or UTC"
    raise TimingError(msg)


@lru_cache(maxsize=256)  # a look ahead meets the same few days of each zone again and again
def _starts_on_a_day_of_change(day: date, zone: ZoneInfo, times: int, fixed: bool) -> tuple[int, int]:
    """The first minute of a day in which the clock is changed, and the starts, counted from there."""
    midnight = datetime.combine(day, time())
    # Not the first of the two: where the clock jumps over midnight, that one is after the jump.
    first, starts = min(minute_of(_moment(midnight, offset)) for offset in _offsets(midnight, zone)), 0
    for minute in range(DAY):
        if times >> minute & 1:
            for start in _starts_at(midnight + minute * MINUTE, zone, fixed):
                starts |= 1 << (minute_of(start) - first)
    return first, starts


def _starts_at(wall: datetime, zone: ZoneInfo, fixed: bool) -> Iterator[datetime]:
    """The moments that a start at this time of the clock comes to."""
    first, second = _offsets(wall, zone)
    if first < second:
        if fixed:
            yield _after_jump(wall, zone)
        return
    yield _moment(wall, first)
    if first > second and not fixed:
        yield _moment(wall, second)


def _after_jump(wall: datetime, zone: ZoneInfo) -> datetime:
    """The moment to which the clock jumps when it skips this time."""
    first, second = _offsets(wall, zone)
    while first < second:
        wall += MINUTE
        first, second = _offsets(wall, zone)
    return _moment(wall, first)


def _offsets(wall: datetime, zone: ZoneInfo) -> tuple[timedelta, timedelta]:
    """What the clock is ahead of UTC, the first and the second time that it shows this.

    The second is less for what is repeated, and more for what is skipped (PEP 495).
    """
    first, second = (wall.replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    assert first is not None
    assert second is not None
    return first, second


def _moment(wall: datetime, offset: timedelta) -> datetime:
    return wall.replace(tzinfo=UTC) - offset
