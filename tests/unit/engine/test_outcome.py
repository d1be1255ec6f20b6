from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.conditions import HELD, MESSAGE_LIMIT, READY, RECONCILING, STALLED, Condition
from slipway.engine.outcome import (
    Failed,
    Outcome,
    Settled,
    Stalled,
    Waiting,
    conditions_for,
    transition_note,
    verdict_on,
)
from tests.unit.engine.support import START

reasons = st.sampled_from(["Connected", "Unreachable", "NoTags"])
messages = st.text(max_size=20)
outcomes: st.SearchStrategy[Outcome] = st.one_of(
    st.builds(Settled, reasons, messages),
    st.builds(Waiting, reasons, messages),
    st.builds(Stalled, reasons, messages),
    st.builds(Failed, reasons, messages),
)
moments = st.integers(0, 1000).map(lambda seconds: START + timedelta(seconds=seconds))


def held(status: str = "True", message: str = "", at: datetime = START) -> Condition:
    """A condition of a kind's own."""
    return Condition(HELD, status, "RolledBack", message, 1, at)  # type: ignore[arg-type]


extras = st.lists(st.builds(held, st.sampled_from(["True", "False", "Unknown"]), messages), max_size=2)


def by_type(conditions: tuple[Condition, ...]) -> dict[str, Condition]:
    """Conditions by type; fails when a type is there twice."""
    found = {condition.type: condition for condition in conditions}
    assert len(found) == len(conditions)
    return found


@given(st.lists(st.tuples(outcomes, extras), min_size=1, max_size=6), st.integers(1, 9))
def test_conditions_follow_kstatus_through_any_story(
    story: list[tuple[Outcome, list[Condition]]], gen: int
) -> None:
    """Ready always; Reconciling and Stalled only while true, never both; times move with statuses."""
    before: tuple[Condition, ...] = ()
    for step, (outcome, extra) in enumerate(story):
        now = START + timedelta(seconds=step + 1)

        after = conditions_for(outcome, before, extra, gen, now)

        known, found = by_type(before), by_type(after)
        assert after[0].type == READY
        assert found[READY].status == ("True" if isinstance(outcome, Settled) else "False")
        assert (RECONCILING in found) == isinstance(outcome, Waiting | Failed)
        assert (STALLED in found) == isinstance(outcome, Stalled)
        for name, condition in found.items():
            assert name == READY or condition.status == "True"
            same = name in known and known[name].status == condition.status
            expected = known[name].last_transition_time if same else now
            assert condition.last_transition_time == expected
        for name in {READY, RECONCILING, STALLED} & set(found):
            assert (found[name].reason, found[name].message) == (outcome.reason, outcome.message)
            assert found[name].observed_generation == gen
        last_word = bool(extra) and extra[-1].status == "True"
        assert (HELD in found) == (HELD in known if isinstance(outcome, Failed) else last_word)
        before = after


@given(outcomes, extras, moments, moments)
def test_the_same_outcome_again_changes_nothing(
    outcome: Outcome, extra: list[Condition], first: datetime, later: datetime
) -> None:
    """An object at rest has conditions at rest."""
    once = conditions_for(outcome, (), extra, 1, first)

    assert conditions_for(outcome, once, extra, 1, later) == once


def test_a_failure_keeps_the_kinds_own_conditions_as_they_are() -> None:
    """What could not be decided anew stays as it was decided last."""
    before = (held(message="Revision 7 is held"),)

    after = conditions_for(Failed("ReconcileFailed", "boom"), before, (), 5, START + timedelta(hours=1))

    assert after[2:] == before


def test_a_kind_cannot_overrule_the_table() -> None:
    """Ready, Reconciling and Stalled come from the outcome alone."""
    own = Condition(STALLED, "True", "Mine", "", 1, START)

    assert [item.type for item in conditions_for(Settled("Connected", ""), (), [own], 1, START)] == [READY]


def test_long_messages_are_cut() -> None:
    """A message fits the schema, and one sees that it was cut."""
    (ready, *_) = conditions_for(Settled("Connected", "x" * 9999), (), (), 1, START)

    assert len(ready.message) == MESSAGE_LIMIT
    assert ready.message.endswith("x…")
    (ready, *_) = conditions_for(Settled("Connected", "x" * MESSAGE_LIMIT), (), (), 1, START)
    assert ready.message == "x" * MESSAGE_LIMIT


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("outcome", "look_again", "backs_off"),
    [
        (Settled("R", ""), None, False),
        (Settled("R", "", HOUR), HOUR, False),
        (Waiting("R", ""), None, False),
        (Waiting("R", "", HOUR), HOUR, False),
        (Stalled("R", ""), timedelta(seconds=60), False),
        (Stalled("R", "", HOUR), HOUR, False),
        (Failed("R", ""), None, True),
    ],
)
def test_when_an_object_is_looked_at_again(
    outcome: Outcome, look_again: timedelta | None, backs_off: bool
) -> None:
    """The table's last column."""
    verdict = verdict_on(outcome)

    assert (verdict.look_again, verdict.backs_off) == (look_again, backs_off)


def ready(status: str, reason: str) -> list[Condition]:
    """Previous conditions with this Ready."""
    return [Condition(READY, status, reason, "", 1, START)]  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "type_", "message"),
    [
        (
            Settled("Connected", "All is well"),
            "Normal",
            "Ready went from False (Unreachable) to True (Connected): All is well",
        ),
        (Waiting("NoTags", "x"), "Normal", "Ready went from False (Unreachable) to False (NoTags): x"),
        (
            Waiting("NoTags", "x", is_trouble=True),
            "Warning",
            "Ready went from False (Unreachable) to False (NoTags): x",
        ),
        (
            Stalled("NameConflict", "x"),
            "Warning",
            "Ready went from False (Unreachable) to False (NameConflict): x",
        ),
        (
            Failed("ReconcileFailed", "x"),
            "Warning",
            "Ready went from False (Unreachable) to False (ReconcileFailed): x",
        ),
    ],
)
def test_a_transition_is_told_with_what_it_changed(outcome: Outcome, type_: str, message: str) -> None:
    """From what, to what, and why."""
    note = transition_note(outcome, ready("False", "Unreachable"))

    assert note is not None
    assert (note.type, note.message, note.reason) == (type_, message, outcome.reason)
    assert note.action


def test_another_message_alone_is_no_transition() -> None:
    """Only the status and the reason of Ready count."""
    assert transition_note(Waiting("NoTags", "another sentence"), ready("False", "NoTags")) is None


def test_the_same_reason_with_another_status_is_a_transition() -> None:
    """Ready itself changed."""
    assert transition_note(Waiting("NoTags", ""), ready("True", "NoTags")) is not None


def test_a_new_object_tells_only_that_it_is_not_ready() -> None:
    """Settled at first sight is no change from anything."""
    assert transition_note(Settled("Connected", ""), []) is None
    note = transition_note(Waiting("NoTags", "The repository has no tag"), [held()])
    assert note is not None
    assert note.message == "Ready became False (NoTags): The repository has no tag"
