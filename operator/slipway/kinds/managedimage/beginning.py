"""What is decided about an image that is built from source while no build of it is under way. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import (
    Build,
    ManagedImagePhase,
)
from slipway.engine.outcome import EventNote, Stalled, Waiting
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import BeginAction, Commit, Problem, PromoteAction
from slipway.kinds.managedimage.keys import is_asked_for, is_unfinished
from slipway.kinds.managedimage.permits import (
    nothing_is_due,
    refuse_cycle,
    refuse_floating_tag_of_a_build,
    stay_suspended,
    wait_for_base,
    yield_to_rival,
)
from slipway.kinds.managedimage.promotion import settled_by
from slipway.kinds.managedimage.situation import ImagePlan, Situation, current, plan
from slipway.kinds.managedimage.waiting import emergency_notes, keep_distance, wait_for_person, wait_for_time
from slipway.kinds.managedimage.wanted import begun, key_now, method_now, wanted_build
from slipway.kinds.managedimage.withdrawing import end_before_it_begins, end_between_attempts
from slipway.kinds.managedimage.words import BUILD

__all__ = ["BUILDING_VERDICTS", "begin_now", "cannot_begin", "wait_for_turn"]

_FIRST_PAUSE: Final = timedelta(seconds=30)
_LONGEST_PAUSE: Final = timedelta(minutes=30)
_DOUBLINGS: Final = 10


def _wait_for_commit(at: Situation) -> ImagePlan | None:
    problem = at.facts.commit
    if problem is None or isinstance(problem, Commit):
        return None
    phase = ManagedImagePhase.FAILED if isinstance(problem, Stalled) else ManagedImagePhase.WAITING
    return plan(at, at.held("waits until it is known what is to be built"), problem, phase)


def _point_tags(at: Situation) -> ImagePlan | None:
    """Where nothing is to be built, floating tags may still be new, or have been on their way elsewhere."""
    image, tags = at.before.image, at.spec.image.floating_tags
    is_settled = at.before.phase == ManagedImagePhase.CURRENT and not at.spec_changed
    if image is None or at.reasons or not tags or (is_settled and not at.facts.requests):
        return None
    action = PromoteAction(image.digest, image.build, tags)
    return replace(current(at, at.settled()), actions=action)


def _build_is_there(at: Situation) -> ImagePlan | None:
    """A base or branch that went back to what was built before."""
    if is_asked_for(at) or at.before.source is None:
        return None
    build = builds.made_of(at.before.builds, wanted_build(at, ()))
    return None if build is None else settled_by(at, build)


def _build_failed_before(at: Situation) -> ImagePlan | None:
    key = key_now(at)
    if key not in at.tried:
        return None
    failed = builds.with_key(at.before.builds, key)
    reason = failed.reason if failed else None
    told = (
        f"Build {failed.number}: {failed.message}" if failed else "These inputs were built before and failed"
    )
    message = f"{told} {_HOW_TO_REPEAT}"
    status = at.due(f"not tried again: {told}")
    return plan(at, status, Stalled(reason or Reason.BUILD_FAILED, message), ManagedImagePhase.FAILED)


def _wait_for_retry(at: Situation) -> ImagePlan | None:
    failed = builds.with_key(at.before.builds, key_now(at))
    if failed is None or not is_unfinished(at, failed):
        return None
    until = _retry_at(failed)
    if until is None or at.now >= until:
        return None
    message = (
        f"Attempt {failed.attempts or 1} of build {failed.number} failed ({failed.reason}): {failed.message}"
    )
    status = at.due(f"waits until the next attempt; the last one failed: {failed.reason}", until=until)
    outcome = Waiting(Reason.RETRYING, message, until - at.now, is_trouble=True)
    return plan(at, status, outcome, ManagedImagePhase.WAITING)


def _ask_for_turn(at: Situation) -> ImagePlan:
    """The plan for an image that has to wait for its turn; whoever gets one begins instead."""
    found = wait_for_turn(at, ahead=None)
    return replace(found, actions=BeginAction(needs_turn=method_now(at) == BUILD))


BUILDING_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    end_between_attempts,  # somebody asked to cancel what failed, before it is tried again
    refuse_floating_tag_of_a_build,  # what the schema cannot see
    stay_suspended,  # nothing new is begun
    yield_to_rival,  # two would push the same tags
    _wait_for_commit,  # the branch, or its Dockerfile, is not known
    refuse_cycle,  # no order exists in which it could be built
    wait_for_base,  # no Warehouse, or it has found nothing yet
    _point_tags,  # the image is built of what is there now, and floating tags may not follow it
    nothing_is_due,  # the image is built of what is there now
    _build_is_there,  # these inputs were built already: promoted, not repeated
    _build_failed_before,  # these inputs failed by themselves: a person must change something
    wait_for_person,  # policy Manual or Notify, and nobody asked yet
    end_before_it_begins,  # somebody asked to cancel what is due
    _wait_for_retry,  # an attempt failed a moment ago
    keep_distance,  # bases that move again and again
    wait_for_time,  # delay, other bases that move too, maintenance windows, freezes
    _ask_for_turn,
)

_HOW_TO_REPEAT: Final = "(to try again: the annotation slipway.dev/rebuild with the time of asking)"


def wait_for_turn(at: Situation, ahead: int | None) -> ImagePlan:
    """The plan while as many builds run as may run at the same time."""
    message = f"{at.why}; waits for a build to end: as many run as may run at the same time"
    del ahead  # it changes with each build that ends, and the status must not
    status = at.due("waits for its turn: as many builds run as may run at the same time")
    return plan(at, status, Waiting(Reason.QUEUED, message), ManagedImagePhase.QUEUED)


def cannot_begin(at: Situation, problem: Problem) -> ImagePlan:
    """The plan where nobody can build as things are: nothing is written down, and no turn is taken."""
    phase = ManagedImagePhase.FAILED if isinstance(problem, Stalled) else ManagedImagePhase.WAITING
    return plan(at, at.due(f"cannot begin: {problem.message}"), problem, phase)


def begin_now(at: Situation, next_number: int) -> ImagePlan:
    """The plan that writes the build down; the next run has it made."""
    why = tuple(one.reason for one in at.changes if one.reaction != "Ignore")
    build = begun(at, wanted_build(at, why), next_number)
    due = at.due(f"build {build.number} is under way: {at.why}", begun=build)
    status = due.model_copy(update={"builds": builds.put(due.builds, build)})
    attempt = f", attempt {build.attempts}" if build.attempts else ""
    note = EventNote(Reason.BUILD_STARTED, f"Began build {build.number}{attempt}: {at.why}")
    outcome = Waiting(Reason.BUILDING, f"Build {build.number} is under way", timedelta(0))
    notes = (*emergency_notes(at, build), note)
    return plan(at, status, outcome, ManagedImagePhase.BUILDING, notes, rebuild="Started")


def _retry_at(failed: Build) -> datetime | None:
    """When the next attempt may begin: pauses double with each one."""
    if failed.finished_at is None:
        return None
    pause = _FIRST_PAUSE * 2 ** min((failed.attempts or 1) - 1, _DOUBLINGS)
    retry_at: datetime = failed.finished_at + min(pause, _LONGEST_PAUSE)
    return retry_at
