from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import Headers
from slipway.oci.waits import retry_after

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.mark.parametrize(
    ("headers", "want"),
    [
        ((("Retry-After", "7"),), 7),
        ((("Retry-After", "0"),), 1),
        ((("Retry-After", "-3"),), 1),
        ((("Retry-After", "43.9"),), 43.9),
        ((("Retry-After", "Sat, 21 Nov 2026 09:00:30 GMT"),), 30),
        ((("Retry-After", "Sat, 21 Nov 2026 08:00:00 GMT"),), 1),
        ((("Retry-After", "43.988µs"),), 1),
        ((("Retry-After", "1m30.5s"),), 90.5),
        ((("Retry-After", "nan"),), None),
        ((("Retry-After", "1" * 30),), None),
        ((("X-Retry-After", str(int(NOW.timestamp()) + 90)),), 90),
        ((("Retry-After", "soon"), ("X-Retry-After", str(int(NOW.timestamp()) + 90))), 90),
        ((), None),
    ],
)
def test_waiting_times_are_read(headers: tuple[tuple[str, str], ...], want: float | None) -> None:
    """Seconds, dates, dates that passed, Docker Hub's Unix time, and nonsense."""
    assert retry_after(Headers(headers), NOW) == want


@pytest.mark.parametrize(
    ("words", "want"),
    [
        ("TOOMANYREQUESTS: retry-after: 43.988µs, allowed: 44000/minute", 1),
        ("toomanyrequests: retry-after: 43.988μs", 1),
        ('{"errors":[{"code":"TOOMANYREQUESTS","message":"retry-after: 1m5s, allowed: 1/minute"}]}', 60),
        ("retry-after: 12.5s", 12.5),
        ("Retry-After: 250ms", 1),
        ("retry-after: soon", None),
        ("please retry after 5s", None),
        ("x" * 5000 + "retry-after: 5s", None),
        ("", None),
    ],
)
def test_waiting_times_are_read_from_words(words: str, want: float | None) -> None:
    """GHCR writes a duration of Go into its error; a minute is the most that is believed."""
    assert retry_after(Headers(), NOW, words) == want
    assert retry_after(Headers([("Retry-After", "7")]), NOW, words) == 7


@given(st.text(max_size=30) | st.floats().map(str) | st.from_regex(r"\A[0-9.]{1,9}(s|m|h|ms|us)\Z"))
@settings(max_examples=60)
def test_no_waiting_time_crashes(text: str) -> None:
    """Whatever the header, there is a wait of at least a second and at most a day, or none."""
    for wait in (
        retry_after(Headers([("Retry-After", text)]), NOW),
        retry_after(Headers(), NOW, f"retry-after: {text}"),
    ):
        assert wait is None or 1 <= wait <= 24 * 3600
