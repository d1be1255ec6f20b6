from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.sightings import SIGHTINGS_LIMIT, Sighting, Sightings

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
AGE = timedelta(hours=100)


def seen(hours_ago: int, name: str = "") -> Sighting:
    """A sighting some hours ago."""
    return Sighting(f"sha256:{hours_ago}{name}", NOW - timedelta(hours=hours_ago))


def test_the_first_sight_counts() -> None:
    """Seeing a digest again makes it no younger."""
    sightings = Sightings.of([seen(5)]).with_digest("sha256:5", NOW).with_digest("sha256:new", NOW)

    assert sightings.kept(NOW, AGE) == (seen(5), Sighting("sha256:new", NOW))


def test_of_two_entries_for_one_digest_the_earlier_counts() -> None:
    """Whoever edited the status."""
    assert Sightings.of([Sighting("d", NOW), Sighting("d", NOW - AGE)]).times == {"d": NOW - AGE}


def test_what_is_old_enough_goes_first_and_then_the_newest() -> None:
    """A flood of new digests does not reset the clock of one that has been waiting."""
    waiting, flood = seen(90, "waiting"), [seen(1, f"flood{number}") for number in range(200)]
    kept = Sightings.of([seen(150, "mature"), waiting, *flood]).kept(NOW, AGE)

    assert len(kept) == SIGHTINGS_LIMIT
    assert kept[0] == waiting


def test_of_the_old_enough_the_last_seen_stay() -> None:
    """There is room for some of them."""
    kept = Sightings.of([seen(200 + number) for number in range(150)]).kept(NOW, AGE)

    assert kept == tuple(seen(200 + number) for number in reversed(range(SIGHTINGS_LIMIT)))


@given(st.lists(st.integers(min_value=0, max_value=300), max_size=150), st.integers(0, 300))
@settings(max_examples=40)
def test_keeping_is_bounded_and_repeatable(hours: list[int], age: int) -> None:
    """What was kept is kept again, whole, and the longest waiting are always among them."""
    sightings, minimum = Sightings.of(seen(ago) for ago in hours), timedelta(hours=age)
    kept = sightings.kept(NOW, minimum)
    waiting = sorted({ago for ago in hours if ago < age}, reverse=True)

    assert len(kept) <= SIGHTINGS_LIMIT
    assert Sightings.of(kept).kept(NOW, minimum) == kept
    assert {f"sha256:{ago}" for ago in waiting[:SIGHTINGS_LIMIT]} <= {sighting.digest for sighting in kept}
