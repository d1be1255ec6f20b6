from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from datetime import time as clock_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.managedimage.timing.freezes import Freeze, Period, Recurring, parse_period
from slipway.kinds.managedimage.timing.opening import Closed, Open, opening
from slipway.kinds.managedimage.timing.windows import Window, parse_window
from tests.support.clocks import CHANGES, MINUTE, berlin, crons
from tests.support.thoroughness import examples

HOUR = timedelta(hours=1)
SATURDAY = datetime(2026, 11, 21, 9, tzinfo=UTC)
NIGHT = parse_window("windows[0]", "0 2 * * *", 4 * HOUR, "Europe/Berlin")
WEEKEND = Recurring(parse_window("freezes[0]", "0 0 * * 6", 48 * HOUR, "Europe/Berlin"), "weekend")
CHRISTMAS = Period(
    datetime(2026, 11, 20, tzinfo=UTC), datetime(2027, 1, 2, 7, 30, 30, tzinfo=UTC), "Christmas freeze"
)
NEW_YEAR = Period(CHRISTMAS.begin, datetime(2027, 1, 4, 2, tzinfo=UTC), "New Year")
ALWAYS = Recurring(parse_window("freezes[0]", "* * * * *", HOUR, "UTC"), "closed for good")
UNTIL_NOON = Recurring(parse_window("freezes[0]", "0 0 * * *", 12 * HOUR, "Etc/GMT-3"), "mornings")
FOREVER = Period(CHRISTMAS.begin, datetime(9999, 12, 31, tzinfo=UTC), "archived")


@pytest.mark.parametrize(
    ("windows", "freezes", "until", "because"),
    [
        pytest.param(
            [NIGHT],
            [],
            "2026-11-22T01:00:00",
            "the next maintenance window opens at 2026-11-22T02:00:00+01:00 (Europe/Berlin)",
            id="outside the window",
        ),
        pytest.param(
            [NIGHT, parse_window("windows[1]", "0 20 * * *", HOUR, "America/Sao_Paulo")],
            [],
            "2026-11-21T23:00:00",
            "the next maintenance window opens at 2026-11-21T20:00:00-03:00 (America/Sao_Paulo)",
            id="by the clocks of the window that opens first",
        ),
        pytest.param(
            [],
            [CHRISTMAS],
            "2027-01-02T07:30:30",
            "frozen until 2027-01-02T07:30:30Z: Christmas freeze",
            id="a period, to the second",
        ),
        pytest.param(
            [NIGHT],
            [CHRISTMAS],
            "2027-01-03T01:00:00",
            "frozen until 2027-01-02T07:30:30Z: Christmas freeze; the next maintenance window that is not "
            "frozen opens at 2027-01-03T02:00:00+01:00 (Europe/Berlin)",
            id="a period that ends outside the window",
        ),
        pytest.param(
            [NIGHT],
            [CHRISTMAS, NEW_YEAR],
            "2027-01-04T02:00:00",
            "frozen until 2027-01-04T02:00:00Z: New Year",
            id="of two freezes the one that ends last, within the window",
        ),
        pytest.param(
            [],
            [WEEKEND],
            "2026-11-22T23:00:00",
            "frozen until 2026-11-23T00:00:00+01:00 (Europe/Berlin): weekend",
            id="a freeze that comes again",
        ),
        pytest.param(
            [],
            [WEEKEND, UNTIL_NOON],
            "2026-11-23T09:00:00",
            "frozen until 2026-11-23T00:00:00+01:00 (Europe/Berlin): weekend; a build may begin at "
            "2026-11-23T09:00:00Z, when no freeze holds any more",
            id="one freeze after the other",
        ),
        pytest.param(
            [parse_window("windows[0]", "0 10 * * *", 6 * HOUR, "UTC")],
            [parse_period("freezes[0]", SATURDAY + HOUR / 2, SATURDAY + 2 * HOUR, "audit")],
            "2026-11-21T11:00:00",
            "a build may begin at 2026-11-21T11:00:00+00:00 (UTC), when no freeze holds any more",
            id="a window that opens frozen",
        ),
        pytest.param(
            [NIGHT],
            [parse_period("freezes[0]", SATURDAY + HOUR, SATURDAY + 24 * HOUR, "audit")],
            "2026-11-23T01:00:00",
            "the next maintenance window that is not frozen opens at "
            "2026-11-23T02:00:00+01:00 (Europe/Berlin)",
            id="a window that is frozen as a whole",
        ),
        pytest.param(
            [parse_window("windows[0]", "0 2 29 2 *", HOUR, "UTC")],
            [],
            None,
            "no maintenance window opens within 400 days",
            id="a window that is years ahead",
        ),
        pytest.param(
            [], [ALWAYS], None, "frozen for more than 400 days: closed for good", id="always frozen"
        ),
        pytest.param(
            [NIGHT],
            [ALWAYS],
            None,
            "frozen for more than 400 days: closed for good; "
            "no maintenance window that is not frozen opens within 400 days",
            id="always frozen, windows or not",
        ),
        pytest.param(
            [], [FOREVER], None, "frozen until 9999-12-31T00:00:00Z: archived", id="frozen for ages"
        ),
    ],
)
def test_it_says_in_one_sentence_what_forbids_a_build_and_until_when(
    windows: Sequence[Window], freezes: Sequence[Freeze], until: str | None, because: str
) -> None:
    found = opening(windows, freezes, SATURDAY)

    moment = datetime.fromisoformat(until).replace(tzinfo=UTC) if until else None
    frozen = any(freeze.holds(SATURDAY) for freeze in freezes)
    assert found == Closed(moment, because, frozen)


