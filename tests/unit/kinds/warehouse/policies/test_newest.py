from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.kinds.warehouse.policies.newest import NewestPolicy
from slipway.kinds.warehouse.policies.policy import Needs
from slipway.oci.results import TagInfo
from tests.unit.kinds.warehouse.policies.ranked import ranked

START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)

names = st.text(alphabet="ab1.", min_size=1, max_size=3)
times = st.none() | st.integers(min_value=0, max_value=4).map(lambda hours: START + timedelta(hours=hours))
listings = st.lists(
    st.builds(lambda name, pushed: TagInfo(name, pushed_at=pushed), names, times),
    unique_by=lambda tag: tag.name,
)


@given(listings)
@settings(max_examples=40)
def test_the_choice_is_the_last_that_was_pushed(listed: list[TagInfo]) -> None:
    """Of those with a time; and of several at the same time the alphabetically last."""
    timed = [tag for tag in listed if tag.pushed_at is not None]
    slow = sorted(timed, key=lambda tag: (str(tag.pushed_at), tag.name))
    ranking = ranked(NewestPolicy("Pushed"), listed, limit=3)

    assert list(ranking.best) == [tag.name for tag in reversed(slow)][:3]
    assert ranking.rejected.get("NoTime", 0) == len(listed) - len(timed)
    assert ranking == ranked(NewestPolicy("Pushed"), listed[::-1], limit=3)


def test_each_time_counts_for_its_own_policy() -> None:
    """A tag that was pushed again is new by its push and old by its build."""
    listed = [
        TagInfo("retagged", pushed_at=START + timedelta(days=2), created_at=START),
        TagInfo("built", pushed_at=START + timedelta(days=1), created_at=START + timedelta(days=1)),
    ]

    assert ranked(NewestPolicy("Pushed"), listed).best == ("retagged", "built")
    assert ranked(NewestPolicy("Created"), listed).best == ("built", "retagged")


def test_it_says_what_it_needs_to_know() -> None:
    """Times of build can be asked for; times of push the registry tells, or nobody."""
    assert NewestPolicy("Pushed").needs is Needs.PUSH_TIMES
    assert NewestPolicy("Created").needs is Needs.BUILD_TIMES
    assert NewestPolicy("Pushed").follows is None
    assert "Created" in NewestPolicy("Pushed").wish
    assert "built" in NewestPolicy("Created").wish
