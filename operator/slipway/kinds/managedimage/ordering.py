"""Builds from source get their turn, are given to their builders, and are called back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase
from slipway.build.builders.contract import Builder, Run
from slipway.build.builders.errors import BuilderError, NotOffered, RunUnidentified, TargetMissing
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.build.turns.order import Priority
from slipway.build.turns.turns import Queued, Turns
from slipway.engine.key import Key
from slipway.engine.outcome import Waiting
from slipway.engine.reconcile import Plan
from slipway.kinds.context import Context
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.beginning import begin_now, cannot_begin
from slipway.kinds.managedimage.builders import builder_for
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.ending import with_warning
from slipway.kinds.managedimage.facts import BeginAction, CancelAction, Facts, Problem, StartAction
from slipway.kinds.managedimage.orders import configuration_of, order_of
from slipway.kinds.managedimage.problems import PROBLEMS, outcome_of, unclear
from slipway.kinds.managedimage.situation import ImagePlan, Situation, as_json
from slipway.kinds.managedimage.source import image_client, next_number
from slipway.kinds.managedimage.view import KIND, ManagedImageView
from slipway.kinds.managedimage.wanted import wanted_build
from slipway.kinds.managedimage.words import BUILD
from slipway.kinds.registry.access import AccessProblem

__all__ = ["Orderer"]

_PRIORITIES: Final = {"Low": Priority.LOW, "Normal": Priority.NORMAL, "High": Priority.HIGH}
_LOOK_AGAIN: Final = timedelta(seconds=5)
"""How often a run is looked for that may have been started."""


class Orderer:
    """Knows whose turn it is among all images of the cluster; one for a process."""

    def __init__(self, context: Context, dispatches: Dispatches) -> None:
        self._context = context
        self._dispatches = dispatches
        self._turns = Turns(context.settings.builds)
        self._knows_all = False

    async def apply(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        """Bring about what a plan calls for, if anything, and conclude the plan from what came of it.

        Raises:
            AccessProblem, BuilderError, RegistryError, KubeError: it is tried again.
        """
        key = facts.observed.key
        try:
            plan = await self._carry_out(facts, plan)
        except BaseException:
            if needs_no_turn(facts):
                self._release(key)
            raise
        self._keep_turn(key, plan)
        return plan

    def forget(self, key: Key) -> None:
        """The object is gone: it needs no turn."""
        self._release(key)

    def stand_back(self, key: Key) -> None:
        """A run broke off before it came to ask for its turn: others must not wait behind it."""
        self._wake(self._turns.stand_back(key, self._context.clock.now()))

    async def _carry_out(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        match plan.actions:
            case BeginAction(needs_turn):
                return await self._begin(facts, plan, needs_turn=needs_turn)
            case StartAction():
                return await self._start(facts, plan, plan.actions)
            case CancelAction():
                return await self._cancel(facts, plan, plan.actions)
            case _:
                return plan

    async def _begin(self, facts: Facts, plan: ImagePlan, *, needs_turn: bool) -> ImagePlan:
        now = self._context.clock.now()
        situation = Situation(facts, now)
        if needs_turn:
            try:
                await builder_for(self._context, facts.image, wanted_build(situation, ()))
            except PROBLEMS as problem:
                return cannot_begin(situation, _without_builder(problem))
            if not self._gets_turn(facts, plan, now):
                return replace(plan, actions=None)
        client = await image_client(self._context, facts.image)
        plan = begin_now(situation, await next_number(facts.image, client))
        self._dispatches.unsent(facts.observed.key, correlation_of(_begun(facts, plan)))
        return plan

    def _gets_turn(self, facts: Facts, plan: ImagePlan, now: datetime) -> bool:
        self._put_back()
        answer = self._turns.ask(facts.observed.key, _priority(facts), _since(plan, now), now)
        if isinstance(answer, Queued):
            self._wake(answer.first)
            return False
        return True

    async def _start(self, facts: Facts, plan: ImagePlan, action: StartAction) -> ImagePlan:
        build = _under_way(facts)
        builder = await builder_for(self._context, facts.image, build)
        if not builder.starts_once and self._left(facts, action.order):
            return replace(plan, actions=None, outcome=_looked_for(build))
        try:
            run = await self._send(facts, builder, action.order)
        except BuilderError as error:
            return replace(plan, actions=None, outcome=outcome_of(unclear(error)))
        plan = replace(plan, actions=None)
        if facts.image.spec.build is None or facts.image.spec.build.pipeline is None:
            return plan
        return _with_run(facts, plan, build, run) if run else replace(plan, outcome=_looked_for(build))

    async def _send(self, facts: Facts, builder: Builder, order: BuildOrder) -> Run | None:
        """Start a run, and keep in mind whether it may have been."""
        key, attempt = facts.observed.key, correlation_of(order)
        was_unsent = self._dispatches.is_unsent(key, attempt)
        self._dispatches.sent(key, attempt, self._context.clock.now())
        try:
            run = await builder.start(order)
        except BuilderError as error:
            # A refusal says nothing of what may have been sent before.
            if was_unsent and not error.may_have_arrived:
                self._dispatches.unsent(key, attempt)
            raise
        finally:
            # An answer may be long in coming, or be lost at the end of that time.
            if not self._dispatches.is_unsent(key, attempt):
                self._dispatches.sent(key, attempt, self._context.clock.now())
        return run

    async def _cancel(self, facts: Facts, plan: ImagePlan, action: CancelAction) -> ImagePlan:
        build = _under_way(facts)
        plan = replace(plan, actions=None)
        try:
            builder = await builder_for(self._context, facts.image, build)
            run = await self._run_to_cancel(facts, builder, build, action)
            if run is not None:
                await builder.cancel(action.order, run)
            elif not builder.starts_once and self._left(facts, action.order):
                # What cannot be seen yet cannot be ended, and would go on unseen.
                return Plan(as_json(facts.image.status), _looked_for(build), None)
            elif build.run is not None:
                words = f"its run may go on, which is of another pipeline: {build.run.url or build.run.id}"
                return with_warning(plan, build.number, Reason.NOT_OFFERED, words)
        except TargetMissing:
            return plan
        except (NotOffered, RunUnidentified) as error:
            return with_warning(plan, build.number, error.reason, f"its run may go on: {error}")
        return plan

    async def _run_to_cancel(
        self, facts: Facts, builder: Builder, build: Build, action: CancelAction
    ) -> Run | None:
        """The run of the order; only one with its key where the spec may name another pipeline by now."""
        spec = facts.image.spec
        is_same = spec.build is not None and build.configuration == configuration_of(spec)
        if action.run is not None and is_same:
            return action.run
        if not builder.starts_once and self._dispatches.is_unsent(
            facts.observed.key, correlation_of(action.order)
        ):
            return None
        return await builder.find(action.order)

    def _left(self, facts: Facts, order: BuildOrder) -> bool:
        """Whether a run that may have been started still has to be looked for."""
        now = self._context.clock.now()
        return bool(self._dispatches.left(facts.observed.key, correlation_of(order), now))

    def _keep_turn(self, key: Key, plan: ImagePlan) -> None:
        if any(_takes_turn(build) for build in plan.status.get("builds") or ()):
            self._turns.occupy(key)
        elif plan.outcome.reason != Reason.QUEUED:
            self._release(key)

    def _put_back(self) -> None:
        """Once after a start: what is under way has its turn before anybody is given one."""
        if self._knows_all:
            return
        self._knows_all = True
        for view in self._context.store.of_kind(KIND):
            if isinstance(view, ManagedImageView) and view.building:
                self._turns.occupy(view.key)

    def _release(self, key: Key) -> None:
        self._dispatches.forget(key)
        self._wake(self._turns.release(key, self._context.clock.now()))

    def _wake(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._context.children.wake(key)


def needs_no_turn(facts: Facts) -> bool:
    """Whether no build of the image is written down, so that a run that fails gives its turn back."""
    return builds.under_way(facts.image.status.builds) is None


def _takes_turn(build: Mapping[str, Any]) -> bool:
    """Whether a build is under way that somebody else makes; rebases have a limit of their own."""
    return build.get("phase") == BuildPhase.BUILDING and build.get("method") == BUILD


def _priority(facts: Facts) -> Priority:
    if Situation(facts, facts.observed.created_at).emergency is not None:
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


def _with_run(facts: Facts, plan: ImagePlan, build: Build, run: Run) -> ImagePlan:
    """The plan that writes down who works on the build."""
    known = builds.recorded(build, run)
    status = facts.image.status.model_copy(
        update={"builds": builds.replace(facts.image.status.builds, known)}
    )
    return replace(plan, status=as_json(status))
