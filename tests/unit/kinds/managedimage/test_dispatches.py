"""When a run may be started that is not to be found."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.kinds.managedimage.dispatches import GRACE, Dispatches
from slipway.kinds.managedimage.facts import Unclear
from tests.unit.kinds.managedimage.world import NOW

KEY = Key("managedimages.slipway.dev", "shop", "api")
ATTEMPT = f"{'a' * 32}-1"
NOTHING = timedelta(0)
SECOND = timedelta(seconds=1)


def fresh() -> Dispatches:
    """This process wrote the attempt down."""
    dispatches = Dispatches()
    dispatches.unsent(KEY, ATTEMPT)
    return dispatches


def after_a_lost_answer() -> Dispatches:
    """This process sent it, and does not know whether it arrived."""
    dispatches = fresh()
    dispatches.sent(KEY, ATTEMPT, NOW)
    return dispatches


def after_a_refusal() -> Dispatches:
    """This process sent it, and it was turned away."""
    dispatches = after_a_lost_answer()
    dispatches.unsent(KEY, ATTEMPT)
    return dispatches


def after_a_second_try() -> Dispatches:
    """It was looked for long enough, and sent again half a minute ago."""
    dispatches = after_a_lost_answer()
    dispatches.sent(KEY, ATTEMPT, NOW + GRACE - SECOND * 30)
    return dispatches


def after_a_restart() -> Dispatches:
    """An earlier process wrote it down, and this one looks for it since then."""
    dispatches = Dispatches()
    dispatches.left(KEY, ATTEMPT, NOW)
    return dispatches


def of_another_attempt() -> Dispatches:
    """This process wrote an earlier attempt down."""
    dispatches = Dispatches()
    dispatches.unsent(KEY, "another")
    dispatches.left(KEY, ATTEMPT, NOW)
    return dispatches


def forgotten() -> Dispatches:
    """The image had no attempt under way in between."""
    dispatches = fresh()
    dispatches.forget(KEY)
    dispatches.left(KEY, ATTEMPT, NOW)
    return dispatches


@pytest.mark.parametrize(
    ("made", "after", "left"),
    [
        pytest.param(fresh, NOTHING, NOTHING, id="written down here, so that nobody has sent it"),
        pytest.param(fresh, GRACE * 10, NOTHING, id="written down here long ago"),
        pytest.param(after_a_refusal, SECOND, NOTHING, id="turned away, so that there is no run"),
        pytest.param(after_a_lost_answer, SECOND, GRACE - SECOND, id="its answer was lost a moment ago"),
        pytest.param(
            after_a_lost_answer, GRACE - SECOND, SECOND, id="its answer was lost almost long enough ago"
        ),
        pytest.param(after_a_lost_answer, GRACE, NOTHING, id="its answer was lost long enough ago"),
        pytest.param(after_a_lost_answer, -GRACE, GRACE, id="the clock was set back since"),
        pytest.param(after_a_second_try, GRACE, SECOND * 30, id="each try counts anew"),
        pytest.param(
            after_a_restart, NOTHING, GRACE, id="an earlier process may have sent it until it ended"
        ),
        pytest.param(after_a_restart, GRACE, NOTHING, id="it was looked for long enough after a restart"),
        pytest.param(of_another_attempt, SECOND, GRACE - SECOND, id="an earlier attempt says nothing"),
        pytest.param(forgotten, SECOND, GRACE - SECOND, id="what was forgotten is as unknown as ever"),
    ],
)
def test_what_may_have_been_sent_is_looked_for_first(made: object, after: timedelta, left: timedelta) -> None:
    """Only what surely was not sent may be started at once."""
    assert callable(made)
    dispatches = made()
    assert dispatches.left(KEY, ATTEMPT, NOW + after) == left


def test_only_what_surely_was_not_sent_need_not_be_found() -> None:
    """Servers are asked for all else."""
    dispatches = Dispatches()
    assert not dispatches.is_unsent(KEY, ATTEMPT)
    assert fresh().is_unsent(KEY, ATTEMPT)
    assert after_a_refusal().is_unsent(KEY, ATTEMPT)
    assert not after_a_lost_answer().is_unsent(KEY, ATTEMPT)
    assert not fresh().is_unsent(KEY, "another")


def test_refusal_is_known_until_it_is_sent_again() -> None:
    """Of this attempt alone; it changes nothing about what may have been sent."""
    dispatches, why = after_a_refusal(), Unclear("KubernetesRefused", "exceeded quota", GRACE)
    dispatches.refused(KEY, ATTEMPT, why)
    assert dispatches.refusal(KEY, ATTEMPT) == why
    assert dispatches.is_unsent(KEY, ATTEMPT)
    assert dispatches.refusal(KEY, "another") is None
    dispatches.refused(KEY, "another", why)
    assert dispatches.refusal(KEY, "another") is None
    dispatches.sent(KEY, ATTEMPT, NOW)
    assert dispatches.refusal(KEY, ATTEMPT) is None


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["look", "send", "restart"]), st.integers(0, 90)), min_size=1, max_size=30
    ),
    lag=st.integers(0, 59),
)
def test_an_attempt_is_started_once_however_often_the_process_ends(
    steps: list[tuple[str, int]], lag: int
) -> None:
    """As long as a server lists what it took within GRACE; every answer is lost."""
    now, dispatches = NOW, fresh()
    sent_at: list[datetime] = []
    for step, seconds in steps:
        now += timedelta(seconds=seconds)
        is_found = any(now - sent >= timedelta(seconds=lag) for sent in sent_at)
        if step == "restart":
            dispatches = Dispatches()
        elif not is_found and not dispatches.left(KEY, ATTEMPT, now) and step == "send":
            dispatches.sent(KEY, ATTEMPT, now)
            sent_at.append(now)
    assert len(sent_at) <= 1
