"""What a reconcile comes to, and the one table that turns it into conditions, event and next check.

| outcome | Ready | beside it   | event   | looked at again                  |
|---------|-------|-------------|---------|----------------------------------|
| Settled | True  |             | Normal  | after `next_check`, else by news |
| Waiting | False | Reconciling | Normal  | after `until`, else by news      |
| Stalled | False | Stalled     | Warning | after `recheck`                  |
| Failed  | False | Reconciling | Warning | after the key's backoff          |
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Literal, TypeAlias

from slipway.api.conditions import (
    READY,
    RECONCILING,
    STALLED,
    Condition,
    ConditionStatus,
    short_message,
)

__all__ = [
    "EventNote",
    "EventType",
    "Failed",
    "Outcome",
    "Settled",
    "Stalled",
    "Verdict",
    "Waiting",
    "conditions_for",
    "transition_note",
    "verdict_on",
]

EventType: TypeAlias = Literal["Normal", "Warning"]

_STALLED_RECHECK: Final = timedelta(seconds=60)


@dataclass(frozen=True, slots=True)
class Settled:
    """The object is what its spec wishes."""

    reason: str
    message: str
    next_check: timedelta | None = None
    """When it is looked at again; None: only when there is news."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """Something that comes by itself is missing: an interval, another object, a rollout."""

    reason: str
    message: str
    until: timedelta | None = None
    """When it is looked at again; None: only when there is news."""

    is_trouble: bool = False
    """Whether something went wrong, so that its Event is a warning."""


@dataclass(frozen=True, slots=True)
class Stalled:
    """Nothing will change until a person acts."""

    reason: str
    message: str
    recheck: timedelta = _STALLED_RECHECK
    """When it is looked at again: what the person will change may not be watched, such as a Secret."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An exception ended the reconcile; it is tried again with backoff."""

    reason: str
    message: str


Outcome: TypeAlias = Settled | Waiting | Stalled | Failed


@dataclass(frozen=True, slots=True)
class EventNote:
    """An Event about an object: what happened, in the past tense, what changed from what to what."""

    reason: str
    message: str
    type: EventType = "Normal"
    action: str = "Reconcile"
    """What the operator did, CamelCase: Events must name it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """One row of the table."""

    ready: ConditionStatus
    beside: str | None
    event_type: EventType
    look_again: timedelta | None
    backs_off: bool = False


def verdict_on(outcome: Outcome) -> Verdict:
    """The row of the table for an outcome."""
    match outcome:
        case Settled():
            return Verdict("True", None, "Normal", outcome.next_check)
        case Waiting():
            return Verdict("False", RECONCILING, "Warning" if outcome.is_trouble else "Normal", outcome.until)
        case Stalled():
            return Verdict("False", STALLED, "Warning", outcome.recheck)
        case Failed():
            return Verdict("False", RECONCILING, "Warning", None, backs_off=True)


def conditions_for(
    outcome: Outcome,
    previous: Sequence[Condition],
    extra: Sequence[Condition],
    generation: int,
    now: datetime,
) -> tuple[Condition, ...]:
    """All conditions of an object after this outcome, `Ready` first.

    Args:
        outcome: What the reconcile came to.
        previous: The conditions the object carries; a condition keeps its transition time while its status
            stays the same.
        extra: Conditions of the kind's own, such as Held, present only while true. A failed reconcile knows
            nothing about them, so that it keeps the previous ones as they are.
        generation: The generation that was looked at.
        now: The moment of a transition.
    """
    verdict = verdict_on(outcome)
    before = {condition.type: condition for condition in previous}
    message = short_message(outcome.message)
    table = [Condition(READY, verdict.ready, outcome.reason, message, generation, now)]
    if verdict.beside is not None:
        table.append(Condition(verdict.beside, "True", outcome.reason, message, generation, now))
    if isinstance(outcome, Failed):
        return (*(_dated(item, before) for item in table), *_own(previous))
    fresh = (
        replace(item, message=short_message(item.message), last_transition_time=now) for item in _own(extra)
    )
    return tuple(_dated(item, before) for item in (*table, *fresh))


def transition_note(outcome: Outcome, previous: Sequence[Condition]) -> EventNote | None:
    """The Event of a transition: only when the status or the reason of `Ready` changed.

    A new object that is settled at once did not change from anything, so that there is nothing to tell.
    """
    verdict = verdict_on(outcome)
    before = next((condition for condition in previous if condition.type == READY), None)
    if before is None:
        if isinstance(outcome, Settled):
            return None
        change = f"Ready became {verdict.ready} ({outcome.reason})"
    elif (before.status, before.reason) == (verdict.ready, outcome.reason):
        return None
    else:
        change = f"Ready went from {before.status} ({before.reason}) to {verdict.ready} ({outcome.reason})"
    return EventNote(outcome.reason, f"{change}: {outcome.message}", verdict.event_type)


def _own(conditions: Sequence[Condition]) -> list[Condition]:
    """The kind's own conditions that are true, each type once: the last word counts."""
    kept = {item.type: item for item in conditions if item.type not in {READY, RECONCILING, STALLED}}
    return [item for item in kept.values() if item.status == "True"]


def _dated(condition: Condition, before: dict[str, Condition]) -> Condition:
    known = before.get(condition.type)
    if known is None or known.status != condition.status:
        return condition
    return replace(condition, last_transition_time=known.last_transition_time)
