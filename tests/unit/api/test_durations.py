from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.durations import DURATION_LENGTH, format_duration, parse_duration

DURATIONS = st.integers(0, 10_000 * 3_600_000).map(lambda milliseconds: timedelta(milliseconds=milliseconds))


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("5m", timedelta(minutes=5)),
        ("24h", timedelta(hours=24)),
        ("1h30m", timedelta(minutes=90)),
        ("1.5h", timedelta(minutes=90)),
        ("1m30.5s", timedelta(seconds=90, milliseconds=500)),
        ("250ms", timedelta(milliseconds=250)),
        ("0s", timedelta()),
        ("30m1h", timedelta(minutes=90)),
        ("999999h", timedelta(hours=999_999)),
    ],
)
def test_reads_what_go_reads(text: str, duration: timedelta) -> None:
    """Numbers with units are added up, in any order, as Go's time.ParseDuration does."""
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        "",
        "5",
        "m",
        "5 m",
        "-5m",
        "+5m",
        "5d",
        "1e3s",
        "5m\n",
        ".5s",
        "5.s",
        "1h 30m",
        "5M",
        "\u0665m",
        "1s" * 11,
    ],
)
def test_refuses_anything_else_and_says_how_to_write_it(text: str) -> None:
    """What is no duration raises a ValueError with examples in it."""
    with pytest.raises(ValueError, match=r"units ms, s, m or h, such as 90s, 5m or 1h30m"):
        parse_duration(text)


@given(DURATIONS)
def test_a_formatted_duration_reads_back(duration: timedelta) -> None:
    """Formatting loses nothing down to the millisecond, and what it writes fits a field."""
    text = format_duration(duration)
    assert parse_duration(text) == duration
    assert len(text) <= DURATION_LENGTH


@given(st.text(max_size=30))
def test_any_text_is_a_duration_or_a_plain_refusal(text: str) -> None:
    """No text makes the parser fail in any other way than with a ValueError."""
    with suppress(ValueError):
        assert parse_duration(text) >= timedelta()


def test_a_negative_duration_has_no_text() -> None:
    """Nothing of Slipway lasts less than no time."""
    with pytest.raises(ValueError, match="negative"):
        format_duration(timedelta(seconds=-1))
