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
from slipway.kinds.managedimage.keys import is_unfinished, is_wanted
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
from slipway.kinds.managedimage.standing import told_statuses
from slipway.kinds.managedimage.words import CANCEL, EMERGENCY, REBUILD

__all__ = ["cancelled", "failed", "pushed", "superseded", "with_warning"]


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
    status = status.model_copy(update={"builds": _with_end(at, ended, image.build)})
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
    status = _ended(at, ended)
    told = f"Attempt {build.attempts or 1} of build {build.number} failed ({reason}): {message}"
    if is_final or failures > at.build.retries:
        status = _tried(status, build.key)
        told = f"Build {build.number} failed ({reason}): {message}"
    return replace(_look_again(at, status, told, _warning(Reason.BUILD_FAILED, told)), actions=action)


def cancelled(at: Situation, build: Build, why: str, action: CancelAction | None = None) -> ImagePlan:
    """The plan for a build that a person ended: nothing of these inputs is begun again by itself.

    Args:
        at: the moment.
        build: under way, or to be begun or tried again.
        why: in words.
        action: what has to be done about its run, if there may be one.
    """
    ended = builds.end(build, BuildPhase.CANCELLED, at.now, reason=Reason.CANCELLED, message=why)
    status = _ended(at, ended)
    for key in (*_unfinished_keys(at), build.key):
        status = _tried(status, key)
    told = f"Build {build.number} was given up: {why}"
    note = EventNote(Reason.CANCELLED, told)
    return replace(_look_again(at, status, told, note, answers=_cancelled_requests(at)), actions=action)


def superseded(at: Situation, build: Build, why: str, action: CancelAction) -> ImagePlan:
    """The plan for a build under way that ends because something else is wanted; it may be begun again."""
    ended = builds.end(build, BuildPhase.FAILED, at.now, reason=Reason.SUPERSEDED, message=why)
    told = f"Build {build.number} was given up: {why}"
    note = EventNote(Reason.SUPERSEDED, told)
    return replace(_look_again(at, _ended(at, ended), told, note), actions=action)


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
    news = {"digest": result.digest, "same_as": before.digest, "message": told}
    ended = builds.end(build, BuildPhase.UNCHANGED, at.now, **news)
    status = _standing(at, build, at.promoted(before, build.bases), result)
    status = status.model_copy(update={"builds": _with_end(at, ended, before.build)})
    return _promoted(at, build, status, told, *notes, EventNote(Reason.BUILD_SUCCEEDED, told))


def _promoted(
    at: Situation, build: Build, status: ManagedImageStatus, told: str, *notes: EventNote
) -> ImagePlan:
    """Only what is plainly wanted is called current at once, which spares a write."""
    is_plain = at.missing is None and not at.facts.requests and not at.spec_changed
    if is_wanted(at, build) and is_plain and _names(status) == _names(at.status):
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
    source = (status.source or SourceStatus()).model_copy(update=built)
    bases = status.bases if result.told is None else told_statuses(at, status, result.told, build.bases)
    return status.model_copy(update={"source": source, "bases": bases})


def _names(status: ManagedImageStatus) -> set[str]:
    """What it stands on: where that is another now, nobody may follow it yet."""
    return {base.reference for base in status.bases}


def _doubts(build: Build, result: Pushed) -> tuple[EventNote, ...]:
    if result.doubt is None:
        return ()
    told = f"Build {build.number} is not proven to stand on its base: {result.doubt.message}"
    return (_warning(result.doubt.reason, told),)


def _unfinished_keys(at: Situation) -> tuple[str, ...]:
    """The keys of other builds of the same inputs that would be tried again."""
    return tuple(one.key for one in at.before.builds if is_unfinished(at, one) and is_wanted(at, one))


def _tried(status: ManagedImageStatus, key: str) -> ManagedImageStatus:
    before = status.rebuild or RebuildStatus()
    rebuild = before.model_copy(update={"tried": builds.remember_tried(before.tried, key)})
    return status.model_copy(update={"rebuild": rebuild})


def _ended(at: Situation, ended: Build) -> ManagedImageStatus:
    image = at.before.image.build if at.before.image else None
    return at.status.model_copy(update={"builds": _with_end(at, ended, image)})


def _with_end(at: Situation, ended: Build, image: int | None) -> tuple[Build, ...]:
    return builds.trim(builds.put(at.before.builds, ended), at.history, image)


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
