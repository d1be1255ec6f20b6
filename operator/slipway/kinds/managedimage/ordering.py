"""Builds from source get their turn, are given to their builders, and are called back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase, BuildRun
from slipway.build.builders.contract import Run
from slipway.build.builders.errors import NotOffered, TargetMissing
from slipway.build.turns.order import Priority
from slipway.build.turns.turns import Queued, Turns
from slipway.engine.key import Key
from slipway.kinds.context import Context
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.beginning import begin_now, cannot_begin
from slipway.kinds.managedimage.builders import builder_for
from slipway.kinds.managedimage.facts import BeginAction, CancelAction, Facts, StartAction
from slipway.kinds.managedimage.situation import ImagePlan, Situation, as_json
from slipway.kinds.managedimage.source import image_client, next_number
from slipway.kinds.managedimage.view import KIND, ManagedImageView
from slipway.kinds.managedimage.wanted import wanted_build
from slipway.kinds.managedimage.words import BUILD
from slipway.kinds.registry.access import AccessProblem

__all__ = ["Orderer"]

_PRIORITIES: Final = {"Low": Priority.LOW, "Normal": Priority.NORMAL, "High": Priority.HIGH}


class Orderer:
    """Knows whose turn it is among all images of the cluster; one for a process."""

    def __init__(self, context: Context) -> None:
        self._context = context
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
                await self._cancel(facts, plan.actions)
                return replace(plan, actions=None)
            case _:
                return plan

    async def _begin(self, facts: Facts, plan: ImagePlan, *, needs_turn: bool) -> ImagePlan:
        now = self._context.clock.now()
        situation = Situation(facts, now)
        if needs_turn:
            try:
                await builder_for(self._context, facts.image, wanted_build(situation, ()))
            except AccessProblem as problem:
                return cannot_begin(situation, problem.outcome)
            if not self._gets_turn(facts, plan, now):
                return replace(plan, actions=None)
        client = await image_client(self._context, facts.image)
        return begin_now(situation, await next_number(facts.image, client))

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
        run = await builder.start(action.order)
        plan = replace(plan, actions=None)
        return plan if run is None or run.url is None else _with_run(facts, plan, build, run)

    async def _cancel(self, facts: Facts, action: CancelAction) -> None:
        builder = await builder_for(self._context, facts.image, _under_way(facts))
        run = action.run or await builder.find(action.order)
        if run is not None:
            with suppress(NotOffered, TargetMissing):
                await builder.cancel(action.order, run)

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


def _with_run(facts: Facts, plan: ImagePlan, build: Build, run: Run) -> ImagePlan:
    """The plan that writes down who works on the build."""
    known = build.model_copy(update={"run": BuildRun(id=run.id, url=run.url)})
    status = facts.image.status.model_copy(
        update={"builds": builds.replace(facts.image.status.builds, known)}
    )
    return replace(plan, status=as_json(status))
