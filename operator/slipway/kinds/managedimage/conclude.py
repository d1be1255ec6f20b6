"""What follows when a rebase was done, was refused, or cannot be done now. Pure."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase, ManagedImagePhase, ManagedImageStatus, RebuildStatus
from slipway.engine.outcome import EventNote, Waiting
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import (
    Built,
    Facts,
    GivenUp,
    NumberTaken,
    RebaseResult,
    Refused,
)
from slipway.kinds.managedimage.situation import AT_ONCE, ImagePlan, Situation, as_json, current, plan, short

__all__ = ["conclude", "is_overtaken", "result_is_gone", "superseded"]


def is_overtaken(facts: Facts) -> bool:
    """Whether something else than the build under way is wanted by now: it is not tried for ever then."""
    build = builds.under_way(facts.image.status.builds)
    at = Situation(facts, facts.observed.created_at)
    return build is not None and (at.spec_changed or at.spec.suspend or not _is_on_newest_base(at, build))


def conclude(facts: Facts, begun: ImagePlan, result: RebaseResult, now: datetime) -> ImagePlan:
    """The plan after its rebase: the build under way gets its end, and the next run says what follows.

    Only a build that is plainly what is wanted is called current at once, which spares a write.
    """
    build = builds.under_way(facts.image.status.builds)
    assert build is not None
    at = Situation(facts, now)
    match result:
        case Built(digest):
            return _built(at, build, digest)
        case Refused(reason, message):
            return _refused(at, build, reason, message)
        case GivenUp(reason, message):
            return superseded(at, build, f"{reason}: {message}")
        case NumberTaken(next_number):
            return _renumber(at, begun, build, next_number)


def superseded(at: Situation, build: Build, why: str) -> ImagePlan:
    """A build that ends because something else is wanted; its inputs may be built again."""
    message = f"given up: {why}"
    ended = builds.end(build, BuildPhase.FAILED, at.now, reason=Reason.SUPERSEDED, message=message)
    return _look_again(at, _ended(at, build, ended), f"Build {build.number} was {message}")


def result_is_gone(facts: Facts, number: int, now: datetime) -> ImagePlan:
    """The plan when the registry has lost what a build pushed: it is no longer promoted, but built again."""
    at = Situation(facts, now)
    build = next(build for build in at.before.builds if build.number == number)
    told = f"The registry has lost {short(build.digest or '')}, the result of build {number}"
    ended = builds.end(build, BuildPhase.FAILED, now, reason=Reason.MANIFEST_NOT_FOUND, message=told)
    note = EventNote(Reason.MANIFEST_NOT_FOUND, told, "Warning")
    return _look_again(at, _ended(at, build, ended), told, note)


def _built(at: Situation, build: Build, digest: str) -> ImagePlan:
    ended = builds.end(build, BuildPhase.SUCCEEDED, at.now, digest=digest)
    image = at.image_of(ended)
    status = at.promoted(image, build.bases)
    status = status.model_copy(update={"builds": _with_end(at, build, ended, image.build)})
    pushed = f"Build {build.number} pushed {build.reference} ({short(digest)})"
    stands_on = ", ".join(short(one) for one in builds.digests_of(build))
    note = EventNote(Reason.BUILD_SUCCEEDED, f"{pushed} on base {stands_on}")
    if not at.spec_changed and not at.facts.requests and _is_on_newest_base(at, build):
        return current(at, status, note)
    return _look_again(at, status, pushed, note)


def _refused(at: Situation, build: Build, reason: str, message: str) -> ImagePlan:
    ended = builds.end(build, BuildPhase.FAILED, at.now, reason=reason, message=message)
    before = at.before.rebuild or RebuildStatus()
    rebuild = before.model_copy(update={"tried": builds.remember_tried(before.tried, build.key)})
    status = _ended(at, build, ended).model_copy(update={"rebuild": rebuild})
    told = f"Build {build.number} was refused ({reason}): {message}"
    return _look_again(at, status, told, EventNote(Reason.BUILD_FAILED, told, "Warning"))


def _renumber(at: Situation, begun: ImagePlan, build: Build, next_number: int) -> ImagePlan:
    kept = builds.replace(at.before.builds, at.renumbered(build, next_number), build.number)
    message = f"The tag of build {build.number} was taken meanwhile; it goes on as build {next_number}"
    status = as_json(at.before.model_copy(update={"builds": kept}))
    note = EventNote(Reason.TAG_TAKEN, message, "Warning")
    outcome = Waiting(Reason.BUILDING, message, AT_ONCE)
    return replace(begun, status=status, outcome=outcome, actions=None, events=(*begun.events, note))


def _look_again(at: Situation, status: ManagedImageStatus, message: str, *notes: EventNote) -> ImagePlan:
    """The build has ended; requests stay for the run that looks at everything anew."""
    outcome = Waiting(Reason.BUILDING, message, AT_ONCE)
    found = plan(at, status, outcome, ManagedImagePhase.BUILDING, notes)
    untouched = status.model_copy(
        update={"phase": ManagedImagePhase.BUILDING, "handled_requests": at.before.handled_requests}
    )
    return replace(found, status=as_json(untouched))


def _ended(at: Situation, build: Build, ended: Build) -> ManagedImageStatus:
    image = at.before.image.build if at.before.image else None
    return at.status.model_copy(update={"builds": _with_end(at, build, ended, image)})


def _with_end(at: Situation, build: Build, ended: Build, image: int | None) -> tuple[Build, ...]:
    all_builds = builds.replace(at.before.builds, ended, build.number)
    return builds.trim(all_builds, at.history, image)


def _is_on_newest_base(at: Situation, build: Build) -> bool:
    digests = tuple(base.digest for base in at.known)
    return at.missing is None and digests == builds.digests_of(build)
