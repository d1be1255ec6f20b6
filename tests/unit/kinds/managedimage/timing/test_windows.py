from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.minutes import minute_of
from slipway.kinds.managedimage.timing.windows import Window, parse_window
from tests.support.clocks import MINUTE, berlin, crons

HOUR = timedelta(hours=1)


def window(schedule: str, duration: timedelta, zone: str = "Europe/Berlin") -> Window:
    return parse_window("rebuild.windows[0]", schedule, duration, zone)


@pytest.mark.parametrize(
    ("schedule", "hours", "begin", "end"),
    [
        pytest.param("0 2 * * *", 4, "2026-11-22 02:00", "2026-11-22 06:00", id="a usual night"),
        pytest.param("0 22 * * *", 4, "2026-11-22 22:00", "2026-11-23 02:00", id="over midnight"),
        pytest.param("0 0 * * 6", 48, "2026-11-21 00:00", "2026-11-23 00:00", id="two days"),
        pytest.param("0 0 1,8 * *", 200, "2026-11-01 00:00", "2026-11-16 08:00", id="longer than its period"),
        pytest.param(
            "0 1 * * *", 4, "2026-03-29 01:00", "2026-03-29 06:00", id="four hours where one is skipped"
        ),
        pytest.param("0 1 * * *", 4, "2026-10-25 01:00", "2026-10-25 04:00", id="four where one is repeated"),
        pytest.param("30 2 * * *", 1, "2026-03-29 03:00", "2026-03-29 04:00", id="a start that is skipped"),
    ],
)
def test_a_window_holds_from_its_start_for_as_long_as_it_lasts(
    schedule: str, hours: int, begin: str, end: str
) -> None:
    found, first, last = window(schedule, hours * HOUR), berlin(begin), berlin(end)

    held = [
        found.holds(moment) for moment in (first - timedelta(microseconds=1), first, last - MINUTE / 2, last)
    ]

    assert held == [False, True, True, False]


@given(crons, st.integers(1, 300), st.integers(-100, 100), st.integers(0, 2000))
def test_a_minute_is_within_when_something_began_not_longer_ago(
    cron: str, duration: int, begin: int, count: int
) -> None:
    found = window(cron, duration * MINUTE)
    first = minute_of(datetime(2026, 3, 28, 23, tzinfo=UTC)) + begin
    starts = found.schedule.starts(first - duration, first + count)
    began = {first - duration + n for n in range(starts.bit_length()) if starts >> n & 1}

    covered = found.covered(first, first + count)

    within = {start + n - first for start in began for n in range(duration)}
    assert covered == sum(1 << minute for minute in within if 0 <= minute < count)


@pytest.mark.parametrize(
    "duration", [timedelta(0), -HOUR, timedelta(seconds=90), timedelta(days=31) + MINUTE]
)
def test_a_duration_that_cannot_be_is_refused_with_its_field_and_the_fix(duration: timedelta) -> None:
    with pytest.raises(
        TimingError, match=r"rebuild\.windows\[0\]\.duration: .* write whole minutes, from 1m to 744h"
    ):
        window("0 2 * * *", duration)


def test_windows_of_the_same_text_are_the_same() -> None:
    assert window("0 2 * * *", HOUR) == window("0 2 * * *", HOUR) != window("0 3 * * *", HOUR)
