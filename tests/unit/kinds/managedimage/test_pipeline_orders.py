"""Builds are given to their builders once, and called back, whatever answers are lost."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from slipway.api.conditions import Reason
from slipway.build.builders import contract
from slipway.build.builders.contract import Progress, Run
from slipway.build.builders.errors import (
    BuilderBusy,
    BuilderError,
    BuilderForbidden,
    BuilderTimeout,
    NotOffered,
    OrderRefused,
    RunUnidentified,
    SecretUnusable,
    TargetMissing,
    TokenExpired,
)
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.engine.requests import Request
from slipway.kinds.managedimage import ordering
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.dispatches import GRACE, Dispatches
from slipway.kinds.managedimage.facts import Facts, NotStarted, Running, Sight, TagTaken, Unclear
from slipway.kinds.managedimage.orders import configuration_of, order_of
from slipway.kinds.managedimage.problems import unclear
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.words import CANCEL
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.credentials import SecretMissing
from tests.support.ci.fake import ManualClock
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.world import BASE, NEW, NOW, REPOSITORY, facts

GITHUB: dict[str, Any] = {
    "type": "GitHub",
    "github": {
        "owner": "shop",
        "repository": "api",
        "workflow": "image.yml",
        "secretRef": {"name": "github"},
    },
}
RUN = Run("1000", "https://github.com/shop/api/actions/runs/1000")


@dataclass
class FakeBuilder:
    """A server with a list of runs; what `troubles` has is raised, one after another, by `start`."""

    starts_once: ClassVar[bool] = False

    runs: list[BuildOrder] = field(default_factory=list)
    troubles: list[BuilderError] = field(default_factory=list)
    found: list[Run | BuilderError | None] = field(default_factory=list)
    tells_run: bool = True
    cancelled: list[Run] = field(default_factory=list)
    cannot_cancel: BuilderError | None = None

    async def find(self, order: BuildOrder) -> Run | None:
        answer = self.found.pop(0) if self.found else None
        if isinstance(answer, BuilderError):
            raise answer
        return answer

    async def start(self, order: BuildOrder) -> Run | None:
        error = self.troubles.pop(0) if self.troubles else None
        if error is None or error.may_have_arrived:
            self.runs.append(order)
        if error is not None:
            raise error
        return RUN if self.tells_run else None

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        raise NotImplementedError

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        if self.cannot_cancel is not None:
            raise self.cannot_cancel
        self.cancelled.append(run)


@dataclass
class Stage:
    """An orderer, the builder that it finds, and the time."""

    orderer: ordering.Orderer
    dispatches: Dispatches
    builder: FakeBuilder
    clock: ManualClock

    async def run(self, sight: Sight, *requests: Request, **status: Any) -> ImagePlan:
        """One run that has seen this."""
        seen = under_way(**status)
        seen = replace(seen, sight=sight, requests=requests)
        return await self.orderer.apply(seen, decide(seen, self.clock.now()))

    def attempt(self) -> str:
        """What the attempt that all runs are about is called."""
        return correlation_of(order_of(under_way().image, under_way().image.status.builds[0]))


def under_way(**changes: Any) -> Facts:
    """An image with a build under way."""
    build = {
        "number": 1,
        "key": "a" * 32,
        "phase": "Building",
        "reference": f"{REPOSITORY}:1.4.0-1",
        "startedAt": "2026-11-21T09:00:00Z",
        "method": "Build",
        "configuration": configuration_of(facts(build=GITHUB).image.spec),
        "bases": [{"reference": BASE, "digest": NEW}],
        **changes,
    }
    return facts({"phase": "Building", "builds": [build]}, build=GITHUB)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """A process that has just started."""
    builder, clock = FakeBuilder(), ManualClock()

    async def builder_for(*_: object) -> FakeBuilder:
        return builder

    monkeypatch.setattr(ordering, "builder_for", builder_for)
    monkeypatch.setattr(ordering, "overseer_for", builder_for)
    async with without_cluster(clock=clock) as context:
        dispatches = Dispatches()
        yield Stage(ordering.Orderer(context, dispatches), dispatches, builder, clock)


def begun_here(stage: Stage) -> None:
    """The process wrote the attempt down itself."""
    key = under_way().observed.key
    stage.dispatches.unsent(key, stage.attempt())


def recorded(plan: ImagePlan) -> Any:
    return plan.status["builds"][0].get("run")


async def test_what_was_written_down_here_is_started_at_once(stage: Stage) -> None:
    """And its run is recorded."""
    begun_here(stage)
    plan = await stage.run(NotStarted())
    assert len(stage.builder.runs) == 1
    assert recorded(plan) == {"id": RUN.id, "url": RUN.url}


async def test_after_a_restart_a_run_is_looked_for_first(stage: Stage) -> None:
    """The process that wrote the attempt down may have sent it."""
    plan = await stage.run(NotStarted())
    assert stage.builder.runs == []
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.until == timedelta(seconds=5)
    stage.clock.seconds += GRACE.total_seconds()
    await stage.run(NotStarted())
    assert len(stage.builder.runs) == 1


@pytest.mark.parametrize("is_told", [True, False], ids=["the answer was lost", "the answer names no run"])
async def test_what_may_have_arrived_is_not_sent_again_at_once(stage: Stage, *, is_told: bool) -> None:
    """It is looked for, and sent again only after a while."""
    begun_here(stage)
    stage.builder.tells_run = False
    stage.builder.troubles = [BuilderTimeout("no answer", may_have_arrived=True)] if is_told else []
    await stage.run(NotStarted())
    stage.clock.seconds += GRACE.total_seconds() - 1
    await stage.run(NotStarted())
    assert len(stage.builder.runs) == 1
    stage.clock.seconds += 1
    await stage.run(NotStarted())
    assert len(stage.builder.runs) == 2


@pytest.mark.parametrize(
    ("error", "pause"),
    [
        (BuilderBusy("wants fewer requests", 90), 90),
        (TokenExpired("the token is over"), 30),
        (OrderRefused("an input is not declared"), 60),
        (BuilderTimeout("nothing was sent"), 15),
    ],
    ids=["too many requests", "a token that is over", "an order that is refused", "no connection"],
)
async def test_what_was_turned_away_says_why_and_is_sent_again(
    stage: Stage, error: BuilderError, pause: int
) -> None:
    """With the reason of the trouble, after the pause that is asked for."""
    begun_here(stage)
    stage.builder.troubles = [error]
    plan = await stage.run(NotStarted())
    assert plan.outcome == Waiting(error.reason, str(error), timedelta(seconds=pause), is_trouble=True)
    assert stage.builder.runs == []
    await stage.run(NotStarted())
    assert len(stage.builder.runs) == 1


async def test_a_refusal_says_nothing_of_what_was_sent_before(stage: Stage) -> None:
    """A run of the earlier try may still come to light, and is looked for again."""
    stage.builder.troubles = [OrderRefused("an input is not declared")]
    await stage.run(NotStarted())
    stage.clock.seconds += GRACE.total_seconds()
    await stage.run(NotStarted())
    plan = await stage.run(NotStarted())
    assert stage.builder.runs == []
    assert isinstance(plan.outcome, Waiting)
    assert "is looked for" in plan.outcome.message


async def test_what_nobody_can_tell_is_never_started(stage: Stage) -> None:
    """A person has to look."""
    sight = unclear(RunUnidentified("the runs do not tell"))
    stage.clock.seconds += GRACE.total_seconds() * 10
    plan = await stage.run(sight)
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == Reason.OUTCOME_UNKNOWN
    assert stage.builder.runs == []


async def test_a_run_that_was_found_is_recorded(stage: Stage) -> None:
    """And looked at soon, for it does not tell of itself."""
    plan = await stage.run(Running(RUN, contract.Running()))
    assert recorded(plan) == {"id": RUN.id, "url": RUN.url}
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.until == timedelta(seconds=15)


# --- a tag that is taken


@pytest.fixture
def numbers(monkeypatch: pytest.MonkeyPatch) -> None:
    """The next free number is 5."""

    async def image_client(*_: object) -> None:
        return None

    async def next_number(*_: object) -> int:
        return 5

    monkeypatch.setattr(ordering, "image_client", image_client)
    monkeypatch.setattr(ordering, "next_number", next_number)


@pytest.mark.usefixtures("numbers")
async def test_a_build_whose_tag_is_taken_gets_another_number_and_is_started_then(stage: Stage) -> None:
    """At once, as nothing can have been sent."""
    begun_here(stage)
    stage.clock.seconds += 1
    plan = await stage.run(TagTaken())
    (again,) = plan.status["builds"]
    assert (again["number"], again["reference"]) == (5, f"{REPOSITORY}:1.4.0-5")
    await stage.run(NotStarted(), **{name: again[name] for name in ("number", "reference", "startedAt")})
    (order,) = stage.builder.runs
    assert (order.number, order.reference) == (5, f"{REPOSITORY}:1.4.0-5")


@pytest.mark.usefixtures("numbers")
async def test_a_number_is_not_skipped_while_a_run_may_come_to_light(stage: Stage) -> None:
    """After a restart: the former process may have sent the order, and the tag be that of its run."""
    plan = await stage.run(TagTaken())
    assert plan.status["builds"][0]["number"] == 1
    assert isinstance(plan.outcome, Waiting)
    assert "is looked for" in plan.outcome.message
    stage.clock.seconds += GRACE.total_seconds()
    assert (await stage.run(TagTaken())).status["builds"][0]["number"] == 5


# --- called back


ASKED = Request(CANCEL, NOW)


def words(plan: Plan[Any]) -> str:
    return str(plan.status["builds"][0]["message"])


async def test_a_run_is_cancelled(stage: Stage) -> None:
    """The one that was seen."""
    plan = await stage.run(Running(RUN, contract.Running()), ASKED)
    assert stage.builder.cancelled == [RUN]
    assert plan.status["builds"][0]["phase"] == "Cancelled"


async def test_what_may_be_on_its_way_is_cancelled_once_it_can_be_seen(stage: Stage) -> None:
    """Until then the request stays."""
    begun_here(stage)
    stage.builder.tells_run = False
    await stage.run(NotStarted())
    plan = await stage.run(NotStarted(), ASKED)
    assert plan.status["builds"][0]["phase"] == "Building"
    assert "handledRequests" not in plan.status or not plan.status["handledRequests"]
    stage.builder.found = [RUN]
    plan = await stage.run(NotStarted(), ASKED)
    assert (stage.builder.cancelled, plan.status["builds"][0]["phase"]) == ([RUN], "Cancelled")


async def test_what_was_not_sent_needs_no_cancelling(stage: Stage) -> None:
    """The server is not even asked."""
    begun_here(stage)
    stage.builder.found = [TargetMissing("there is no such workflow")]
    plan = await stage.run(NotStarted(), ASKED)
    assert plan.status["builds"][0]["phase"] == "Cancelled"
    assert len(stage.builder.found) == 1


@pytest.mark.parametrize(
    "error", [NotOffered("end it on its page"), None], ids=["not offered", "not to be told"]
)
async def test_what_cannot_be_cancelled_is_told(stage: Stage, error: BuilderError | None) -> None:
    """The build has ended here, and its run may go on."""
    stage.builder.cannot_cancel = error
    stage.builder.found = [RunUnidentified("the runs do not tell")]
    sight = Running(RUN, contract.Running()) if error else NotStarted()
    plan = await stage.run(sight, ASKED)
    assert "its run may go on" in words(plan)
    assert plan.events[-1].type == "Warning"


OUT_OF_REACH: dict[str, Exception] = {
    "the Secret is gone": SecretMissing("there is no Secret github"),
    "the Secret is of no use": SecretUnusable("it has no key token"),
    "the operator may not call the host": BuilderForbidden("not allowed"),
}


@pytest.mark.parametrize("problem", OUT_OF_REACH.values(), ids=OUT_OF_REACH.keys())
async def test_a_build_whose_run_is_out_of_reach_ends_here_all_the_same(
    stage: Stage, monkeypatch: pytest.MonkeyPatch, problem: Exception
) -> None:
    """A person need not mend a Secret first to take a wish back."""

    async def overseer_for(*_: object) -> FakeBuilder:
        raise problem

    monkeypatch.setattr(ordering, "overseer_for", overseer_for)
    sight = Unclear("SecretNotFound", "there is no Secret github", timedelta(seconds=30))
    plan = await stage.run(sight, ASKED, run={"id": RUN.id, "url": RUN.url})
    assert plan.status["builds"][0]["phase"] == "Cancelled"
    assert "its run may go on" in words(plan)
    assert plan.events[-1].type == "Warning"


async def test_a_build_is_not_ended_while_its_server_only_fails(stage: Stage) -> None:
    """It is asked again: the run is still there, and can be ended then."""
    stage.builder.cannot_cancel = BuilderTimeout("no answer")
    with pytest.raises(BuilderTimeout):
        await stage.run(Running(RUN, contract.Running()), ASKED)


async def test_what_was_not_sent_leaves_nothing_that_may_go_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though nobody could ask."""

    async def overseer_for(*_: object) -> FakeBuilder:
        raise OUT_OF_REACH["the Secret is gone"]

    monkeypatch.setattr(ordering, "overseer_for", overseer_for)
    begun_here(stage)
    plan = await stage.run(Unclear("SecretNotFound", "x", timedelta(seconds=30)), ASKED)
    assert plan.status["builds"][0]["phase"] == "Cancelled"
    assert "may go on" not in words(plan)


