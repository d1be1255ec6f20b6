from __future__ import annotations

from contextlib import suppress
from datetime import UTC, date, datetime, time, timedelta

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.minutes import minute_of, moment_of
from slipway.kinds.managedimage.timing.schedule import parse_schedule
from tests.support.clocks import CHANGES, crons, starts_by_the_minute

DAY = timedelta(days=1)


def starts(cron: str, zone: str, begin: datetime, end: datetime) -> list[datetime]:
    first = minute_of(begin)
    bits = parse_schedule("windows[0]", cron, zone).starts(first, minute_of(end))
    return [moment_of(first + n) for n in range(bits.bit_length()) if bits >> n & 1]


@pytest.mark.parametrize(
    ("cron", "change", "want"),
    [
        pytest.param("30 2 * * *", "an hour is skipped at 2", ["03:00+02:00"], id="skipped: when it jumps"),
        pytest.param("0,30 2 * * *", "an hour is skipped at 2", ["03:00+02:00"], id="skipped twice: once"),
        pytest.param("*/30 2 * * *", "an hour is skipped at 2", [], id="by the clock: not what is skipped"),
        pytest.param("30 2 * * *", "an hour is repeated at 3", ["02:30+02:00"], id="repeated: the first"),
        pytest.param(
            "*/30 2 * * *",
            "an hour is repeated at 3",
            ["02:00+02:00", "02:30+02:00", "02:00+01:00", "02:30+01:00"],
            id="by the clock: what is repeated",
        ),
        pytest.param("0 0 * * *", "midnight is skipped", ["01:00-02:00"], id="midnight that is skipped"),
        pytest.param("30 23 * * *", "the last hour is repeated", ["23:30-02:00"], id="last hour repeated"),
        pytest.param("15 2 * * *", "half an hour is skipped", ["02:30+11:00"], id="half an hour skipped"),
        pytest.param(
            "*/15 2 * * *",
            "half an hour is repeated",
            ["02:00+10:30", "02:15+10:30", "02:30+10:30", "02:45+10:30"],
            id="half an hour repeated: all of the next hour",
        ),
        pytest.param(
            "45 1 * * *", "half an hour is repeated", ["01:45+11:00"], id="half an hour repeated: the first"
        ),
    ],
)
def test_a_start_on_a_day_whose_clock_is_changed(cron: str, change: str, want: list[str]) -> None:
    zone, day = CHANGES[change]
    found = [start.astimezone(parse_schedule("x", cron, zone).zone) for start in _around(cron, zone, day)]

    assert [start.isoformat(timespec="minutes")[11:] for start in found if start.date() == day] == want


@pytest.mark.parametrize("change", CHANGES)
@settings(max_examples=10)
@given(cron=crons)
@example(cron="45 23 * * *")
@example(cron="15 0 * * *")
def test_starts_are_those_that_one_sees_on_the_clock(change: str, cron: str) -> None:
    """Each minute around the day is looked at, by a clock that knows nothing of our arithmetic."""
    zone, day = CHANGES[change]
    noon = datetime.combine(day, time(12), UTC)
    begin, end = noon - DAY, noon + DAY
    seen = starts_by_the_minute(cron, zone, noon)

    assert starts(cron, zone, begin, end) == [start for start in seen if begin <= start < end]


@given(st.sampled_from(sorted(CHANGES.values())), crons, st.integers(0, 3000), st.integers(0, 3000))
@example(("America/Toronto", date(1919, 3, 30)), "45 23 * * *", 990, 1)
def test_starts_do_not_depend_on_where_one_begins_to_look(
    change: tuple[str, date], cron: str, before: int, after: int
) -> None:
    """Also not where one begins right after a jump over midnight, with what was skipped on the day before."""
    zone, day = change
    schedule = parse_schedule("x", cron, zone)
    middle = minute_of(datetime.combine(day, time(12), UTC)) + before
    whole = schedule.starts(middle - before, middle + after)

    halves = schedule.starts(middle - before, middle) | schedule.starts(middle, middle + after) << before

    assert whole == halves


@pytest.mark.parametrize(
    ("cron", "zone", "fault"),
    [
        pytest.param("0 2 * *", "UTC", r"x\.schedule: '0 2 \* \*' is no schedule: write five", id="4 fields"),
        pytest.param(
            "0 0 2 * * *", "UTC", r"x\.schedule: .* is no schedule: write five fields", id="6 fields"
        ),
        pytest.param("@daily", "UTC", r"x\.schedule: '@daily' is no schedule", id="a name"),
        pytest.param("61 2 * * *", "UTC", r"x\.schedule: the minute of '61 2 \* \* \*' cannot be", id="61"),
        pytest.param("0 2 * * MOO", "UTC", r"x\.schedule: the day-of-week of", id="no day"),
        pytest.param(
            "0 0 30 2 *",
            "UTC",
            r"x\.schedule: the day-of-month of .* none of the months has",
            id="30 February",
        ),
        pytest.param("0 0 */30 2 MON#5", "UTC", r"x\.schedule: .* never come together", id="never together"),
        pytest.param("0," * 60 + "0 2 * * *", "UTC", r"in at most 100 characters", id="too long"),
        pytest.param("0 2 * * *", "Berlin", r"x\.timeZone: 'Berlin' is no time zone: write", id="a city"),
        pytest.param("0 2 * * *", "Europe/Atlantis", r"x\.timeZone: .* such as Europe/Berlin", id="no place"),
        pytest.param("0 2 * * *", "America/Argentina", r"x\.timeZone: .*", id="a folder"),
        pytest.param("0 2 * * *", "Europe/../UTC", r"x\.timeZone: .*", id="a path"),
        pytest.param("0 2 * * *", "localtime", r"x\.timeZone: .*", id="what differs by machine"),
        pytest.param("0 2 * * *", "", r"x\.timeZone: '' is no time zone", id="nothing"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_field_and_the_fix(cron: str, zone: str, fault: str) -> None:
    with pytest.raises(TimingError, match=fault):
        parse_schedule("x", cron, zone)


texts = (
    st.text(max_size=30)
    | st.text("0123456789*/,-#LW ", max_size=30)
    | st.lists(st.text("0159*/,-#LW", min_size=1, max_size=5), min_size=5, max_size=5).map(" ".join)
)


@given(texts, st.just("UTC") | st.text(max_size=20))
def test_any_text_is_read_or_refused(cron: str, zone: str) -> None:
    with suppress(TimingError):
        assert parse_schedule("x", cron, zone).times


def _around(cron: str, zone: str, day: date) -> list[datetime]:
    noon = datetime.combine(day, time(12), UTC)
    return starts(cron, zone, noon - DAY, noon + DAY)
