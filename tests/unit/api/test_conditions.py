from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from slipway.api import conditions
from slipway.api.conditions import Condition, Reason

REASONS = {name: value for name, value in vars(Reason).items() if name.isupper()}
moments = st.integers(0, 10**9).map(
    lambda seconds: datetime(2000, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
conditions_strategy = st.builds(
    Condition,
    type=st.text(),
    status=st.sampled_from(["True", "False", "Unknown"]),
    reason=st.text(),
    message=st.text(),
    observed_generation=st.integers(),
    last_transition_time=moments,
)


@given(conditions_strategy)
def test_a_condition_survives_the_way_to_json_and_back(condition: Condition) -> None:
    """What is written is read as the same."""
    assert Condition.from_json(condition.to_json()) == condition


@given(
    st.dictionaries(
        st.sampled_from([*Condition("", "True", "", "", 0, datetime.now(UTC)).to_json()]),
        st.none() | st.integers() | st.text(max_size=5),
    )
)
def test_a_damaged_condition_is_read_all_the_same(body: dict[str, Any]) -> None:
    """Reading never raises, and gives a condition that can be written."""
    condition = Condition.from_json(body)

    assert condition.status in {"True", "False", "Unknown"}
    assert Condition.from_json(condition.to_json()) == condition


def test_a_transition_time_beyond_the_calendar_is_read_as_never() -> None:
    """A time that UTC cannot hold is as good as none."""
    body = {"type": "Ready", "lastTransitionTime": "9999-12-31T23:59:59-23:59"}

    assert Condition.from_json(body).last_transition_time == datetime(1970, 1, 1, tzinfo=UTC)


def test_json_has_the_form_of_kubernetes() -> None:
    """Field names and the time as metav1.Condition has them."""
    body = Condition("Ready", "True", "Connected", "x", 3, datetime(2026, 11, 21, 9, tzinfo=UTC)).to_json()

    assert body == {
        "type": "Ready",
        "status": "True",
        "observedGeneration": 3,
        "lastTransitionTime": "2026-11-21T09:00:00Z",
        "reason": "Connected",
        "message": "x",
    }


def test_reasons_are_camel_case_words_like_their_names() -> None:
    """SECRET_NOT_FOUND is SecretNotFound; each is there once."""
    for name, value in REASONS.items():
        assert value == "".join(part.capitalize() for part in name.split("_")), name
    assert len(set(REASONS.values())) == len(REASONS) > 50


def test_every_reason_says_when_it_occurs() -> None:
    """One line each, with its sentence."""
    source = Path(conditions.__file__).read_text(encoding="utf-8")

    documented = re.findall(r"^    ([A-Z_]+): Final = \"\w+\"  # \S.{9,}$", source, re.MULTILINE)

    assert documented == list(REASONS)


def test_condition_types_are_those_of_kstatus_and_ours() -> None:
    """The three that kubectl, Argo CD and Flux know, and Held."""
    assert [conditions.READY, conditions.RECONCILING, conditions.STALLED, conditions.HELD] == [
        "Ready",
        "Reconciling",
        "Stalled",
        "Held",
    ]
