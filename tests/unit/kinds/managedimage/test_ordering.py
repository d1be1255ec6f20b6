"""Turns: held exactly while a build is under way, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.api.managedimage import Build
from slipway.build.builders.contract import Run
from slipway.build.builders.errors import (
    BuilderBusy,
    BuilderError,
    BuilderUnreachable,
    OrderRefused,
    TokenExpired,
)
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.job.naming import job_name
from slipway.build.builders.order import BuildOrder
from slipway.engine.key import Key
from slipway.engine.outcome import Stalled
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import Facts, NotStarted, Unclear
from slipway.kinds.managedimage.ordering import Orderer
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.registry.access import AccessProblem
from slipway.kube.errors import Forbidden, Invalid, KubeError, ServerError, TooManyRequests, Unreachable
from tests.unit.kinds.managedimage.sources import FAILED, RUNNING, base, built, facts
from tests.unit.kinds.managedimage.world import NEW, NEWER, NOW, body, build, built_on

ORDERING = "slipway.kinds.managedimage.ordering"


class World:
    """An orderer with one turn, the store that it keeps in step with, and what it asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: int = 1) -> None:
        self.woken: list[str] = []
        self.store = Store()
        self.limit = limit
        self.problem: Exception | None = None
        self.refusal: Exception | None = None
        self.jobs: list[str] = []
        self.cannot_be_asked: Exception | None = None
        monkeypatch.setattr(f"{ORDERING}.builder_for", self._builder_for)
        monkeypatch.setattr(f"{ORDERING}.overseer_for", self._builder_for)
        monkeypatch.setattr(f"{ORDERING}.image_client", self._client)
        monkeypatch.setattr(f"{ORDERING}.next_number", self._next_number)
        self.is_registry_down = False
        self.now = NOW
        self.restart()

    def restart(self) -> None:
        """A process that has just started."""
        context = SimpleNamespace(
            settings=SimpleNamespace(builds=self.limit),
            clock=SimpleNamespace(now=lambda: self.now),
            children=SimpleNamespace(wake=lambda key: self.woken.append(key.name)),
            store=self.store,
        )
        self.dispatches = Dispatches()
        self.orderer = Orderer(cast("Context", context), self.dispatches)

    async def _builder_for(self, *_: Any) -> Any:
        if self.problem is not None:
            raise self.problem
        return SimpleNamespace(starts_once=True, start=self._start, find=self._find, cancel=self._cancel)

    async def _start(self, order: BuildOrder) -> Run:
        if self.refusal is not None:
            raise self.refusal
        self.jobs.append(job_name(order))
        return Run(job_name(order))

    async def _find(self, order: BuildOrder) -> Run | None:
        if self.cannot_be_asked is not None:
            raise self.cannot_be_asked
        return Run(job_name(order)) if job_name(order) in self.jobs else None

    async def _cancel(self, order: BuildOrder, run: Run) -> None:
        self.jobs.remove(run.id)

    async def _client(self, *_: Any) -> Any:
        if self.is_registry_down:
            msg = "down"
            raise ConnectionError(msg)

    async def _next_number(self, *_: Any) -> int:
        return 1

    def run(self, read: Facts, plan: ImagePlan | None = None) -> ImagePlan:
        """What one run comes to; its status is not written yet."""
        return asyncio.run(self.orderer.apply(read, plan or decide(read, self.now)))

    def write(self, name: str, status: Mapping[str, Any]) -> None:
        """The API server takes the status of a run."""
        version = 1 + self.store.highest_version("managedimages.slipway.dev")
        self.store.put(replace(view_of(name, dict(status)), resource_version=version))

    def begin(self, name: str) -> dict[str, Any]:
        """The status of an image whose build got its turn, once it is written."""
        plan = self.run(named(name))
        assert plan.status["phase"] == "Building"
        self.write(name, plan.status)
        return dict(plan.status)

    def end(self, name: str, status: dict[str, Any]) -> dict[str, Any]:
        """The status once the build under way has failed; it is not written yet."""
        return dict(self.run(named(name, facts(status, sight=FAILED))).status)

    def is_queued(self, name: str) -> bool:
        """Whether another image that wants a build has to wait."""
        return bool(self.run(named(name)).status["phase"] == "Queued")


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def named(name: str, read: Facts | None = None) -> Facts:
    """The same facts of another image."""
    found = read or facts()
    return replace(found, observed=replace(found.observed, key=key_of(name)))


def key_of(name: str) -> Key:
    return Key("managedimages.slipway.dev", "shop", name)


def view_of(name: str, status: dict[str, Any]) -> ManagedImageView:
    document = body(status)
    document["metadata"]["name"] = name
    return ManagedImageView.from_body(document)


def test_turn_is_given_with_a_number_and_kept_until_the_end_of_the_build_is_written(world: World) -> None:
    """The next one waits, and is woken by the write, not by the run before it."""
    status = world.begin("one")
    assert world.is_queued("two")
    ended = world.end("one", status)
    assert world.woken == []
    assert world.is_queued("two")
    world.write("one", ended)
    assert world.woken == ["two"]
    assert not world.is_queued("two")


