from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.cli.tables import age, size

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("passed", "text"),
    [
        (timedelta(0), "0s"),
        (timedelta(seconds=59.9), "59s"),
        (timedelta(minutes=1), "1m"),
        (timedelta(minutes=59, seconds=59), "59m"),
        (timedelta(hours=23), "23h"),
        (timedelta(days=1), "1d"),
        (timedelta(days=400), "400d"),
    ],
)
def test_ages_are_told_in_the_largest_unit_that_fits(passed: timedelta, text: str) -> None:
    assert age(NOW - passed, NOW) == text


def test_what_has_no_time_has_no_age() -> None:
    assert not age(None, NOW)


@settings(max_examples=50)
@given(st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=365)))
def test_what_lies_ahead_by_another_clock_is_new(ahead: timedelta) -> None:
    assert age(NOW + ahead, NOW) == "0s"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (None, ""),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (5_400_000, "5.1 MiB"),
        (3 << 30, "3.0 GiB"),
        (5 << 40, "5.0 TiB"),
        (5 << 50, "5120.0 TiB"),
    ],
)
def test_sizes_are_told_in_the_largest_unit_that_fits(number: int | None, text: str) -> None:
    assert size(number) == text
