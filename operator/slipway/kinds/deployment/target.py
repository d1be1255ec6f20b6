"""Which revision shall run: an ordered list of verdicts of which the first that speaks counts. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.deployment import DeploymentSpec, HistoryAction, HistoryEntry
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.deployment.history import History, newest_rollout
from slipway.kinds.deployment.inputs import Inputs, digest_of, identity_of, inputs_of, pinned
from slipway.kinds.deployment.offer import SPEC_CHANGE, Candidate, Offer, Problem
from slipway.kinds.deployment.rejected import Rejections
from slipway.kinds.deployment.revisions import Revision, next_number, ran, with_identity, with_number
from slipway.kinds.deployment.template import pod_template
from slipway.redact import redact

__all__ = ["Situation", "Target", "choose", "rollback_cause"]

_REGISTRY_RECHECK: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Situation:
    """What the choice rests on."""

    name: str
    spec: DeploymentSpec
    history: History
    """With what the status does not have yet."""

    revisions: tuple[Revision, ...]
    known_number: int
    """The highest number that the status names outside the history; 0 for none."""

    workload_is_gone: bool
    """Whether there is no apps/v1 Deployment."""

    offer: Offer
    rejected: Rejections
    registry_error: str | None
    """Set while the Registry that serves the offered image is in Error: a sentence."""

    pull_secret: str | None
    """Name of the Secret that pods need to pull the offered image."""

    @property
    def last(self) -> HistoryEntry | None:
        """The last change: what it asked for is what runs."""
        return self.history[0] if self.history else None

    @property
    def running(self) -> Revision | None:
        """The revision that runs, where it is kept."""
        return with_number(self.revisions, self.last.revision) if self.last else None

    @property
    def running_image(self) -> str:
        """The image that runs, as `repository@digest`; empty when nothing was ever rolled out."""
        return (self.last.new_image or "") if self.last else ""

    @property
    def acceptable(self) -> Candidate | None:
        """The newest digest on offer that is not rejected, and not older than what runs."""
        digests = [candidate.digest for candidate in self.offer.candidates]
        running = digest_of(self.running_image)
        end = digests.index(running) + 1 if running in digests else len(digests)
        return next(
            (candidate for candidate in self.offer.candidates[:end] if candidate.digest not in self.rejected),
            None,
        )


@dataclass(frozen=True, slots=True)
class Target:
    """The revision that shall run."""

    revision: Revision | None
    """Kept, or still to be stored; None: what runs, if anything, is left as it is."""

    action: HistoryAction = HistoryAction.UPDATE
    cause: str = SPEC_CHANGE
    problem: Problem | None = None
    """Why this is not what the spec wishes."""

    held: bool = False
    """By rollbackTo."""


def choose(situation: Situation) -> Target:
    """The revision to run."""
    return next(target for verdict in _VERDICTS if (target := verdict(situation)) is not None)


def rollback_cause(spec: DeploymentSpec) -> str:
    """How a rollback is explained in history and rejections; without secrets, on children as in status."""
    assert spec.rollback_to is not None
    reason = f": {redact(spec.rollback_to.reason)}" if spec.rollback_to.reason else ""
    return f"rollbackTo revision {spec.rollback_to.revision}{reason}"


# --- the verdicts


def _revision_is_gone(at: Situation) -> Target | None:
    wanted = at.spec.rollback_to
    if wanted is None or with_number(at.revisions, wanted.revision) is not None:
        return None
    kept = ", ".join(str(number) for number in sorted(revision.number for revision in at.revisions))
    advice = f"name one of these: {kept}" if kept else "no revision is kept, so remove rollbackTo"
    message = f"rollbackTo names revision {wanted.revision}, which is not kept: {advice}"
    return _stay(at, Stalled(Reason.REVISION_NOT_FOUND, message))


def _rolled_back(at: Situation) -> Target | None:
    if at.spec.rollback_to is None:
        return None
    revision = with_number(at.revisions, at.spec.rollback_to.revision)
    return Target(revision, HistoryAction.ROLLBACK, rollback_cause(at.spec), held=True)


def _paused(at: Situation) -> Target | None:
    return _stay(at) if at.spec.paused else None


def _nothing_is_offered(at: Situation) -> Target | None:
    return _stay(at, at.offer.problem) if at.offer.problem is not None else None


def _all_is_rejected(at: Situation) -> Target | None:
    if at.acceptable is not None:
        return None
    if at.running_image:
        return _revision_for(at, at.running_image, SPEC_CHANGE)
    digests = ", ".join(candidate.digest for candidate in at.offer.candidates)
    message = f"Every digest on offer is rejected ({digests}): name the one to run in acceptDigests"
    return _stay(at, Stalled(Reason.NO_ACCEPTABLE_DIGEST, message))


def _registry_is_in_error(at: Situation) -> Target | None:
    candidate = at.acceptable
    if at.registry_error is None or candidate is None or ran(at.revisions, candidate.digest):
        return None
    message = f"{candidate.digest} never ran here, and {at.registry_error}"
    return _stay(at, Waiting(Reason.REGISTRY_NOT_READY, message, _REGISTRY_RECHECK))


def _follow(at: Situation) -> Target:
    candidate = at.acceptable
    assert candidate is not None
    same = candidate.digest == digest_of(at.running_image)
    cause = SPEC_CHANGE if same else candidate.cause
    return _revision_for(at, pinned(at.offer.repository, candidate.digest), cause)


_VERDICTS: Final[tuple[Callable[[Situation], Target | None], ...]] = (
    _revision_is_gone,  # rollbackTo names a revision that is not kept: a person must name another
    _rolled_back,  # rollbackTo is a person's word of now: it counts even while paused
    _paused,  # nothing new is begun
    _nothing_is_offered,  # the source does not exist, or has nothing, or does not answer
    _all_is_rejected,  # the digest that runs stays; the rest of the spec still counts
    _registry_is_in_error,  # what never ran could not be pulled
    _follow,  # the newest digest that is not rejected
)


# --- parts


def _stay(at: Situation, problem: Problem | None = None) -> Target:
    return Target(at.running or _restored(at), problem=problem)


def _restored(at: Situation) -> Revision | None:
    """The image that ran, where workload and ControllerRevision were deleted: the rest is as in the spec."""
    if not at.running_image or not at.workload_is_gone:
        return None
    return _revision_for(at, at.running_image, SPEC_CHANGE).revision


def _revision_for(at: Situation, image: str, cause: str) -> Target:
    inputs = inputs_of(at.spec, image)
    before = newest_rollout(at.history)
    if before is not None and before.action == HistoryAction.ROLLBACK:
        cause = f"rollbackTo was removed; {cause}"
    return Target(with_identity(at.revisions, identity_of(inputs)) or _draft(at, inputs, cause), cause=cause)


def _draft(at: Situation, inputs: Inputs, cause: str) -> Revision:
    identity = identity_of(inputs)
    return Revision(
        number=next_number(at.revisions, at.history, at.known_number),
        identity=identity,
        inputs=inputs,
        template=pod_template(at.name, identity, inputs, at.pull_secret),
        cause=cause,
    )