async def test_who_cannot_build_any_more_says_so_and_starts_nothing(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The build waits for a person, and gives up after its time."""

    async def builder_for(*_: object) -> FakeBuilder:
        raise AccessProblem(Stalled("BuilderNotConfigured", "set SLIPWAY_BUILDER_IMAGE"))

    monkeypatch.setattr(ordering, "builder_for", builder_for)
    begun_here(stage)
    plan = await stage.run(NotStarted())
    assert plan.outcome == Stalled("BuilderNotConfigured", "set SLIPWAY_BUILDER_IMAGE")
    assert plan.status["builds"][0]["phase"] == "Building"


async def test_the_run_of_a_former_pipeline_is_cancelled(stage: Stage) -> None:
    """The spec names another place by now: the run is ended where it is."""
    plan = await stage.run(
        Running(RUN, contract.Running()),
        configuration="another",
        run={"id": RUN.id, "url": RUN.url},
        pipeline={"type": "GitHub", "url": "https://ci.example.com", "secret": "old"},
    )
    assert stage.builder.cancelled == [RUN]
    assert (plan.status["builds"][0]["reason"], plan.status["builds"][0].get("pipeline")) == (
        "Superseded",
        None,
    )


LIMIT = timedelta(minutes=35)
"""After which a build with a time-out of thirty minutes has had its time."""

SLOW = {"run": {"id": RUN.id, "url": RUN.url}}


@pytest.mark.parametrize("error", [BuilderTimeout("no answer"), TokenExpired("the token is over")])
async def test_cancellation_is_tried_until_the_run_must_be_over(stage: Stage, error: BuilderError) -> None:
    """A host that is away, or a token that is over, keeps no build under way without end."""
    stage.builder.cannot_cancel = error
    seen = Running(RUN, contract.Running())
    for after in (timedelta(minutes=1), LIMIT, LIMIT + timedelta(minutes=4)):
        stage.clock.seconds = after.total_seconds()
        with pytest.raises(type(error)):
            await stage.run(seen, ASKED)
    stage.clock.seconds = (LIMIT + timedelta(minutes=5)).total_seconds()
    plan = await stage.run(seen, ASKED)
    assert plan.status["builds"][0]["phase"] == "Cancelled"
    assert "its run may go on" in words(plan)
    assert plan.events[-1].reason == error.reason


async def test_build_of_which_nobody_tells_ends_when_its_time_is_over(stage: Stage) -> None:
    """Whether its run can be ended or not."""
    stage.builder.cannot_cancel = BuilderTimeout("no answer")
    away = unclear(BuilderTimeout("no answer"))
    stage.clock.seconds = (LIMIT - timedelta(seconds=1)).total_seconds()
    plan = await stage.run(away, **SLOW)
    assert (plan.status["builds"][0]["phase"], plan.outcome.reason) == ("Building", "Timeout")
    stage.clock.seconds = LIMIT.total_seconds()
    plan = await stage.run(away, **SLOW)
    assert plan.status["builds"][0]["reason"] == Reason.OUTCOME_UNKNOWN
    assert "its run may go on" in words(plan)


async def test_run_that_nobody_told_of_is_ended_where_it_can_be(stage: Stage) -> None:
    """The host is back by then."""
    stage.clock.seconds = LIMIT.total_seconds()
    plan = await stage.run(unclear(BuilderTimeout("no answer")), **SLOW)
    assert plan.status["builds"][0]["reason"] == Reason.OUTCOME_UNKNOWN
    assert stage.builder.cancelled == [RUN]