def test_build_whose_end_could_not_be_written_goes_on_with_its_turn(world: World) -> None:
    """Else there would be one more than may be."""
    status = world.begin("one")
    world.end("one", status)
    assert world.is_queued("two")
    world.write("one", world.end("one", status))
    assert not world.is_queued("two")


def test_what_was_under_way_before_a_restart_has_its_turn_first(world: World) -> None:
    """Nobody is given a turn before those that the store tells of have theirs."""
    world.begin("one")
    world.restart()
    assert world.is_queued("two")


def test_what_comes_back_with_a_restored_cluster_has_its_turn_first(world: World) -> None:
    """As after a Lease that was lost for a while: what the store learns, the turns learn."""
    status = world.begin("one")
    world.write("one", world.end("one", status))
    world.store.distrust("managedimages.slipway.dev", 1)
    world.store.put(view_of("one", status))
    assert world.is_queued("two")


def test_turn_whose_build_was_never_written_is_not_lost(world: World) -> None:
    """The Lease was lost between the two: the image asks again, and begins."""
    world.run(named("one"))
    assert world.is_queued("two")
    assert not world.is_queued("one")


def test_image_that_is_gone_has_no_turn(world: World) -> None:
    """Its Jobs go with it."""
    world.begin("one")
    assert world.is_queued("two")
    world.store.remove(key_of("one"), "u1", 1 + world.store.highest_version("managedimages.slipway.dev"))
    assert world.woken == ["two"]
    assert not world.is_queued("two")


def test_rebases_take_no_turn(world: World) -> None:
    """They have a limit of their own."""
    status = built_on(NEW, builds=[build(1, "Building", NEW)])
    read = named("one", replace(facts(), image=facts(status).image))
    world.run(read, replace(decide(facts(), NOW), status=status, actions=None))
    assert world.run(named("two")).status["phase"] == "Building"


@pytest.mark.parametrize("end", ["deleted", "current", "suspended"])
def test_queued_image_that_wants_no_build_any_more_stands_in_nobodys_way(world: World, end: str) -> None:
    """Its place in the line goes with the wish, and whoever is next is woken."""
    status = world.begin("one")
    world.run(named("two"))
    world.run(named("zoo"))
    if end == "deleted":
        world.orderer.forget(key_of("two"))
    else:
        world.run(named("two", facts(suspend=True) if end == "suspended" else facts(built())))
    world.write("one", world.end("one", status))
    assert world.woken == ["zoo"]


def test_run_that_breaks_off_gives_back_what_it_was_given(world: World) -> None:
    """The registry does not answer when the number is asked for: others go first."""
    world.is_registry_down = True
    with pytest.raises(ConnectionError):
        world.run(named("one"))
    world.is_registry_down = False
    assert world.run(named("two")).status["phase"] == "Building"


def test_image_that_cannot_be_read_stands_in_nobodys_way(world: World) -> None:
    """It would be the first in the line for ever, and never ask."""
    status = world.begin("one")
    world.run(named("two"))
    world.run(named("zoo"))
    world.write("one", world.end("one", status))
    assert world.woken == ["two"]
    world.orderer.stand_back(key_of("two"))
    assert world.woken == ["two", "zoo"]


def test_image_that_cannot_be_read_keeps_the_turn_of_its_build(world: World) -> None:
    """The build goes on, whether we can read of it or not."""
    world.run(named("one"))
    world.orderer.stand_back(key_of("one"))
    assert world.run(named("two")).status["phase"] == "Queued"


def test_image_that_nobody_can_build_takes_no_turn(world: World) -> None:
    """It says so, and others build."""
    world.problem = AccessProblem(Stalled("BuilderNotConfigured", "set SLIPWAY_BUILDER_IMAGE"))
    plan = world.run(named("one", facts(built(), base(NEWER))))
    assert plan.outcome.reason == "BuilderNotConfigured"
    assert len(plan.status["builds"]) == 1
    world.problem = None
    assert world.run(named("two")).status["phase"] == "Building"


def test_build_begins_once_the_run_of_the_one_before_is_ended(world: World) -> None:
    """Nobody told how that goes until its time was over; meanwhile no turn is taken."""
    status = world.begin("one")
    lost = facts(status, sight=Unclear("RateLimited", "not now", timedelta(seconds=15)))
    job = job_name(order_of(lost.image, lost.image.status.builds[0]))
    world.jobs = [job]
    world.cannot_be_asked = BuilderUnreachable("no answer")
    world.now = NOW + timedelta(minutes=35)
    ended = world.run(named("one", lost)).status
    world.write("one", ended)
    world.now += timedelta(minutes=1)
    plan = world.run(named("one", facts(dict(ended))))
    assert (plan.status["phase"], plan.outcome.reason) == ("Waiting", "BuilderUnreachable")
    assert not world.is_queued("two")
    world.orderer.forget(key_of("two"))
    world.cannot_be_asked = None
    plan = world.run(named("one", facts(dict(ended))))
    assert (world.jobs, plan.status["builds"][0]["attempts"]) == ([], 2)


