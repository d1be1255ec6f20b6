from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.fence import Fence
from slipway.engine.lease import LeaseLost
from tests.unit.engine.support import ManualClock

seconds = st.floats(0, 100)


@pytest.fixture
def clock() -> ManualClock:
    """A clock that stands at 0."""
    return ManualClock()


def test_it_begins_closed(clock: ManualClock) -> None:
    """Nothing may be written before the Lease was ours."""
    fence = Fence(clock, 45)

    assert fence.left == 0
    with pytest.raises(LeaseLost, match="never ours"):
        fence.ensure(0)


@given(sent=seconds, moment=seconds, timeout=seconds)
def test_what_passes_ends_before_the_lease_does(sent: float, moment: float, timeout: float) -> None:
    """It lets pass exactly what cannot last beyond the end, counted from the moment of the renewal's send."""
    clock = ManualClock()
    fence = Fence(clock, 45)
    fence.extend(sent)
    clock.seconds = moment

    try:
        fence.ensure(timeout)
        passed = True
    except LeaseLost:
        passed = False

    assert passed == (fence.left > timeout)
    assert not passed or moment + timeout < sent + 45


def test_a_late_answer_to_an_early_renewal_takes_nothing_away(clock: ManualClock) -> None:
    """Renewals only ever add time."""
    fence = Fence(clock, 45)
    fence.extend(20)
    fence.extend(10)

    assert fence.left == 65


def test_a_closed_fence_stays_closed(clock: ManualClock) -> None:
    """No answer that is still on its way opens it again, and the first reason is the one that is told."""
    fence = Fence(clock, 45)
    fence.extend(0)
    fence.close("the Lease is held by b")
    fence.close("the Lease was given back")
    fence.extend(1)

    with pytest.raises(LeaseLost, match="held by b"):
        fence.ensure(0)


def test_the_refusal_says_how_long_the_lease_was_not_renewed(clock: ManualClock) -> None:
    """That is what whoever reads the log wants to know."""
    fence = Fence(clock, 45)
    fence.extend(0)
    clock.seconds = 20

    with pytest.raises(LeaseLost, match="renewed 20 s ago, which is too long for a request of 30 s"):
        fence.ensure(fence.longest_effect)


def test_the_longest_effect_leaves_time_for_renewals(clock: ManualClock) -> None:
    """With the default of 45 s a request has 30 s, and renewals may be 15 s late before it is refused."""
    assert Fence(clock, 45).longest_effect == 30
