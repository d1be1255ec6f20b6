"""Builds from source get their turn, are given to their builders, and are called back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase
from slipway.build.builders.contract import Run
from slipway.build.builders.errors import BuilderError
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.build.turns.order import Priority
from slipway.engine.key import Key
from slipway.engine.outcome import Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.context import Context
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.beginning import begin_now, cannot_begin
from slipway.kinds.managedimage.builders import builder_for, overseer_for
from slipway.kinds.managedimage.cancelling import Canceller, GoesOn, NotSeen, given_up
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.ending import with_warning
from slipway.kinds.managedimage.facts import (
    BeginAction,
    CancelAction,
    Facts,
    NotStarted,
    Problem,
    Pushed,
    RenumberAction,
    Running,
    StartAction,
    Unclear,
)
from slipway.kinds.managedimage.keys import is_emergency
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.pipelines import is_by_pipeline
from slipway.kinds.managedimage.problems import OUT_OF_REACH, PROBLEMS, outcome_of, unclear
from slipway.kinds.managedimage.situation import ImagePlan, Situation, as_json
from slipway.kinds.managedimage.source import image_client, next_number
from slipway.kinds.managedimage.starting import Starter
from slipway.kinds.managedimage.turnkeeping import TurnKeeper
from slipway.kinds.managedimage.underway import SLACK, renumbered
from slipway.kinds.managedimage.wanted import wanted_build
from slipway.kinds.managedimage.words import BUILD
from slipway.kinds.registry.access import AccessProblem

__all__ = ["Orderer"]

_PRIORITIES: Final = {"Low": Priority.LOW, "Normal": Priority.NORMAL, "High": Priority.HIGH}
_LOOK_AGAIN: Final = timedelta(seconds=5)
"""How often a run is looked for that may have been started."""


class Orderer:
    """Carries out what is decided about builds from source; one for a process."""

    def __init__(self, context: Context, dispatches: Dispatches) -> None:
        self._context = context
        self._dispatches = dispatches
        self._turns = TurnKeeper(context)
        self._starter = Starter(context.clock, dispatches)
        self._canceller = Canceller(context.clock, dispatches)

    async def apply(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        """Bring about what a plan calls for, if anything, and conclude the plan from what came of it.

        Raises:
            AccessProblem, BuilderError, RegistryError, KubeError: it is tried again.
        """
        try:
            plan, is_in_line = await self._carry_out(facts, plan)
        except BaseException:
            self._keep_turn(facts, None)
            raise
        if not is_in_line:
            self._keep_turn(facts, plan)
        return plan

    def forget(self, key: Key) -> None:
        """The object is gone: it needs no turn."""
        self._release(key)

    def stand_back(self, key: Key) -> None:
        """A run broke off before it came to ask for its turn: others must not wait behind it."""
        self._turns.stand_back(key)

    async def _carry_out(self, facts: Facts, plan: ImagePlan) -> tuple[ImagePlan, bool]:
        """What came of a plan, and whether the image waits for its turn now."""
        match plan.actions:
            case BeginAction(needs_turn):
                return await self._begin(facts, plan, needs_turn=needs_turn)
            case StartAction(order):
                return await self._start(facts, plan, order)
            case CancelAction():
                return await self._cancel(facts, plan, plan.actions), False
            case RenumberAction(order):
                return await self._renumber(facts, plan, order), False
            case _:
                return plan, False

    # --- to begin

    async def _begin(self, facts: Facts, plan: ImagePlan, *, needs_turn: bool) -> tuple[ImagePlan, bool]:
        situation = Situation(facts, self._context.clock.now())
        if needs_turn:
            problem = await self._obstacle(facts, situation)
            if problem is not None:
                return cannot_begin(situation, problem), False
            if not self._gets_turn(facts, plan):
                return replace(plan, actions=None), True
        client = await image_client(self._context, facts.image)
        plan = begin_now(situation, await next_number(facts.image, client))
        self._dispatches.unsent(facts.observed.key, correlation_of(_begun(facts, plan)))
        return plan, False

    async def _obstacle(self, facts: Facts, situation: Situation) -> Problem | None:
        """Why nobody could build it now, whosever turn it is."""
        try:
            await builder_for(self._context, facts.image, wanted_build(situation, ()))
            lost = given_up(facts.image)
            if lost is None:
                return None
            overseer = await overseer_for(self._context, facts.image, lost)
            return await self._canceller.ensure_ended(overseer, facts.image, lost)
        except PROBLEMS as problem:
            return _without_builder(problem)

    def _gets_turn(self, facts: Facts, plan: ImagePlan) -> bool:
        since = _since(plan, self._context.clock.now())
        return self._turns.ask(facts.observed.key, _priority(facts), since)

    # --- to start

    async def _start(self, facts: Facts, plan: ImagePlan, order: BuildOrder) -> tuple[ImagePlan, bool]:
        build, key, plan = _under_way(facts), facts.observed.key, replace(plan, actions=None)
        try:
            builder = await builder_for(self._context, facts.image, build)
        except PROBLEMS as problem:
            self._dispatches.refused(key, correlation_of(order), unclear(problem))
            return replace(plan, outcome=_without_builder(problem)), False
        if self._starter.may_be_there(key, builder, order):
            return replace(plan, outcome=_looked_for(build)), False
        if not self._gets_turn(facts, plan):
            return replace(plan, outcome=_waits_again(facts, build)), True
        try:
            run = await self._starter.start(key, builder, order)
        except BuilderError as error:
            return replace(plan, outcome=outcome_of(unclear(error))), False
        if not is_by_pipeline(facts.image, build):
            return plan, False
        return (
            _with_run(facts, plan, build, run) if run else replace(plan, outcome=_looked_for(build))
        ), False

    async def _renumber(self, facts: Facts, plan: ImagePlan, order: BuildOrder) -> ImagePlan:
        """Have a build that was not started go on under the next number, once no run can come to light."""
        build, key = _under_way(facts), facts.observed.key
        overseer = await overseer_for(self._context, facts.image, build)
        if self._starter.may_be_there(key, overseer, order):
            return replace(plan, actions=None, outcome=_looked_for(build))
        number = await next_number(facts.image, await image_client(self._context, facts.image))
        plan = renumbered(Situation(facts, self._context.clock.now()), number)
        self._dispatches.unsent(key, correlation_of(_begun(facts, plan)))
        return plan

    # --- to end

    async def _cancel(self, facts: Facts, plan: ImagePlan, action: CancelAction) -> ImagePlan:
        build, plan = _under_way(facts), replace(plan, actions=None)
        if action.run is None and self._is_unsent(facts, build, action.order):
            return plan
        try:
            overseer = await overseer_for(self._context, facts.image, build)
            left = await self._canceller.cancel(overseer, facts.image, build, action.run)
        except PROBLEMS as problem:
            is_out_of_reach = isinstance(problem, OUT_OF_REACH)
            if not is_out_of_reach and not self._is_to_be_given_up(facts, build, action.order):
                raise
            return with_warning(plan, build.number, problem.reason, f"its run may go on: {problem}")
        match left:
            case NotSeen():
                # What cannot be seen yet would go on unseen.
                return Plan(as_json(facts.image.status), _looked_for(build), None)
            case GoesOn(reason, message):
                return with_warning(plan, build.number, reason, message)
            case None:
                return plan

    def _is_unsent(self, facts: Facts, build: Build, order: BuildOrder) -> bool:
        """Whether no pipeline can know of it. Of a Job the API server tells, and costs little."""
        return is_by_pipeline(facts.image, build) and self._starter.is_idle(facts.observed.key, order)

    def _is_to_be_given_up(self, facts: Facts, build: Build, order: BuildOrder) -> bool:
        """Whether a run that cannot be ended has had its time; where its builder tells of it, some more."""
        patience = SLACK if isinstance(facts.sight, Unclear) else 2 * SLACK
        return self._context.clock.now() - build.started_at >= order.timeout + patience

    # --- turns

    def _keep_turn(self, facts: Facts, plan: ImagePlan | None) -> None:
        """Hold a turn as long as somebody may work on a build that is, or is about to be, written down.

        Args:
            facts: what was read.
            plan: what is written now; None where the run broke off.
        """
        key, build = facts.observed.key, builds.under_way(facts.image.status.builds)
        if build is not None and build.method == BUILD:
            if self._is_idle(facts, build):
                self._turns.give_back(key)
            else:
                self._turns.under_way(key)
        elif plan is None or not any(_takes_turn(one) for one in plan.status.get("builds") or ()):
            self._release(key)

    def _is_idle(self, facts: Facts, build: Build) -> bool:
        is_seen = isinstance(facts.sight, Running | Pushed)
        return not is_seen and self._starter.is_idle(facts.observed.key, order_of(facts.image, build))

    def _release(self, key: Key) -> None:
        self._dispatches.forget(key)
        self._turns.release(key)


def _takes_turn(build: Mapping[str, Any]) -> bool:
    """Whether a build is under way that somebody else makes; rebases have a limit of their own."""
    return build.get("phase") == BuildPhase.BUILDING and build.get("method") == BUILD


def _priority(facts: Facts) -> Priority:
    build = builds.under_way(facts.image.status.builds)
    demanded = build is not None and any(reason.type == "Emergency" for reason in build.reasons)
    if demanded or is_emergency(Situation(facts, facts.observed.created_at)):
        return Priority.EMERGENCY
    return _PRIORITIES[facts.image.spec.rebuild.priority]


def _since(plan: ImagePlan, now: datetime) -> datetime:
    """Since when the build is due."""
    reasons = (plan.status.get("rebuild") or {}).get("reasons") or ()
    times = [datetime.fromisoformat(reason["since"]) for reason in reasons if reason.get("since")]
    return min(times, default=now)


def _under_way(facts: Facts) -> Build:
    build = builds.under_way(facts.image.status.builds)
    assert build is not None
    return build


def _without_builder(problem: Any) -> Problem:
    """What a run comes to where there is no builder."""
    return problem.outcome if isinstance(problem, AccessProblem) else outcome_of(unclear(problem))


def _begun(facts: Facts, plan: ImagePlan) -> BuildOrder:
    """The order of the build that a plan writes down."""
    begun = (Build.model_validate(build) for build in plan.status["builds"])
    return order_of(facts.image, next(build for build in begun if build.phase == BuildPhase.BUILDING))


def _looked_for(build: Build) -> Waiting:
    message = f"Build {build.number} is under way: its run is looked for, as it may have been started"
    return Waiting(Reason.BUILDING, message, _LOOK_AGAIN)


def _waits_again(facts: Facts, build: Build) -> Waiting:
    """Another build has the turn by now that was given back: why it was is what a person has to know."""
    refusal = facts.sight.refusal if isinstance(facts.sight, NotStarted) else None
    if refusal is None:
        return Waiting(Reason.QUEUED, f"Build {build.number} waits for its turn to be started")
    message = f"Build {build.number} waits for its turn to be tried again: {refusal.message}"
    return Waiting(refusal.reason, message, is_trouble=True)


def _with_run(facts: Facts, plan: ImagePlan, build: Build, run: Run) -> ImagePlan:
    """The plan that writes down who works on the build."""
    known = builds.recorded(build, run)
    status = facts.image.status.model_copy(
        update={"builds": builds.replace(facts.image.status.builds, known)}
    )
    return replace(plan, status=as_json(status))
