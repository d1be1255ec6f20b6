"""What follows when a build from source has ended. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from slipway.api.conditions import Reason
from slipway.api.managedimage import (
    Build,
    BuildPhase,
    ManagedImagePhase,
    ManagedImageStatus,
    RebuildStatus,
    SourceStatus,
)
from slipway.engine.outcome import EventNote, Waiting
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import CancelAction, PromoteAction, Pushed
from slipway.kinds.managedimage.keys import is_wanted
from slipway.kinds.managedimage.situation import (
    AT_ONCE,
    ImagePlan,
    Situation,
    as_json,
    current,
    handled,
    plan,
    short,
)
from slipway.kinds.managedimage.words import CANCEL, EMERGENCY, REBUILD

__all__ = ["cancelled", "failed", "pushed", "with_warning"]


def pushed(at: Situation, build: Build, result: Pushed) -> ImagePlan:
    """The plan for a build whose result is in the registry: the new image, if it proves what it must."""
    if result.doubt is not None and at.spec.verify.base_adopted == "Require":
        message = f"{build.reference} ({short(result.digest)}) is not on its base: {result.doubt.message}"
        return failed(at, build, result.doubt.reason, message, is_infrastructure=False, is_final=True)
    notes = _doubts(build, result)
    if result.is_unchanged:
        return _unchanged(at, build, result, notes)
    ended = builds.end(build, BuildPhase.SUCCEEDED, at.now, digest=result.digest)
    image = at.image_of(ended)
    status = _standing(at, build, at.promoted(image, build.bases), result)
    status = status.model_copy(update={"builds": _with_end(at, build, ended, image.build)})
    told = f"Build {build.number} pushed {build.reference} ({short(result.digest)})"
    found = _promoted(at, build, status, told, *notes, EventNote(Reason.BUILD_SUCCEEDED, told))
    return replace(found, actions=PromoteAction(result.digest, build.number, at.spec.image.floating_tags))


def failed(
    at: Situation,
    build: Build,
    reason: str,
    message: str,
    *,
    is_infrastructure: bool,
    is_final: bool = False,
    action: CancelAction | None = None,
) -> ImagePlan:
    """The plan for an attempt that failed; whether there is another one is decided in the next run.

    Args:
        at: the moment.
        build: under way.
        reason: in one word.
        message: what happened.
        is_infrastructure: whether that says nothing of what was built.
        is_final: whether another attempt would come to the same.
        action: what has to be done about the run.
    """
    failures = (build.failures or 0) + (not is_infrastructure)
    news = {"reason": reason, "message": message, "failures": failures or None}
    ended = builds.end(build, BuildPhase.FAILED, at.now, **news)
    status = _ended(at, build, ended)
    told = f"Attempt {build.attempts or 1} of build {build.number} failed ({reason}): {message}"
    if is_final or failures > at.build.retries:
        status = _tried(at, status, build.key)
        told = f"Build {build.number} failed ({reason}): {message}"
    return replace(_look_again(at, status, told, _warning(Reason.BUILD_FAILED, told)), actions=action)


def cancelled(
    at: Situation, build: Build, why: str, action: CancelAction, *, superseded: bool = False
) -> ImagePlan:
    """The plan for a build that is ended from here; what a person cancelled is not begun again by itself."""
    phase = BuildPhase.FAILED if superseded else BuildPhase.CANCELLED
    reason = Reason.SUPERSEDED if superseded else Reason.CANCELLED
    ended = builds.end(build, phase, at.now, reason=reason, message=why)
    status = _ended(at, build, ended)
    if not superseded:
        status = _tried(at, status, build.key)
    told = f"Build {build.number} was given up: {why}"
    asked = {} if superseded else _cancelled_requests(at)
    found = _look_again(at, status, told, EventNote(reason, told), answers=asked)
    return replace(found, actions=action)


def with_warning(found: ImagePlan, number: int, reason: str, words: str) -> ImagePlan:
    """A plan that ends a build, with what could not be done about its run."""
    listed = [
        {**build, "message": f"{build.get('message', '')}; {words}"[:256]}
        if build["number"] == number
        else build
        for build in found.status["builds"]
    ]
    note = _warning(reason, f"Build {number} has ended here, but {words}")
    status = {**found.status, "builds": listed}
    return replace(found, status=status, events=(*found.events, note))


def _unchanged(at: Situation, build: Build, result: Pushed, notes: tuple[EventNote, ...]) -> ImagePlan:
    before = at.before.image
    assert before is not None
    told = f"Build {build.number} gave what {before.reference} has already, so that it is not promoted"
    ended = builds.end(build, BuildPhase.UNCHANGED, at.now, digest=result.digest, message=told)
    status = _standing(at, build, at.promoted(before, build.bases), result)
    status = status.model_copy(update={"builds": _with_end(at, build, ended, before.build)})
    return _promoted(at, build, status, told, *notes, EventNote(Reason.BUILD_SUCCEEDED, told))


def _promoted(
    at: Situation, build: Build, status: ManagedImageStatus, told: str, *notes: EventNote
) -> ImagePlan:
    """Only what is plainly wanted is called current at once, which spares a write."""
    if is_wanted(at, build) and at.missing is None and not at.facts.requests and not at.spec_changed:
        return current(at, status, *notes)
    return _look_again(at, status, told, *notes)


def _standing(at: Situation, build: Build, status: ManagedImageStatus, result: Pushed) -> ManagedImageStatus:
    """The status with what the image is built of; a rebase begins with this very build."""
    below = [base.digest for base in build.bases if at.stands_on(base.reference)]
    built = {
        "built_commit": build.commit,
        "built_configuration": build.configuration,
        "digest": result.digest,
        "disputes": result.disputes,
        "base_digest": below[0] if len(below) == 1 else None,
    }
    return status.model_copy(update={"source": (status.source or SourceStatus()).model_copy(update=built)})


def _doubts(build: Build, result: Pushed) -> tuple[EventNote, ...]:
    if result.doubt is None:
        return ()
    told = f"Build {build.number} is not proven to stand on its base: {result.doubt.message}"
    return (_warning(result.doubt.reason, told),)


def _tried(at: Situation, status: ManagedImageStatus, key: str) -> ManagedImageStatus:
    before = at.before.rebuild or RebuildStatus()
    rebuild = before.model_copy(update={"tried": builds.remember_tried(before.tried, key)})
    return status.model_copy(update={"rebuild": rebuild})


def _ended(at: Situation, build: Build, ended: Build) -> ManagedImageStatus:
    image = at.before.image.build if at.before.image else None
    return at.status.model_copy(update={"builds": _with_end(at, build, ended, image)})


def _with_end(at: Situation, build: Build, ended: Build, image: int | None) -> tuple[Build, ...]:
    return builds.trim(builds.replace(at.before.builds, ended, build.number), at.history, image)


def _cancelled_requests(at: Situation) -> Mapping[str, str]:
    """The answers: whoever asked for a build before does not get it either."""
    cancel = at.request(CANCEL)
    before = [one.verb for one in at.facts.requests if cancel is not None and one.at <= cancel.at]
    verbs = {CANCEL, *({REBUILD, EMERGENCY} & set(before))}
    return dict.fromkeys(verbs, "Cancelled")


def _warning(reason: str, message: str) -> EventNote:
    return EventNote(reason, message, "Warning")


def _look_again(
    at: Situation,
    status: ManagedImageStatus,
    message: str,
    *notes: EventNote,
    answers: Mapping[str, str] = MappingProxyType({}),
) -> ImagePlan:
    """The build has ended; other requests stay for the next run, which says what follows."""
    outcome = Waiting(Reason.BUILDING, message, AT_ONCE)
    found = plan(at, status, outcome, ManagedImagePhase.BUILDING, notes)
    kept = handled(at, answers)
    told = status.model_copy(update={"phase": ManagedImagePhase.BUILDING, "handled_requests": kept})
    return replace(found, status=as_json(told))
