"""What to do about a Deployment: pure, from the live objects to the next writes and the status.

Each run derives the status from what the children show. So a run that writes children decides twice: first
what to write, then, with the answers, what to say about it. A crash in between changes nothing::

    recall ──▶ choose a target ──▶ begin a change? ──▶ actions ──▶ (apply) ──▶ decide again ──▶ status
      ▲                                                               │
      └── the change stands in the workload until the history has it ─┘
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import HELD, Condition, Reason, short_message
from slipway.api.deployment import (
    CurrentImage,
    DeploymentPhase,
    DeploymentStatus,
    HistoryAction,
    HistoryEntry,
    RevisionStatus,
)
from slipway.engine.outcome import Outcome, Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.engine.requests import handled_requests
from slipway.kinds.deployment import history as histories
from slipway.kinds.deployment.actions import children_to_write
from slipway.kinds.deployment.autoscaler import AUTOSCALER
from slipway.kinds.deployment.events import events_between
from slipway.kinds.deployment.facts import Actions, DeploymentPlan, Facts
from slipway.kinds.deployment.health import Health, Scene, deadline_message, judge
from slipway.kinds.deployment.history import History, rollout_under_way
from slipway.kinds.deployment.inputs import digest_of
from slipway.kinds.deployment.lost import lost_revision
from slipway.kinds.deployment.offer import SPEC_CHANGE
from slipway.kinds.deployment.rejected import Rejections, newest_first, standing
from slipway.kinds.deployment.revisions import in_order, with_number
from slipway.kinds.deployment.target import Situation, Target, choose, rollback_cause
from slipway.kinds.deployment.template import NAME_LABEL
from slipway.kinds.deployment.workload import Workload
from slipway.kinds.sizes import fitted

__all__ = ["being_removed", "decide", "stop"]

_WORTH_TELLING: Final = timedelta(seconds=4)
"""A rollout that nobody asked for just now, and that is over sooner, is told when it is over."""

_UNTIL_COLLECTED: Final = timedelta(seconds=2)
"""Kubernetes collects the children of a deleted object within seconds; nothing else tells that it has."""


def decide(facts: Facts, now: datetime) -> DeploymentPlan:
    """The plan for one Deployment at one moment."""
    now = now.replace(microsecond=0)
    past = _recall(facts)
    facts = _with_lost_revision(facts, past.history)
    target = choose(_situation(facts, past, _rejected(facts, past.change)))
    if conflict := _name_conflict(facts, target):
        return stop(facts, conflict)
    change = _change_to_begin(facts, past, target, now)
    history = histories.begin(past.history, change) if change else past.history
    rejected = _rejected(facts, past.change, change)
    scene = Scene(facts.spec, target, history, facts.workload, facts.offer, rejected, facts.trouble)
    if change and past.change:
        return _record_first(facts, replace(scene, history=past.history), now)
    stable = _stable(facts.status, None if change else facts.workload, history)
    actions = children_to_write(facts, target, history, rejected, stable)
    return _put_off(facts, scene, _plan(facts, scene, judge(scene), replace(actions, now=now), now), now)


def stop(facts: Facts, outcome: Outcome) -> DeploymentPlan:
    """The plan that touches nothing and says why; what is recorded stays."""
    phase = DeploymentPhase.PROGRESSING if isinstance(outcome, Waiting) else DeploymentPhase.DEGRADED
    update = {"phase": phase, "message": short_message(outcome.message)}
    status = _with_requests(facts, _json(facts.status.model_copy(update=update)))
    return Plan(fitted(status, histories.TRIMMABLE), outcome, Actions(), facts.notes)


def being_removed(message: str) -> Waiting:
    """The outcome while a child of a deleted object of our name is still there."""
    return Waiting(Reason.NAME_CONFLICT, message, _UNTIL_COLLECTED)


# --- what happened so far


@dataclass(frozen=True, slots=True)
class _Past:
    """The history, with the change that an earlier run began and could not record."""

    history: History
    change: HistoryEntry | None


def _recall(facts: Facts) -> _Past:
    recorded = facts.status.history
    change = histories.unrecorded(recorded, facts.workload.change if facts.workload else None)
    return _Past(histories.begin(recorded, change) if change else recorded, change)


def _with_lost_revision(facts: Facts, history: History) -> Facts:
    """The facts with the revision that runs among the others, though its ControllerRevision was deleted."""
    lost = lost_revision(facts, history)
    return facts if lost is None else replace(facts, revisions=in_order((*facts.revisions, lost)))


def _rejected(facts: Facts, *changes: HistoryEntry | None) -> Rejections:
    accepted = set(facts.spec.accept_digests)
    if facts.spec.rollback_to is not None:
        # Naming a revision by number is as clear a word as naming its digest in acceptDigests.
        revision = with_number(facts.revisions, facts.spec.rollback_to.revision)
        accepted |= {revision.inputs.digest} if revision else set()
    return standing(facts.status.rejected, facts.revisions, changes, accepted)


def _situation(facts: Facts, past: _Past, rejected: Rejections) -> Situation:
    numbers = facts.status.revision
    return Situation(
        name=facts.observed.key.name,
        spec=facts.spec,
        history=past.history,
        revisions=facts.revisions,
        known_number=max(numbers.current or 0, numbers.stable or 0) if numbers else 0,
        workload_is_gone=facts.workload is None,
        offer=facts.offer,
        rejected=rejected,
        registry_error=facts.registry_error,
        pull_secret=facts.pull_secret,
    )


def _name_conflict(facts: Facts, target: Target) -> Stalled | Waiting | None:
    needed = {"Deployment"}
    if target.revision is not None and target.revision.inputs.ports:
        needed.add("Service")
    if strange := needed & facts.strangers:
        message = (
            f"{_named(facts, strange)} exists and is not controlled by this object: delete or rename it, "
            "or choose another name for this object"
        )
        return Stalled(Reason.NAME_CONFLICT, message)
    if old := needed & facts.left_over:
        return being_removed(f"Still being removed with a deleted object of this name: {_named(facts, old)}")
    return None


def _named(facts: Facts, kinds: Collection[str]) -> str:
    name = facts.observed.key.name
    return " and ".join(
        f"{'apps/v1 ' if kind == 'Deployment' else ''}{kind} {name}" for kind in sorted(kinds)
    )


# --- what begins now


def _change_to_begin(facts: Facts, past: _Past, target: Target, now: datetime) -> HistoryEntry | None:
    last = past.history[0] if past.history else None
    if target.revision is None or (
        last is not None
        and (last.revision, last.new_replicas) == (target.revision.number, facts.spec.replicas)
    ):
        return None
    scales = last is not None and last.revision == target.revision.number
    return HistoryEntry(
        revision=target.revision.number,
        action=HistoryAction.SCALE if scales else _action(last, target),
        old_image=last.new_image if last else None,
        new_image=target.revision.inputs.image,
        old_replicas=last.new_replicas if last else None,
        new_replicas=facts.spec.replicas,
        # A clock that was set back must not make the change look older than what it follows.
        started_at=max(now, last.started_at) if last else now,
        cause=_cause_of_scaling(facts) if scales else target.cause,
    )


def _cause_of_scaling(facts: Facts) -> str:
    return AUTOSCALER if facts.autoscaled else SPEC_CHANGE


def _action(last: HistoryEntry | None, target: Target) -> HistoryAction:
    return HistoryAction.CREATE if last is None and not target.held else target.action


# --- what is said about it


def _record_first(facts: Facts, scene: Scene, now: datetime) -> DeploymentPlan:
    """Only the status: the next change would overwrite the one witness of the change before."""
    message = f"Revision {scene.number} was begun and is recorded; what is wanted by now follows"
    outcome = Waiting(Reason.ROLLING_OUT, message, timedelta(0))
    return _plan(facts, scene, Health(DeploymentPhase.PROGRESSING, outcome), Actions(), now)


def _plan(facts: Facts, scene: Scene, health: Health, actions: Actions, now: datetime) -> DeploymentPlan:
    history = _closed(scene, now)
    status = facts.status.model_copy(
        update={
            "phase": health.phase,
            "message": short_message(health.outcome.message),
            "replicas": scene.workload.replicas if scene.workload else 0,
            "ready_replicas": scene.workload.ready if scene.workload else 0,
            "selector": f"{NAME_LABEL}={facts.observed.key.name}",
            "revision": _numbers(facts.status, scene),
            "image": _image(facts.status, scene),
            "history": history,
            "rejected": newest_first(scene.rejected),
        }
    )
    return Plan(
        status=fitted(_with_requests(facts, _json(status)), histories.TRIMMABLE),
        outcome=health.outcome,
        actions=actions,
        events=(*facts.notes, *events_between(facts.status, status)),
        conditions=_held(facts, scene, now),
        tells_transition=health.outcome.reason in {Reason.ROLLING_OUT, Reason.SCALING, Reason.HEALTHY},
    )


def _put_off(facts: Facts, scene: Scene, plan: DeploymentPlan, now: datetime) -> DeploymentPlan:
    """The plan, or for a moment the same without a status: the workload is the witness of what was begun."""
    begun = rollout_under_way(scene.history)
    if begun is None or plan.outcome.reason != Reason.ROLLING_OUT or not _comes_by_itself(facts, begun):
        return plan
    left = begun.started_at + _WORTH_TELLING - now
    if left <= timedelta(0):
        return plan
    outcome = Waiting(Reason.ROLLING_OUT, plan.outcome.message, left)
    return replace(plan, outcome=outcome, events=(), keeps_status=True)


def _comes_by_itself(facts: Facts, begun: HistoryEntry) -> bool:
    """Whether a source moved on, no status tells of it yet, and what the status tells is still true."""
    told = facts.observed.status or {}
    return (
        begun.action == HistoryAction.UPDATE
        and facts.status.phase == DeploymentPhase.HEALTHY
        and told.get("observedGeneration") == facts.observed.generation
        and not any(entry.started_at >= begun.started_at for entry in facts.status.history)
        and not facts.requests
        and not facts.notes
    )


def _closed(scene: Scene, now: datetime) -> History:
    if scene.workload is None:
        return scene.history
    if scene.workload.complete:
        return histories.finish(scene.history, now)
    if scene.workload.deadline_exceeded:
        return histories.fail(scene.history, deadline_message(scene), now)
    return scene.history


def _numbers(status: DeploymentStatus, scene: Scene) -> RevisionStatus | None:
    if not scene.history:
        return None
    return RevisionStatus(current=scene.number, stable=_stable(status, scene.workload, scene.history))


def _stable(status: DeploymentStatus, workload: Workload | None, history: History) -> int | None:
    """The revision that was healthy last."""
    if workload is not None and workload.complete and history:
        return history[0].revision
    return status.revision.stable if status.revision else None


def _image(status: DeploymentStatus, scene: Scene) -> CurrentImage | None:
    digest = digest_of(scene.image)
    if not digest:
        return None
    candidate = scene.offer.naming(digest)
    if candidate is not None:
        return CurrentImage(reference=candidate.reference, digest=digest)
    # The source may have forgotten by now what this digest was called.
    if status.image is not None and status.image.digest == digest:
        return status.image
    return CurrentImage(reference=scene.image, digest=digest)


def _held(facts: Facts, scene: Scene, now: datetime) -> tuple[Condition, ...]:
    if not scene.target.held:
        return ()
    message = f"Held at revision {scene.number} by {rollback_cause(facts.spec)}"
    return (Condition(HELD, "True", Reason.ROLLED_BACK, message, facts.observed.generation, now),)


def _with_requests(facts: Facts, status: Mapping[str, Any]) -> Mapping[str, Any]:
    if not facts.requests:
        return status
    entries = [request.handled("Reconciled") for request in facts.requests]
    return {**status, "handledRequests": handled_requests(status.get("handledRequests", ()), entries)}


def _json(status: DeploymentStatus) -> dict[str, Any]:
    return status.model_dump(
        mode="json", by_alias=True, exclude_defaults=True, exclude={"conditions", "observed_generation"}
    )
