from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.managedimage.timing.minutes import everything, first_minute, lasting, minute_of, moment_of


def of(minutes: set[int]) -> int:
    return sum(1 << minute for minute in minutes)


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_moment_lies_in_its_minute(moment: datetime) -> None:
    assert moment_of(minute_of(moment)) <= moment < moment_of(minute_of(moment) + 1)


@given(st.sets(st.integers(0, 200)), st.integers(1, 100))
def test_what_begins_lasts_exactly_so_many_minutes(starts: set[int], count: int) -> None:
    assert lasting(of(starts), count) == of({start + n for start in starts for n in range(count)})


@given(st.sets(st.integers(-10, 20_000), max_size=3), st.integers(0, 10_000), st.integers(0, 20_000))
def test_the_first_minute_is_found_wherever_it_is(wanted: set[int], begin: int, count: int) -> None:
    """And none that lies before the beginning, or not before the end."""
    asked: list[tuple[int, int]] = []

    def look(first: int, stop: int) -> int:
        asked.append((first, stop))
        return of({minute - first for minute in wanted if first <= minute < stop})

    expected = min((minute for minute in wanted if begin <= minute < begin + count), default=None)

    assert first_minute(look, begin, begin + count) == expected
    assert len(asked) <= 5, "a look ahead takes few steps"


@pytest.mark.parametrize("count", [0, 1, 64, 1440])
def test_everything_is_so_many_minutes(count: int) -> None:
    assert everything(count).bit_count() == count


def test_minutes_are_counted_from_1970() -> None:
    assert minute_of(datetime(1970, 1, 2, tzinfo=UTC) + timedelta(seconds=59)) == 1440
