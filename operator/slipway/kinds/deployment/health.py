"""How the application is: phase, message and outcome, from an ordered list of verdicts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.deployment import DeploymentPhase, DeploymentSpec
from slipway.engine.outcome import Outcome, Settled, Stalled, Waiting
from slipway.kinds.deployment.history import History, rollout_under_way, scaling_under_way
from slipway.kinds.deployment.inputs import digest_of
from slipway.kinds.deployment.offer import Candidate, Offer
from slipway.kinds.deployment.rejected import Rejections
from slipway.kinds.deployment.target import Target, rollback_cause
from slipway.kinds.deployment.workload import Workload

__all__ = ["Health", "Scene", "deadline_message", "judge"]


@dataclass(frozen=True, slots=True)
class Scene:
    """What the verdicts look at."""

    spec: DeploymentSpec
    target: Target
    history: History
    """With what is begun in this run."""

    workload: Workload | None
    offer: Offer
    rejected: Rejections
    trouble: str | None
    """What the pods say, where somebody looked; a short sentence."""

    @property
    def number(self) -> int:
        """Of the revision that runs; 0 before the first."""
        return self.history[0].revision if self.history else 0

    @property
    def image(self) -> str:
        """The image that runs, as `repository@digest`."""
        return (self.history[0].new_image or "") if self.history else ""


@dataclass(frozen=True, slots=True)
class Health:
    """How the application is."""

    phase: DeploymentPhase
    outcome: Outcome


def judge(scene: Scene) -> Health:
    """The first verdict that speaks."""
    return next(health for verdict in _VERDICTS if (health := verdict(scene)) is not None)


def deadline_message(scene: Scene) -> str:
    """What to say about a rollout that Kubernetes gave up."""
    why = f": {scene.trouble}" if scene.trouble else ""
    return f"Revision {scene.number} made no progress within {scene.spec.progress_deadline}{why}"


# --- the verdicts


def _person_must_act(at: Scene) -> Health | None:
    problem = at.target.problem
    return Health(DeploymentPhase.DEGRADED, problem) if isinstance(problem, Stalled) else None


def _nothing_runs_yet(at: Scene) -> Health | None:
    if at.history:
        return None
    if at.target.problem is not None:
        return Health(DeploymentPhase.PROGRESSING, at.target.problem)
    message = "Paused before the first rollout: nothing runs until spec.paused is false"
    return Health(DeploymentPhase.PAUSED, Waiting(Reason.PAUSED, message))


def _deadline_passed(at: Scene) -> Health | None:
    if at.workload is None or not at.workload.deadline_exceeded:
        return None
    outcome = Stalled(Reason.PROGRESS_DEADLINE_EXCEEDED, deadline_message(at))
    return Health(DeploymentPhase.DEGRADED, outcome)


def _pods_are_refused(at: Scene) -> Health | None:
    if at.workload is None or at.workload.replica_failure is None:
        return None
    message = f"Pods of revision {at.number} cannot be created: {at.workload.replica_failure}"
    return Health(DeploymentPhase.DEGRADED, Waiting(Reason.REPLICA_FAILURE, message))


def _rolls_out(at: Scene) -> Health | None:
    rollout = rollout_under_way(at.history)
    if rollout is None or _is_complete(at):
        return None
    message = f"Revision {rollout.revision} is being rolled out ({rollout.cause})"
    return Health(DeploymentPhase.PROGRESSING, Waiting(Reason.ROLLING_OUT, message))


def _scales(at: Scene) -> Health | None:
    scaling = scaling_under_way(at.history)
    if scaling is None or _is_complete(at):
        return None
    message = f"Scaling from {scaling.old_replicas} to {scaling.new_replicas} replicas"
    return Health(DeploymentPhase.PROGRESSING, Waiting(Reason.SCALING, message))


def _lost_pods(at: Scene) -> Health | None:
    if _is_complete(at):
        return None
    workload = at.workload
    if workload is None or not workload.observed or workload.available >= workload.wanted:
        message = f"Revision {at.number} is being brought back to what it was"
        return Health(DeploymentPhase.PROGRESSING, Waiting(Reason.ROLLING_OUT, message))
    why = f": {at.trouble}" if at.trouble else ""
    message = f"{workload.available} of {workload.wanted} replicas of revision {at.number} are ready{why}"
    return Health(DeploymentPhase.DEGRADED, Waiting(Reason.PODS_NOT_READY, message))


def _waits(at: Scene) -> Health | None:
    problem = at.target.problem
    return Health(DeploymentPhase.PROGRESSING, problem) if problem is not None else None


def _is_held(at: Scene) -> Health | None:
    if not at.target.held:
        return None
    message = f"Held at revision {at.number} by {rollback_cause(at.spec)}{_not_running(at, 'when it goes')}"
    return Health(DeploymentPhase.PAUSED, Settled(Reason.ROLLED_BACK, message))


def _is_paused(at: Scene) -> Health | None:
    if not at.spec.paused:
        return None
    message = f"Paused at revision {at.number}{_not_running(at, 'when spec.paused is false')}"
    return Health(DeploymentPhase.PAUSED, Settled(Reason.PAUSED, message))


def _is_healthy(at: Scene) -> Health:
    newest = at.offer.newest
    rejected = newest is not None and newest.digest in at.rejected
    reason = Reason.DIGEST_REJECTED if rejected else Reason.HEALTHY
    ready = f"{at.spec.replicas} of {at.spec.replicas}"
    message = f"Revision {at.number} runs, {ready} replicas are ready{_not_running(at, 'next')}"
    return Health(DeploymentPhase.HEALTHY, Settled(reason, message))


_VERDICTS: Final[tuple[Callable[[Scene], Health | None], ...]] = (
    _person_must_act,  # what the spec asks for cannot be
    _nothing_runs_yet,  # no image, or paused from the start
    _deadline_passed,  # Kubernetes gave the rollout up
    _pods_are_refused,  # quota, admission or limits stand against the pods
    _rolls_out,  # a revision is on its way
    _scales,  # more or fewer replicas are on their way
    _lost_pods,  # what was complete is not any more
    _waits,  # what runs is fine, and what is wanted is not there yet
    _is_held,  # rollbackTo
    _is_paused,  # spec.paused
    _is_healthy,  # all is as wished
)


# --- parts


def _is_complete(at: Scene) -> bool:
    return at.workload is not None and at.workload.complete


def _not_running(at: Scene, when: str) -> str:
    """What is on offer and does not run: the newest that may, else the newest that is rejected."""
    newer = at.offer.newer_than(digest_of(at.image))
    wanted = next((candidate for candidate in newer if candidate.digest not in at.rejected), None)
    if wanted is not None:
        return f"; {_in_words(wanted)} is wanted and rolled out {when}"
    if newer:
        return f"; {_in_words(newer[0])} is rejected: name it in acceptDigests to let it run"
    return ""


def _in_words(candidate: Candidate) -> str:
    named = candidate.reference if "@" not in candidate.reference else candidate.cause
    return f"{candidate.digest} ({named})"
