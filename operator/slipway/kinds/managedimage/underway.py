"""What is decided about a build from source that is under way. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from slipway.api.base import parse_duration
from slipway.api.conditions import Reason
from slipway.api.durations import format_duration
from slipway.api.managedimage import Build
from slipway.build.builders import contract
from slipway.engine.outcome import EventNote, Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.changes import reaction_to
from slipway.kinds.managedimage.ending import cancelled, failed, pushed, superseded
from slipway.kinds.managedimage.facts import (
    CancelAction,
    Commit,
    NotStarted,
    Pushed,
    RenumberAction,
    Running,
    StartAction,
    TagTaken,
    Unclear,
)
from slipway.kinds.managedimage.keys import is_unfinished, is_wanted
from slipway.kinds.managedimage.orders import configuration_of, order_of
from slipway.kinds.managedimage.pipelines import is_by_pipeline
from slipway.kinds.managedimage.problems import outcome_of
from slipway.kinds.managedimage.situation import ImagePlan, Situation, as_json, conditions_of
from slipway.kinds.managedimage.waiting import keep_distance, wait_for_time
from slipway.kinds.managedimage.wanted import key_now
from slipway.kinds.managedimage.withdrawing import is_named
from slipway.kinds.managedimage.words import CANCEL, by_whom, short

__all__ = ["SLACK", "UNDER_WAY_VERDICTS", "renumbered"]

_POLL: Final = timedelta(seconds=30)
"""How often a build is looked at that tells of itself: Jobs are watched."""

_POLL_PIPELINE: Final = timedelta(seconds=15)
"""How often one is looked at that does not."""

SLACK: Final = timedelta(minutes=5)
"""How long after it was begun a build may be started, and how much longer than its time-out it may take,
before it is ended from here: a run that was started late has its own time-out first."""


def _end_for_person(at: Situation) -> ImagePlan | None:
    build, asked = _build(at), at.request(CANCEL)
    # What was pushed may have its floating tags already: it comes to its end, and the request came too late.
    if asked is None or isinstance(at.facts.sight, Pushed):
        return None
    if not is_named(asked, build):
        return None
    action = CancelAction(order_of(at.facts.image, build), _run(at))
    return cancelled(at, build, f"cancelled{by_whom(asked)}", action)


def _end_superseded(at: Situation) -> ImagePlan | None:
    build = _build(at)
    why = _overtaken(at, build)
    if why is None or (isinstance(at.facts.sight, Pushed) and _may_be_the_image(at, build)):
        return None
    action = CancelAction(order_of(at.facts.image, build), _run(at))
    return superseded(at, build, why, action)


def _end_unheard(at: Situation) -> ImagePlan | None:
    """A turn is not kept for what nobody tells of: its time is over, as far as anybody knows."""
    build, sight = _build(at), at.facts.sight
    if not isinstance(sight, Unclear) or at.now - build.started_at < SLACK:
        return None
    if sight.is_unsent:
        message = f"It could not be started within {format_duration(SLACK)}: {sight.message}"
        return failed(at, build, sight.reason, message, is_infrastructure=True)
    limit = parse_duration(at.build.timeout) + SLACK
    if at.now - build.started_at < limit:
        return None
    message = f"Nobody told within {format_duration(limit)} how it goes: {sight.message}"
    known = contract.Run(build.run.id, build.run.url) if build.run is not None else None
    return failed(
        at,
        build,
        Reason.OUTCOME_UNKNOWN,
        message,
        is_infrastructure=True,
        # What nothing can tell from other runs is not started a second time.
        is_final=sight.reason == Reason.OUTCOME_UNKNOWN,
        action=CancelAction(order_of(at.facts.image, build), known),
    )


def _wait_for_builder(at: Situation) -> ImagePlan | None:
    sight = at.facts.sight
    if not isinstance(sight, Unclear):
        return None
    return _unchanged(at, outcome_of(sight))


def _take_result(at: Situation) -> ImagePlan | None:
    sight = at.facts.sight
    return pushed(at, _build(at), sight) if isinstance(sight, Pushed) else None


def _skip_number(at: Situation) -> ImagePlan | None:
    """An existing tag is never overwritten, and never taken for ours without a proof."""
    if not isinstance(at.facts.sight, TagTaken):
        return None
    return _unchanged(at, _under_way(at), RenumberAction(order_of(at.facts.image, _build(at))))


def renumbered(at: Situation, number: int) -> ImagePlan:
    """The plan that has the build under way go on under another number: nothing of it was started yet."""
    build = _build(at)
    tag = build.reference.rpartition(":")[2]
    told = (
        f"Tag {tag} is there, and nothing proves that build {build.number} pushed it: the build goes on as "
        f"number {number}"
    )
    again = at.renumbered(build, number).model_copy(update={"started_at": at.now})
    status = at.before.model_copy(update={"builds": builds.replace(at.before.builds, again, build.number)})
    found = _unchanged(at, Waiting(Reason.BUILDING, told, timedelta(0)))
    note = EventNote(Reason.TAG_TAKEN, told, "Warning")
    return replace(found, status=as_json(status), events=(*found.events, note))


def _end_unstarted(at: Situation) -> ImagePlan | None:
    build = _build(at)
    if not isinstance(at.facts.sight, NotStarted) or at.now - build.started_at < SLACK:
        return None
    refusal = at.facts.sight.refusal
    if refusal is not None:
        message = f"It could not be started within {format_duration(SLACK)}: {refusal.message}"
        return failed(at, build, refusal.reason, message, is_infrastructure=True)
    message = f"It was not started within {format_duration(SLACK)}, or its run is gone without a trace"
    return failed(at, build, Reason.RUNNER_FAILED, message, is_infrastructure=True)


def _start(at: Situation) -> ImagePlan | None:
    if not isinstance(at.facts.sight, NotStarted):
        return None
    build = _build(at)
    return _unchanged(at, _under_way(at), StartAction(order_of(at.facts.image, build)))


def _end_late(at: Situation) -> ImagePlan | None:
    build, sight = _build(at), at.facts.sight
    limit = parse_duration(at.build.timeout) + SLACK
    is_over = isinstance(sight, Running) and isinstance(sight.progress, contract.Failed | contract.Cancelled)
    if is_over or at.now - build.started_at < limit:
        return None
    message = f"It took longer than build.timeout ({at.build.timeout})"
    action = CancelAction(order_of(at.facts.image, build), _run(at))
    return failed(at, build, Reason.BUILD_TIMED_OUT, message, is_infrastructure=False, action=action)


def _follow(at: Situation) -> ImagePlan:
    build, sight = _build(at), at.facts.sight
    assert isinstance(sight, Running)
    match sight.progress:
        case contract.Failed(
            Reason.BUILD_TIMED_OUT | Reason.PODS_REFUSED as reason, message, is_infrastructure
        ):
            # There are no pods: a Job that stays has nothing to tell, or would make them when it is too late.
            action = CancelAction(order_of(at.facts.image, build), sight.run)
            return failed(at, build, reason, message, is_infrastructure=is_infrastructure, action=action)
        case contract.Failed(reason, message, is_infrastructure):
            return failed(at, build, reason, message, is_infrastructure=is_infrastructure)
        case contract.Cancelled():
            message = "It was cancelled, by nobody here"
            return failed(at, build, Reason.CANCELLED, message, is_infrastructure=True)
        case _:
            return _unchanged(at, _under_way(at))


UNDER_WAY_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    _end_for_person,  # somebody asked to cancel this very build
    _end_superseded,  # something else is wanted by now, and nothing was pushed yet
    _end_unheard,  # nobody has told how it goes until its time was over
    _wait_for_builder,  # nobody tells how it goes
    _take_result,  # it is in the registry
    _skip_number,  # somebody else's image has its tag
    _end_unstarted,  # nobody could start it, or somebody took its run away
    _start,  # it was written down, and there is no run of it
    _end_late,  # its time is over
    _follow,
)


def _build(at: Situation) -> Build:
    """The build under way, with who works on it as soon as that is known; Jobs are known by their names."""
    build = builds.under_way(at.before.builds)
    assert build is not None
    return builds.recorded(build, _run(at)) if is_by_pipeline(at.facts.image, build) else build


def _under_way(at: Situation) -> Waiting:
    build = _build(at)
    pause = _POLL_PIPELINE if is_by_pipeline(at.facts.image, build) else _POLL
    return Waiting(Reason.BUILDING, f"Build {build.number} is under way", pause)


def _run(at: Situation) -> contract.Run | None:
    """Who works on it: as was seen, or else as it stands in the status."""
    if isinstance(at.facts.sight, Running | Pushed) and at.facts.sight.run is not None:
        return at.facts.sight.run
    build = builds.under_way(at.before.builds)
    return contract.Run(build.run.id, build.run.url) if build is not None and build.run is not None else None


def _unchanged(
    at: Situation, outcome: Waiting | Stalled, action: StartAction | RenumberAction | None = None
) -> ImagePlan:
    """The status stays as it is while the build goes on; requests stay for its end."""
    status = at.before.model_copy(update={"builds": builds.replace(at.before.builds, _build(at))})
    return Plan(
        status=as_json(status),
        outcome=outcome,
        actions=action,
        events=at.facts.complaints,
        conditions=conditions_of(at, status),
    )


def _overtaken(at: Situation, build: Build) -> str | None:
    """Why the build is wanted no more; None as long as it is.

    One that took the place of another is not given up for newer inputs: where they change faster than builds
    end, every second one comes to its end.
    """
    if at.spec.role != "Managed":
        return f"role became {at.spec.role} after it was begun"
    if build.configuration != configuration_of(at.spec):
        return "the spec asks for another build"
    if is_wanted(at, build) or _took_a_place(at, build):
        return None
    moved = tuple(_moves_since(at, build))
    return f"newer inputs are there: {'; '.join(moved)}" if moved and _may_begin_another(at) else None


def _may_begin_another(at: Situation) -> bool:
    """Whether one of the present inputs would begin at once: else the image would only wait longer."""
    is_known = (at.spec.source is None or isinstance(at.facts.commit, Commit)) and at.missing is None
    if not is_known or at.spec.suspend or at.facts.claimed_by or at.spec.rebuild.policy != "Automatic":
        return False
    key = key_now(at)
    if key in at.tried or is_unfinished(at, builds.with_key(at.before.builds, key)):
        return False
    return keep_distance(at) is None and wait_for_time(at) is None


def _moves_since(at: Situation, build: Build) -> Iterator[str]:
    """What has moved since the build was begun, and leads to a build by itself."""
    commit, leads = at.facts.commit, at.spec.rebuild.on.source == "Rebuild"
    if leads and isinstance(commit, Commit) and commit.commit != build.commit:
        yield f"{commit.ref.rpartition('/')[2]} moved to {commit.commit[:7]}"
    for base in at.known:
        made_with = at.made_with(build.bases, base.reference)
        if made_with not in {None, base.digest} and reaction_to(at, base) == "Rebuild":
            yield f"{base.reference} moved to {short(base.digest)}"


def _may_be_the_image(at: Situation, build: Build) -> bool:
    """Whether what it pushed is where the image is to be."""
    is_there = builds.repository_of(build.reference) == at.spec.image.repository
    return at.spec.role == "Managed" and not at.is_rebased and is_there


def _took_a_place(at: Situation, build: Build) -> bool:
    """Whether it stands for one that was given up: an earlier attempt at it, or the build that ended last."""
    if (build.attempts or 1) > 1 + (build.failures or 0):
        return True
    ended = [one for one in at.before.builds if one.finished_at is not None]
    return bool(ended) and max(ended, key=_end_of).reason == Reason.SUPERSEDED


def _end_of(build: Build) -> datetime:
    assert build.finished_at is not None
    return build.finished_at
