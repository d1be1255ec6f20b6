"""Sets of minutes as integers: bit i stands for the minute that begins i minutes after the first.

Schedules go by whole minutes, so a day is a number of 1,440 bits, and what several windows and freezes leave
open is found by `|`, `&` and `~`: it costs the same however many times a day one of them begins.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

__all__ = ["DAY", "MINUTE", "everything", "first_minute", "lasting", "minute_of", "moment_of"]

MINUTE: Final = timedelta(minutes=1)

DAY: Final = 24 * 60
"""Minutes of a day whose clock is not changed."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def minute_of(moment: datetime) -> int:
    """The minute that a moment lies in, counted from 1970 in UTC."""
    return (moment - _EPOCH) // MINUTE


def moment_of(minute: int) -> datetime:
    """When a minute begins, in UTC."""
    return _EPOCH + minute * MINUTE


def everything(count: int) -> int:
    """The first so many minutes."""
    return (1 << count) - 1


def lasting(starts: int, count: int) -> int:
    """The minutes of everything that begins with these and lasts so many minutes.

    Args:
        starts: minutes in which something begins.
        count: how long each lasts, at least one minute.
    """
    reached = 1
    while reached < count:  # twice as far each time: a month takes sixteen steps
        further = min(reached, count - reached)
        starts |= starts << further
        reached += further
    return starts


def first_minute(wanted: Callable[[int, int], int], begin: int, end: int) -> int | None:
    """The first minute, from begin on and before end, that is wanted; None when there is none.

    Args:
        wanted: the wanted ones of the minutes from its first argument on and before its second.
        begin: where to begin to look.
        end: where to give up.
    """
    count = DAY
    while begin < end:
        stop = min(begin + count, end)
        found = wanted(begin, stop)
        if found:
            return begin + (found & -found).bit_length() - 1
        # What is sought is mostly near; where it is not, few large steps cost less than many small ones.
        begin, count = stop, 2 * count
    return None