# --- what cannot be started gives its turn back


REFUSALS = [
    pytest.param(Forbidden("exceeded quota"), id="a quota, or an admission policy, refuses it"),
    pytest.param(Invalid("spec.template: Invalid value"), id="the API server does not accept it"),
    pytest.param(TooManyRequests("too many requests"), id="the API server is overwhelmed"),
    pytest.param(ServerError("failed calling webhook"), id="an admission webhook is down"),
    pytest.param(Unreachable("the connection broke"), id="the answer was lost, and there is no Job"),
]


@pytest.mark.parametrize("refusal", REFUSALS)
def test_job_that_is_refused_holds_nobody_up(world: World, refusal: KubeError) -> None:
    """Its turn is free between its tries, and it says why it is refused."""
    status = world.begin("one")
    assert world.is_queued("two")
    world.refusal = refusal
    with pytest.raises(type(refusal)):
        world.run(not_started("one", status))
    assert world.woken == ["two"]
    assert not world.is_queued("two")


@pytest.mark.parametrize(
    "error",
    [OrderRefused("an input is not declared"), BuilderBusy("wants fewer requests", 90), TokenExpired("over")],
    ids=lambda error: type(error).__name__,
)
def test_pipeline_that_refuses_holds_nobody_up(world: World, error: BuilderError) -> None:
    """As a Job does."""
    status = world.begin("one")
    world.dispatches.unsent(key_of("one"), attempt_of(status))
    world.refusal = error
    plan = world.run(not_started("one", status))
    assert plan.outcome.reason == error.reason
    assert not world.is_queued("two")


def test_what_was_refused_asks_for_a_turn_before_it_is_tried_again(world: World) -> None:
    """And goes on saying why while it waits; then it is started, and keeps its turn."""
    status = world.begin("one")
    world.refusal = Forbidden("exceeded quota")
    with pytest.raises(Forbidden):
        world.run(not_started("one", status))
    other = world.begin("two")
    world.refusal = None
    refused = world.dispatches.refusal(key_of("one"), attempt_of(status))
    plan = world.run(not_started("one", status, refused))
    assert (world.jobs, plan.outcome.reason) == ([], "KubernetesRefused")
    assert "exceeded quota" in plan.outcome.message
    assert plan.status["builds"][0]["phase"] == "Building"
    world.write("two", world.end("two", other))
    assert world.woken[-1] == "one"
    world.run(not_started("one", status, refused))
    assert len(world.jobs) == 1
    assert world.is_queued("two")


def test_what_was_refused_before_a_status_is_seen_again_takes_no_turn(world: World) -> None:
    """Its conditions are written while it is idle: that is news of the object, and not of its build."""
    status = world.begin("one")
    world.refusal = Forbidden("exceeded quota")
    with pytest.raises(Forbidden):
        world.run(not_started("one", status))
    world.write("one", {**status, "conditions": [{"type": "Ready", "status": "False"}]})
    assert not world.is_queued("two")


@pytest.mark.parametrize("is_there", [True, False], ids=["the Job is there", "nobody can tell"])
def test_job_that_may_be_there_keeps_its_turn(world: World, *, is_there: bool) -> None:
    """Its answer was lost: there would be one more than may be."""
    status = world.begin("one")
    build = Build.model_validate(status["builds"][0])
    world.refusal = Unreachable("the connection broke")
    world.jobs = [job_name(order_of(facts(status).image, build))] if is_there else []
    world.cannot_be_asked = None if is_there else Unreachable("down")
    with pytest.raises(Unreachable, match="broke"):
        world.run(not_started("one", status))
    assert world.is_queued("two")


def test_run_that_came_to_light_has_its_turn_again(world: World) -> None:
    """Whatever the limit says: it is under way."""
    status = world.begin("one")
    world.refusal = ServerError("failed")
    with pytest.raises(ServerError):
        world.run(not_started("one", status))
    world.run(named("one", facts(status, sight=RUNNING)))
    assert world.is_queued("two")


def test_what_cannot_be_looked_at_before_it_is_started_holds_nobody_up(world: World) -> None:
    """Its Secret went in between: nobody works on it."""
    status = world.begin("one")
    gone = Unclear("SecretNotFound", "no Secret github", timedelta(seconds=15), is_unsent=True)
    world.run(named("one", facts(status, sight=gone)))
    assert not world.is_queued("two")


def not_started(name: str, status: dict[str, Any], refusal: Unclear | None = None) -> Facts:
    """An image whose build is written down, and no run of it is to be found."""
    return named(name, facts(status, sight=NotStarted(refusal)))


def attempt_of(status: dict[str, Any]) -> str:
    build = Build.model_validate(status["builds"][0])
    return correlation_of(order_of(facts(status).image, build))
