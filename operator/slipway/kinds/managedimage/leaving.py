"""What is decided about an image that is being deleted, and what makes deletions wait for that. Pure.

A deletion never hangs: where the record cannot be written, the image goes without it, and an Event says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.engine.outcome import EventNote, Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.managedimage.archive import FINALIZER
from slipway.kinds.managedimage.departure import (
    ArchiveAction,
    FinalizersAction,
    Leaving,
    Refusal,
    Unheld,
    Unrecalled,
)
from slipway.kinds.managedimage.situation import AT_ONCE, ImagePlan

__all__ = [
    "PATIENCE",
    "RECALL_PATIENCE",
    "after_archiving",
    "at_once",
    "hold",
    "leave",
    "told_of_run",
    "wait_for_run",
]

PATIENCE: Final = timedelta(minutes=4)
"""How long after its deletion an image waits for its record at most; with a last pause less than 5 min."""

RECALL_PATIENCE: Final = timedelta(minutes=1)
"""How long after its deletion an image waits at most for its run to be ended."""

_PAUSE: Final = timedelta(seconds=15)


def hold(facts: Unheld) -> ImagePlan:
    """The plan that makes a deletion wait for the operator, from the first recorded build on."""
    outcome = Waiting(Reason.BUILDING, "Its record is kept from now on", AT_ONCE)
    return _without_status(outcome, FinalizersAction((*facts.finalizers, FINALIZER)))


def at_once(plan: ImagePlan) -> ImagePlan:
    """The plan with a next look at once: that of a restored image, which nothing holds yet."""
    match plan.outcome:
        case Settled() as settled:
            return replace(plan, outcome=replace(settled, next_check=AT_ONCE))
        case Waiting() as waiting:
            return replace(plan, outcome=replace(waiting, until=AT_ONCE))
        case Stalled() as stalled:
            return replace(plan, outcome=replace(stalled, recheck=AT_ONCE))
        case _:
            return plan


def leave(facts: Leaving) -> ImagePlan:
    """The plan for an image whose deletion was asked for."""
    if not facts.has_builds:
        return _released(facts)
    if facts.is_ours and facts.existing is not None and _keeps(facts.existing, facts.archive):
        return _archived(facts)
    if facts.existing is None or facts.is_ours:
        replaces = facts.existing["metadata"]["uid"] if facts.existing else None
        outcome = Settled(Reason.ARCHIVED, "Its record is being written")
        return _without_status(outcome, ArchiveAction(facts.archive, replaces))
    why = "a ConfigMap of this name exists that the operator did not make, and it was not touched"
    return _gone_without(facts, why)


def wait_for_run(facts: Leaving, problem: Unrecalled | None, now: datetime) -> ImagePlan | None:
    """The plan while the run of a build may still be ended; None when there is nothing to wait for."""
    if problem is None or not problem.passes or now - facts.deleted_at >= RECALL_PATIENCE:
        return None
    message = (
        "The run of its build cannot be ended; the image goes without that "
        f"{_minutes(RECALL_PATIENCE)} after its deletion: {problem.message}"
    )
    outcome = Waiting(problem.reason, message, _PAUSE, is_trouble=True)
    return Plan(status=_as_it_is(facts), outcome=outcome, actions=None)


def told_of_run(plan: ImagePlan, problem: Unrecalled | None) -> ImagePlan:
    """The plan that lets an image go, with an Event of the run that it leaves behind."""
    if problem is None or not isinstance(plan.actions, FinalizersAction):
        return plan
    told = f"The image went, and the run of its build may go on: {problem.message}"
    return replace(plan, events=(*plan.events, EventNote(problem.reason, told, "Warning")))


def after_archiving(facts: Leaving, refusal: Refusal | None, now: datetime) -> ImagePlan:
    """The plan once the archive was written, or was refused."""
    if refusal is None:
        return _archived(facts)
    if refusal.namespace_goes:
        return _released(facts)  # no Event could be written either
    if now - facts.deleted_at >= PATIENCE:
        return _gone_without(facts, refusal.message)
    message = (
        f"ConfigMap {_name(facts)}, which is to keep the record of this image, cannot be written; the image "
        f"goes without it {_minutes(PATIENCE)} after its deletion: {refusal.message}"
    )
    outcome = Waiting(Reason.ARCHIVE_REFUSED, message, _PAUSE, is_trouble=True)
    return Plan(status=_as_it_is(facts), outcome=outcome, actions=None)


def _keeps(existing: Mapping[str, Any], archive: Mapping[str, Any]) -> bool:
    """Whether an archive is as it is to be: the operator ended after it was written, or heard no answer."""
    annotations = existing["metadata"].get("annotations") or {}
    is_marked = annotations.items() >= archive["metadata"]["annotations"].items()
    return bool(existing.get("binaryData") == archive["binaryData"] and is_marked)


def _archived(facts: Leaving) -> ImagePlan:
    told = f"Wrote its record to ConfigMap {_name(facts)}: an image of this name goes on from there"
    return _released(facts, EventNote(Reason.ARCHIVED, told))


def _gone_without(facts: Leaving, why: str) -> ImagePlan:
    told = f"The image went without its record; ConfigMap {_name(facts)} was not written: {why}"
    return _released(facts, EventNote(Reason.ARCHIVE_REFUSED, told, "Warning"))


def _released(facts: Leaving, *notes: EventNote) -> ImagePlan:
    others = tuple(name for name in facts.finalizers if name != FINALIZER)
    return _without_status(Settled(Reason.ARCHIVED, "It may go"), FinalizersAction(others), notes)


def _without_status(
    outcome: Outcome, action: FinalizersAction | ArchiveAction, notes: tuple[EventNote, ...] = ()
) -> ImagePlan:
    """A plan that leaves the status alone."""
    return Plan(status={}, outcome=outcome, actions=action, events=notes, keeps_status=True)


def _as_it_is(facts: Leaving) -> dict[str, Any]:
    engines = {"conditions", "observedGeneration"}
    return {name: value for name, value in (facts.observed.status or {}).items() if name not in engines}


def _name(facts: Leaving) -> str:
    return str(facts.archive["metadata"]["name"])


def _minutes(time: timedelta) -> str:
    return f"{time // timedelta(minutes=1)} min"
