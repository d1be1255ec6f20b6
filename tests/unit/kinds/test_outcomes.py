from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.engine.outcome import Outcome, Settled, Stalled, Waiting, conditions_for
from slipway.engine.reconcile import Observed
from slipway.kinds.outcomes import is_ready, outcome_before

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
PAUSE = timedelta(minutes=5)


def observed(outcome: Outcome | None) -> Observed:
    """An object whose last run came to this."""
    conditions = conditions_for(outcome, (), (), 3, NOW) if outcome is not None else ()
    status = {"conditions": [condition.to_json() for condition in conditions]}
    return Observed(Key("warehouses.slipway.dev", "shop", "api"), "u1", "7", 3, status, b"", {}, NOW)


words = st.text(alphabet="abc: é", max_size=20)
outcomes = st.one_of(
    st.builds(Settled, st.just("Connected"), words, st.just(PAUSE)),
    st.builds(Waiting, st.just("RegistryUnreachable"), words, st.just(PAUSE)),
    st.builds(Stalled, st.just("AmbiguousRegistry"), words, st.just(PAUSE)),
)


@given(outcomes)
def test_an_outcome_is_read_back_from_its_conditions(outcome: Outcome) -> None:
    """So that after a restart the same conditions follow, and nothing needs to be written."""
    assert outcome_before(observed(outcome), PAUSE) == outcome
    assert is_ready(observed(outcome)) is isinstance(outcome, Settled)


def test_an_object_without_conditions_waits() -> None:
    """Somebody damaged its status; the next look repairs it."""
    assert isinstance(outcome_before(observed(None), PAUSE), Waiting)
    assert not is_ready(observed(None))
