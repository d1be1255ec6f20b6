from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipway.api.conditions import Reason
from slipway.kinds.managedimage.timing.beginning import Begin, NotYet, Terms, beginning, eligible_at
from slipway.kinds.managedimage.timing.coordination import BaseState
from slipway.kinds.managedimage.timing.freezes import Period
from slipway.kinds.managedimage.timing.windows import parse_window

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
NIGHT = parse_window("windows[0]", "0 2 * * *", 4 * HOUR, "Europe/Berlin")
DAY = parse_window("windows[0]", "0 8 * * *", 4 * HOUR, "Europe/Berlin")
AUDIT = Period(NOW - HOUR, NOW + HOUR, "audit")
MOVED = BaseState("node:22", in_house=False, busy=False, moved_at=NOW - HOUR)
STILL = BaseState("nginx:1", in_house=False, busy=False, moved_at=None)
ALL = Terms(delay=2 * HOUR, coordination_window=3 * HOUR, windows=[NIGHT], freezes=[AUDIT])


@pytest.mark.parametrize(
    ("terms", "bases", "want"),
    [
        pytest.param(
            ALL,
            [MOVED, STILL],
            NotYet(Reason.DELAYED, NOW + HOUR, (), "its delay of 2h ends at 2026-11-21T10:00:00Z"),
            id="the delay comes first",
        ),
        pytest.param(
            Terms(delay=HOUR, coordination_window=3 * HOUR, windows=[NIGHT], freezes=[AUDIT]),
            [MOVED, STILL],
            NotYet(
                Reason.COORDINATING,
                NOW + 2 * HOUR,
                ("nginx:1",),
                "waits until 2026-11-21T11:00:00Z for nginx:1 to move too",
            ),
            id="then other bases",
        ),
        pytest.param(
            Terms(delay=HOUR, coordination_window=HOUR, windows=[DAY], freezes=[AUDIT]),
            [MOVED, STILL],
            NotYet(Reason.FROZEN, NOW + HOUR, (), "frozen until 2026-11-21T10:00:00Z: audit"),
            id="then freezes",
        ),
        pytest.param(
            Terms(windows=[NIGHT]),
            [MOVED],
            NotYet(
                Reason.OUTSIDE_WINDOW,
                datetime(2026, 11, 22, 1, tzinfo=UTC),
                (),
                "the next maintenance window opens at 2026-11-22T02:00:00+01:00 (Europe/Berlin)",
            ),
            id="then windows",
        ),
        pytest.param(
            ALL,
            [STILL],
            NotYet(
                Reason.FROZEN,
                datetime(2026, 11, 22, 1, tzinfo=UTC),
                (),
                "frozen until 2026-11-21T10:00:00Z: audit; the next maintenance window that is not frozen "
                "opens at 2026-11-22T02:00:00+01:00 (Europe/Berlin)",
            ),
            id="where no base moved there is no delay",
        ),
    ],
)
def test_the_first_that_objects_is_told_of(terms: Terms, bases: list[BaseState], want: NotYet) -> None:
    assert beginning(terms, bases, NOW) == want


@pytest.mark.parametrize(
    ("terms", "bases", "why"),
    [
        pytest.param(Terms(), [MOVED, STILL], "", id="no terms"),
        pytest.param(Terms(windows=[DAY]), [MOVED], "a maintenance window is open", id="a window"),
        pytest.param(Terms(delay=HOUR), [MOVED], "its delay of 1h is over", id="a delay"),
        pytest.param(Terms(delay=HOUR, coordination_window=HOUR), [STILL], "", id="no base moved"),
        pytest.param(Terms(coordination_window=HOUR), [MOVED], "", id="one base"),
        pytest.param(
            Terms(delay=HOUR, coordination_window=HOUR, windows=[DAY]),
            [MOVED, STILL],
            "its delay of 1h is over, the coordination window of 1h is over and a maintenance window is open",
            id="everything",
        ),
        pytest.param(
            Terms(coordination_window=2 * HOUR),
            [MOVED, MOVED],
            "no other base is to be waited for",
            id="all moved",
        ),
    ],
)
def test_it_says_why_a_build_begins_now(terms: Terms, bases: list[BaseState], why: str) -> None:
    assert beginning(terms, bases, NOW) == Begin(why)


def test_an_emergency_passes_everything() -> None:
    found = beginning(ALL, [MOVED, STILL], NOW, emergency=True)

    assert found == Begin("an emergency passes delay, coordination, maintenance windows and freezes")


@pytest.mark.parametrize(("emergency", "want"), [(False, NOW + HOUR), (True, NOW)])
def test_a_build_is_eligible_after_the_delay_or_at_once(emergency: bool, want: datetime) -> None:
    assert eligible_at(NOW, HOUR, emergency) == want


@pytest.mark.parametrize(("ahead", "delayed"), [(HOUR / 2, True), (HOUR, False)])
def test_a_clock_that_was_put_back_at_most_doubles_a_delay(ahead: timedelta, delayed: bool) -> None:
    base = BaseState("node:22", in_house=False, busy=False, moved_at=NOW + ahead)

    assert isinstance(beginning(Terms(delay=HOUR), [base], NOW), NotYet) == delayed
