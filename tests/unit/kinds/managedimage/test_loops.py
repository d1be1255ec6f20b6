from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.managedimage import BaseStatus, Build
from slipway.kinds.managedimage.loops import STOP, counted, keeps_distance, runs_in_circles
from tests.unit.kinds.managedimage.world import BASE, NEW, NOW, build

MINUTE = timedelta(minutes=1)


def base(moves: int | None = None, since: datetime | None = NOW) -> BaseStatus:
    return BaseStatus(reference=BASE, moves=moves, moves_since=since if moves else None)


def begun(before: timedelta) -> Build:
    return Build.model_validate(build(1, "Succeeded", NEW) | {"startedAt": NOW - before})


@pytest.mark.parametrize(
    ("sentence", "before", "after"),
    [
        ("the first move", base(), (1, NOW)),
        ("the next one", base(1, NOW - MINUTE), (2, NOW - MINUTE)),
        ("one after the hour is over", base(9, NOW - 60 * MINUTE), (1, NOW)),
        ("one after the clock was put back", base(9, NOW + MINUTE), (1, NOW)),
    ],
)
def test_moves_are_counted_by_the_hour(sentence: str, before: BaseStatus, after: tuple[int, Any]) -> None:
    """Each base by itself."""
    found = counted(before, NOW)
    assert (found["moves"], found["moves_since"]) == after, sentence


@pytest.mark.parametrize(
    ("moves", "last", "pause"),
    [
        (5, 0 * MINUTE, None),
        (6, 0 * MINUTE, MINUTE),
        (6, MINUTE, None),
        (7, MINUTE, MINUTE),
        (19, MINUTE, 29 * MINUTE),
    ],
)
def test_builds_keep_a_distance_that_grows(moves: int, last: timedelta, pause: timedelta | None) -> None:
    """The first five moves of an hour are followed at once; pauses count from the last build's beginning."""
    until = keeps_distance([base(moves)], [begun(last)], NOW)
    assert until == (None if pause is None else NOW + pause)


def test_without_a_build_there_is_no_distance_to_keep() -> None:
    """The first build of an image waits for nothing."""
    assert keeps_distance([base(STOP)], [], NOW) is None


def test_base_that_moves_without_end_needs_a_person() -> None:
    """Until its hour is over; the message says what to do."""
    found = runs_in_circles([base(1), base(STOP, NOW - 10 * MINUTE)], NOW)
    assert found is not None
    message, over_in = found
    assert over_in == 50 * MINUTE
    assert BASE in message
    assert "slipway.dev/rebuild" in message
    assert runs_in_circles([base(STOP - 1)], NOW) is None
    assert runs_in_circles([base(STOP, NOW - 60 * MINUTE)], NOW) is None


@given(st.lists(st.integers(1, 600), min_size=1, max_size=200))
def test_builds_of_a_tag_that_never_rests_are_few(seconds: list[int]) -> None:
    """F31: whatever the rhythm, an hour has at most a few builds."""
    now, known, begun_at = NOW, BaseStatus(reference=BASE), list[datetime]()
    for pause in seconds:
        now += timedelta(seconds=pause)
        known = known.model_copy(update=dict(counted(known, now)))
        builds = [
            Build.model_validate(build(1, "Succeeded", NEW) | {"startedAt": one}) for one in begun_at[-1:]
        ]
        if runs_in_circles([known], now) is None and keeps_distance([known], builds, now) is None:
            begun_at.append(now)
    for first in begun_at:
        assert sum(timedelta(0) <= one - first < timedelta(hours=1) for one in begun_at) <= 24
