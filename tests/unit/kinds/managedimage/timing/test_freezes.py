from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.freezes import parse_period, parse_recurring
from tests.support.clocks import berlin

BEGIN, END = datetime(2026, 12, 20, tzinfo=UTC), datetime(2027, 1, 2, 7, 30, 30, tzinfo=UTC)


def test_a_period_holds_from_its_first_moment_until_its_end() -> None:
    period, instant = parse_period("freezes[0]", BEGIN, END, "Christmas"), timedelta(microseconds=1)

    held = [period.holds(moment) for moment in (BEGIN - instant, BEGIN, END - instant, END)]

    assert held == [False, True, True, False]


@pytest.mark.parametrize("until", [BEGIN, BEGIN - timedelta(seconds=1)])
def test_a_period_that_ends_before_it_begins_is_refused(until: datetime) -> None:
    with pytest.raises(
        TimingError, match=r"freezes\[0\]\.until: 2026-.* is not after from, .*: exchange them"
    ):
        parse_period("freezes[0]", BEGIN, until, "Christmas")


def test_a_freeze_that_comes_again_holds_each_time() -> None:
    freeze = parse_recurring("freezes[0]", "0 0 * * 6", timedelta(hours=48), "Europe/Berlin", "weekend")

    assert [day for day in range(16, 30) if freeze.holds(berlin(f"2026-11-{day} 23:59"))] == [21, 22, 28, 29]


def test_a_freeze_that_cannot_be_read_names_its_field() -> None:
    with pytest.raises(TimingError, match=r"freezes\[1\]\.timeZone: "):
        parse_recurring("freezes[1]", "0 0 * * 6", timedelta(hours=48), "Berlin", "weekend")