@pytest.mark.parametrize(
    ("windows", "freezes", "now"),
    [
        pytest.param([], [], SATURDAY, id="nothing is said"),
        pytest.param([NIGHT], [], berlin("2026-11-22 02:00"), id="the window has just opened"),
        pytest.param([NIGHT], [], berlin("2026-11-22 05:59:59"), id="the last second of the window"),
        pytest.param([NIGHT], [CHRISTMAS], berlin("2027-01-04 02:00"), id="the freeze is over"),
        pytest.param([], [CHRISTMAS], CHRISTMAS.until, id="the freeze is over this moment"),
        pytest.param([], [WEEKEND], berlin("2026-11-20 23:59:59"), id="the freeze has not begun"),
    ],
)
def test_a_build_may_begin_in_an_open_window_without_a_freeze(
    windows: Sequence[Window], freezes: Sequence[Freeze], now: datetime
) -> None:
    assert opening(windows, freezes, now) == Open()


windows_of = st.builds(
    lambda cron, minutes, zone: parse_window("x", cron, minutes * MINUTE, zone),
    crons,
    st.integers(1, 200),
    st.sampled_from(sorted({zone for zone, _ in CHANGES.values()})),
)


def brief_periods(around: datetime) -> st.SearchStrategy[Period]:
    return st.builds(
        lambda begin, seconds: Period(
            around + begin * MINUTE / 2, around + begin * MINUTE / 2 + timedelta(seconds=seconds), "audit"
        ),
        st.integers(-600, 600),
        st.integers(1, 20_000),
    )


@settings(max_examples=examples(60))
@given(data=st.data())
def test_it_opens_at_the_first_moment_at_which_nothing_forbids_it(data: st.DataObject) -> None:
    """Found by looking at each minute of five hours, and at the end of each period, on days of change."""
    day = data.draw(st.sampled_from(sorted({day for _, day in CHANGES.values() if day.year > 2000})))
    noon = datetime.combine(day, clock_time(12), UTC)
    now = noon + data.draw(st.integers(-20 * 120, 20 * 120)) * MINUTE / 2
    windows = data.draw(st.lists(windows_of, max_size=2))
    recurring = st.builds(Recurring, windows_of, st.just("weekly"))
    freezes = data.draw(st.lists(recurring | brief_periods(now), max_size=2))
    ends = [freeze.until for freeze in freezes if isinstance(freeze, Period)]

    def may_begin(moment: datetime) -> bool:
        is_open = not windows or any(window.holds(moment) for window in windows)
        return is_open and not any(freeze.holds(moment) for freeze in freezes)

    match opening(windows, freezes, now):
        case Open():
            assert may_begin(now)
        case Closed(until, _, frozen):
            assert not may_begin(now)
            assert frozen == any(freeze.holds(now) for freeze in freezes)
            assert until is None or may_begin(until)
            last = min(until or now + 5 * HOUR, now + 5 * HOUR)
            looks = [now.replace(second=0) + n * MINUTE for n in range((last - now) // MINUTE + 2)]
            assert not [look for look in (*looks, *ends) if now <= look < last and may_begin(look)]


@pytest.mark.parametrize(
    ("schedule", "minutes"),
    [("* * * * *", 1), ("* * * * *", 31 * 24 * 60), ("*/2 * * * *", 1), ("0-58/2 0-23 * * *", 1)],
)
def test_a_look_ahead_costs_little_however_often_something_begins(schedule: str, minutes: int) -> None:
    """Ten windows and ten freezes, not one moment in 400 days: a step for each start would take minutes."""
    windows = [parse_window("x", schedule, minutes * MINUTE, "Europe/Berlin")] * 10
    freezes = [Recurring(windows[0], "never")] * 10
    began = time.process_time()

    found = opening(windows, freezes, SATURDAY)

    assert isinstance(found, Closed)
    assert found.until is None
    assert time.process_time() - began < 2
