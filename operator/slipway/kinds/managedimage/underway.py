"""What is decided about a build from source that is under way. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from slipway.api.base import parse_duration
from slipway.api.conditions import Reason
from slipway.api.managedimage import Build
from slipway.build.builders import contract
from slipway.engine.outcome import Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.ending import cancelled, failed, pushed
from slipway.kinds.managedimage.facts import (
    CancelAction,
    Commit,
    NotStarted,
    Pushed,
    Running,
    StartAction,
    Unclear,
)
from slipway.kinds.managedimage.orders import configuration_of, order_of
from slipway.kinds.managedimage.situation import ImagePlan, Situation, as_json, conditions_of
from slipway.kinds.managedimage.wanted import key_now
from slipway.kinds.managedimage.words import CANCEL

__all__ = ["UNDER_WAY_VERDICTS"]

_POLL: Final = timedelta(seconds=30)
_SLACK: Final = timedelta(minutes=1)
"""How much longer than its time-out a build may take before it is ended from here."""


def _end_for_person(at: Situation) -> ImagePlan | None:
    build, asked = _build(at), at.request(CANCEL)
    if asked is None or asked.arguments.get("build", str(build.number)) != str(build.number):
        return None
    by = f" by {asked.by}" if asked.by else ""
    return cancelled(at, build, f"cancelled{by}", CancelAction(order_of(at.facts.image, build), _run(at)))


def _end_superseded(at: Situation) -> ImagePlan | None:
    build = _build(at)
    why = _overtaken(at, build)
    if why is None or isinstance(at.facts.sight, Pushed):
        return None
    action = CancelAction(order_of(at.facts.image, build), _run(at))
    return cancelled(at, build, why, action, superseded=True)


def _wait_for_builder(at: Situation) -> ImagePlan | None:
    sight = at.facts.sight
    if not isinstance(sight, Unclear):
        return None
    outcome = Waiting(sight.reason, sight.message, sight.pause, is_trouble=True)
    return _unchanged(at, outcome)


def _take_result(at: Situation) -> ImagePlan | None:
    sight = at.facts.sight
    return pushed(at, _build(at), sight) if isinstance(sight, Pushed) else None


def _start(at: Situation) -> ImagePlan | None:
    if not isinstance(at.facts.sight, NotStarted):
        return None
    build = _build(at)
    outcome = Waiting(Reason.BUILDING, f"Build {build.number} is under way", _POLL)
    return _unchanged(at, outcome, StartAction(order_of(at.facts.image, build)))


def _end_late(at: Situation) -> ImagePlan | None:
    build, sight = _build(at), at.facts.sight
    limit = parse_duration(at.build.timeout) + _SLACK
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
        case contract.Failed(reason, message, is_infrastructure):
            return failed(at, build, reason, message, is_infrastructure=is_infrastructure)
        case contract.Cancelled():
            message = "It was cancelled, by nobody here"
            return failed(at, build, Reason.CANCELLED, message, is_infrastructure=True)
        case _:
            outcome = Waiting(Reason.BUILDING, f"Build {build.number} is under way", _POLL)
            return _unchanged(at, outcome)


UNDER_WAY_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    _end_for_person,  # somebody asked to cancel this very build
    _end_superseded,  # something else is wanted by now, and nothing was pushed yet
    _wait_for_builder,  # nobody tells how it goes
    _take_result,  # it is in the registry
    _start,  # it was written down, and there is no run of it
    _end_late,  # its time is over
    _follow,
)


def _build(at: Situation) -> Build:
    build = builds.under_way(at.before.builds)
    assert build is not None
    return build


def _run(at: Situation) -> contract.Run | None:
    return at.facts.sight.run if isinstance(at.facts.sight, Running | Pushed) else None


def _unchanged(at: Situation, outcome: Waiting, action: StartAction | None = None) -> ImagePlan:
    """The status stays as it is while the build goes on; requests stay for its end."""
    return Plan(
        status=as_json(at.before),
        outcome=outcome,
        actions=action,
        events=at.facts.complaints,
        conditions=conditions_of(at, at.before),
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
    is_known = isinstance(at.facts.commit, Commit) and not at.missing
    if not is_known or at.spec.suspend or at.spec.rebuild.policy != "Automatic":
        return None
    if build.key == key_now(at) or _took_a_place(at, build):
        return None
    moved = [one.reason.detail for one in at.changes if one.reaction == "Rebuild"]
    return f"newer inputs are there: {'; '.join(moved)}" if _is_newer(at, build) else None


def _is_newer(at: Situation, build: Build) -> bool:
    commit = at.facts.commit
    moved_on = isinstance(commit, Commit) and commit.commit != build.commit
    return moved_on or {base.digest for base in at.known} != set(builds.digests_of(build))


def _took_a_place(at: Situation, build: Build) -> bool:
    before = [one for one in at.before.builds if one.number < build.number]
    return bool(before) and before[0].reason == Reason.SUPERSEDED
