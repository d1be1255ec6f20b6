from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.lease import (
    TOLERANCE,
    Acquire,
    Decision,
    Lost,
    Record,
    Renew,
    Sighting,
    Wait,
    decide,
    sight,
)
from tests.unit.engine.support import START

LATER = START + timedelta(hours=1)
HELD = Record("b", 45, acquired=START, renewed=START, transitions=3, version="7")


@pytest.mark.parametrize(
    ("record", "term", "expected"),
    [
        pytest.param(None, None, Acquire(), id="nobody ever had it"),
        pytest.param(replace(HELD, holder=""), None, Acquire(), id="it was given back"),
        pytest.param(HELD, None, Wait(45 * TOLERANCE - 10), id="another has it"),
        pytest.param(replace(HELD, duration=5), None, Acquire(), id="another had it until a moment ago"),
        pytest.param(replace(HELD, holder="a"), None, Acquire(), id="our former process had it"),
        pytest.param(replace(HELD, holder="a"), START, Renew(), id="we have it"),
        pytest.param(None, START, Renew(), id="somebody deleted it while we have it"),
        pytest.param(HELD, START, Lost("b"), id="another took it"),
        pytest.param(replace(HELD, holder="a"), LATER, Lost("a"), id="another process of our name took it"),
        pytest.param(replace(HELD, holder=""), START, Lost(""), id="another took it and gave it back"),
    ],
)
def test_each_record_has_its_decision(
    record: Record | None, term: datetime | None, expected: Decision
) -> None:
    """Ten seconds after it was seen first, by a replica that calls itself a."""
    assert decide(Sighting(record, 0), "a", term, 10) == expected


@given(seen=st.floats(0, 1e6), waited=st.floats(0, 200), renewed=st.datetimes() | st.none())
def test_only_our_own_clock_counts(seen: float, waited: float, renewed: datetime | None) -> None:
    """Whatever time another has written, its Lease is free a duration after we saw it first, and a bit."""
    record = replace(HELD, renewed=renewed, acquired=renewed)
    now = seen + waited

    decision = decide(Sighting(record, seen), "a", None, now)

    left = seen + 45 * TOLERANCE - now
    assert decision == (Wait(left) if left > 0 else Acquire())


def test_others_wait_longer_than_the_holder_counts() -> None:
    """A clock that is slower by a hundredth than another must not cost the holder its last second."""
    assert isinstance(decide(Sighting(HELD, 0), "a", None, 45 / 0.991 * 1.009), Wait)


def test_a_version_is_seen_since_it_was_seen_first() -> None:
    """Looking again changes nothing; another version, even with the same content, begins anew."""
    first = sight(None, HELD, 10)

    assert first == Sighting(HELD, 10)
    assert sight(first, HELD, 20) == first
    renewed = replace(HELD, version="8")
    assert sight(first, renewed, 20) == Sighting(renewed, 20)


def test_a_record_that_is_deleted_counts_on() -> None:
    """Its holder works, for all we know, and may have renewed it since; who takes it over then creates it."""
    gone = sight(sight(None, HELD, 10), None, 20)

    assert gone == Sighting(replace(HELD, version=""), 20)
    assert sight(gone, None, 30) == gone
    assert sight(gone, replace(HELD, version="9"), 30).since == 30


def test_where_there_was_never_a_record_there_is_nothing_to_wait_for() -> None:
    """A first replica begins at once."""
    nothing = sight(sight(None, None, 10), None, 20)

    assert decide(nothing, "a", None, 20) == Acquire()
