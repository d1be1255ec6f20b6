from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from slipway.kinds.stagger import last_due, next_due

START = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=7000)).map(
    lambda since: START + since
)
intervals = st.timedeltas(min_value=timedelta(seconds=1), max_value=timedelta(days=2))
uids = st.uuids().map(str)


@given(uids, intervals, moments)
def test_now_lies_between_two_due_moments_one_interval_apart(
    uid: str, interval: timedelta, now: datetime
) -> None:
    """The last one is not after now, the next one is, and between them lies exactly the interval."""
    assert last_due(uid, interval, now) <= now < next_due(uid, interval, now)
    assert next_due(uid, interval, now) - last_due(uid, interval, now) == interval


@given(uids, intervals, moments, st.integers(min_value=0, max_value=999))
def test_the_moments_do_not_depend_on_who_asks_when(
    uid: str, interval: timedelta, now: datetime, part: int
) -> None:
    """A restarted operator that asks later within the interval gets the same moments."""
    due = last_due(uid, interval, now)
    later = due + interval * part / 1000

    assert last_due(uid, interval, later) == due


def test_many_objects_are_spread_over_the_interval() -> None:
    """Of 1,000 objects no tenth of the interval has fewer than 50 or more than 150."""
    interval, now = timedelta(minutes=5), datetime(2026, 11, 21, 9, tzinfo=UTC)
    tenths = [0] * 10
    for number in range(1000):
        tenths[int((now - last_due(f"uid-{number}", interval, now)) / interval * 10)] += 1

    assert min(tenths) >= 50
    assert max(tenths) <= 150


@given(uids, st.integers(min_value=1, max_value=2000), moments)
def test_dozens_are_due_at_once_and_then_nothing_for_a_while(uid: str, minutes: int, now: datetime) -> None:
    """What is due at intervals of minutes is due every five seconds, and never between."""
    due = last_due(uid, timedelta(minutes=minutes), now)

    assert (due - datetime(1970, 1, 1, tzinfo=UTC)) % timedelta(seconds=5) == timedelta(0)


@given(uids, st.integers(min_value=6, max_value=360), st.integers(min_value=2, max_value=12), moments)
def test_who_asks_the_same_more_rarely_is_due_with_the_others(
    uid: str, fives: int, times: int, now: datetime
) -> None:
    """One answer serves an interval and its multiples."""
    often, rarely = timedelta(seconds=5 * fives), timedelta(seconds=5 * fives * times)
    due = last_due(uid, rarely, now)

    assert last_due(uid, often, due) == due


def test_pauses_after_trouble_are_spread_finely() -> None:
    """They may be shorter than the distance of two regular moments."""
    now = datetime(2026, 11, 21, 9, tzinfo=UTC)
    due = {next_due(f"uid-{number}", timedelta(seconds=8), now) for number in range(100)}

    assert len(due) == 100
