"""Runs outside of the cluster, when their image is deleted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any, ClassVar, cast

import pytest

from slipway.build.builders.contract import Run
from slipway.build.builders.errors import (
    BuilderBusy,
    BuilderUnreachable,
    NotOffered,
    OrderRefused,
    RunUnidentified,
    TargetMissing,
    TokenExpired,
)
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder
from slipway.engine.reconcile import Plan
from slipway.kinds.context import Context
from slipway.kinds.managedimage import recalling
from slipway.kinds.managedimage.apply import Effects
from slipway.kinds.managedimage.archive import FINALIZER
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.departure import Unrecalled
from slipway.kinds.managedimage.dispatches import GRACE, Dispatches
from slipway.kinds.managedimage.farewell import find_leaving
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.recalling import Recaller
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.errors import KubeError, Unreachable
from tests.support.ci.fake import ManualClock
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.test_pipeline_orders import GITHUB, RUN, under_way
from tests.unit.kinds.managedimage.world import body

KNOWN = {"id": RUN.id, "url": RUN.url}


@dataclass
class Server:
    """A builder with one run; `trouble` is what whoever cancels meets."""

    starts_once: ClassVar[bool] = False

    found: Run | None = RUN
    trouble: Exception | None = None
    hangs: bool = False
    cancelled: list[Run] = field(default_factory=list)

    async def find(self, order: BuildOrder) -> Run | None:
        return self.found

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        if self.hangs:
            await asyncio.Event().wait()
        if self.trouble is not None:
            raise self.trouble
        self.cancelled.append(run)


@dataclass
class Stage:
    """A process, the server that it finds, and the time."""

    context: Context
    server: Server
    dispatches: Dispatches
    clock: ManualClock

    async def recall(self, **build: Any) -> Unrecalled | None:
        return await Recaller(self.context, self.dispatches).recall(under_way(**build).image)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    server, clock = Server(), ManualClock()

    async def overseer_for(*_: object) -> Server:
        return server

    monkeypatch.setattr(recalling, "overseer_for", overseer_for)
    async with without_cluster(clock=clock) as context:
        yield Stage(context, server, Dispatches(), clock)


async def test_run_that_is_known_is_ended(stage: Stage) -> None:
    """The one that stands in the status."""
    assert await stage.recall(run=KNOWN) is None
    assert stage.server.cancelled == [RUN]


async def test_run_that_may_be_there_is_looked_for(stage: Stage) -> None:
    """As long as it may come to light, for it was sent a moment ago."""
    assert await stage.recall() is None
    assert stage.server.cancelled == [RUN]
    stage.server.found = None
    left = await stage.recall()
    assert left is not None
    assert (left.reason, left.passes) == ("OutcomeUnknown", True)
    stage.clock.seconds += GRACE.total_seconds()
    assert await stage.recall() is None


async def test_attempt_that_was_not_sent_needs_no_end(stage: Stage) -> None:
    """The server is not even asked for it."""
    image = under_way().image
    order = order_of(image, image.status.builds[0])
    stage.dispatches.unsent(under_way().observed.key, correlation_of(order))
    assert await stage.recall() is None
    assert stage.server.cancelled == []


@pytest.mark.parametrize(
    ("trouble", "reason", "passes"),
    [
        (BuilderUnreachable("no answer"), "BuilderUnreachable", True),
        (BuilderBusy("wants fewer requests", 900), "RateLimited", True),
        (OrderRefused("not before it is queued", status=409), "OrderRefused", True),
        (Unreachable("the API server does not answer"), "KubernetesUnavailable", True),
        (KubeError("Secrets may not be read"), "KubernetesRefused", True),
        (TokenExpired("the token is over"), "TokenExpired", False),
        (NotOffered("end it on its page"), "NotOffered", False),
        (RunUnidentified("the runs do not tell"), "OutcomeUnknown", False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_what_is_in_the_way_is_told(
    stage: Stage, trouble: Exception, reason: str, passes: bool
) -> None:
    """Only what passes by itself is worth a wait."""
    stage.server.trouble = trouble
    left = await stage.recall(run=KNOWN)
    assert left is not None
    assert (left.reason, left.passes) == (reason, passes)
    assert str(trouble) in left.message


async def test_run_that_is_gone_is_as_good_as_ended(stage: Stage) -> None:
    """Somebody has deleted it, or its repository."""
    stage.server.trouble = TargetMissing("no such run")
    assert await stage.recall(run=KNOWN) is None


async def test_host_that_does_not_answer_is_left(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A try takes ten seconds at most, whatever the host does."""
    monkeypatch.setattr(recalling, "_LONGEST", 0.01)
    stage.server.hangs = True
    left = await stage.recall(run=KNOWN)
    assert left is not None
    assert (left.reason, left.passes) == ("Timeout", True)


# --- as a part of leaving


JOB: dict[str, Any] = {"type": "Job"}
GIT: dict[str, Any] = {"source": {"git": {"url": "https://git.example.com/shop.git"}}}


def deleted(spec: dict[str, Any], *builds: dict[str, Any]) -> dict[str, Any]:
    """An image that was deleted just now, with these builds in its status."""
    document = body({"builds": list(builds)}, build=spec, **(GIT if spec is JOB else {}))
    document["metadata"] |= {
        "creationTimestamp": "2026-11-20T09:00:00Z",
        "deletionTimestamp": "2026-11-21T09:00:00Z",
        "finalizers": [FINALIZER],
    }
    return document


def a_build(**changes: Any) -> dict[str, Any]:
    known = under_way(**changes).image.status.builds[0]
    return known.model_dump(mode="json", by_alias=True, exclude_none=True)


class Cluster:
    """Has nothing, and notes what becomes of the image."""

    def __init__(self, server: Server) -> None:
        self.steps: list[tuple[str, int]] = []
        self._server = server

    async def get(self, *_: Any) -> None:
        return None

    async def create(self, *_: Any) -> None:
        self._note("archived")

    async def give(self, *_: Any) -> None:
        self._note("gone")

    def _note(self, step: str) -> None:
        self.steps.append((step, len(self._server.cancelled)))


@pytest.mark.parametrize(
    ("document", "is_outside"),
    [
        pytest.param(deleted(GITHUB, a_build()), True, id="a pipeline works on it, or may"),
        pytest.param(deleted(JOB, a_build(run=KNOWN)), True, id="a pipeline did when the spec named one"),
        pytest.param(deleted(JOB, a_build()), False, id="a Job does, which goes by itself"),
        pytest.param(deleted(GITHUB, a_build(method="Rebase")), False, id="a rebase needs nobody"),
        pytest.param(deleted(GITHUB, a_build(phase="Failed", run=KNOWN)), False, id="it has ended"),
        pytest.param(deleted(GITHUB), False, id="nothing was ever built"),
        pytest.param(deleted({"type": 7}, a_build()), False, id="no model takes it"),
    ],
)
async def test_only_what_goes_on_outside_is_called_back(
    stage: Stage, document: dict[str, Any], is_outside: bool
) -> None:
    """What is in the cluster goes with its owner."""
    kube = cast("KubeClient", Cluster(stage.server))
    key = under_way().observed.key
    facts = await find_leaving(replace(stage.context, kube=kube), key, document)
    assert facts is not None
    assert (facts.built_outside is not None) is is_outside


async def leave(stage: Stage) -> tuple[Plan[Any], Cluster]:
    """One run of an image that was deleted at nine."""
    cluster = Cluster(stage.server)
    children = cast("Children", SimpleNamespace(finalizers=cluster))
    context = replace(stage.context, kube=cast("KubeClient", cluster), children=children)
    facts = await find_leaving(context, under_way().observed.key, deleted(GITHUB, a_build(run=KNOWN)))
    assert facts is not None
    effects = Effects(context, stage.dispatches)
    return await effects.apply(facts, decide(facts, stage.clock.now())), cluster


async def test_run_is_ended_before_its_record_is_written(stage: Stage) -> None:
    """A crash in between asks it to end once more."""
    _, cluster = await leave(stage)
    assert cluster.steps == [("archived", 1), ("gone", 1)]


async def test_image_waits_for_a_host_that_may_be_back(stage: Stage) -> None:
    """A minute at most; then it goes, and an Event names the run that it leaves behind."""
    stage.server.trouble = BuilderUnreachable("no answer")
    plan, cluster = await leave(stage)
    assert (plan.outcome.reason, cluster.steps) == ("BuilderUnreachable", [])
    stage.clock.seconds += 60
    plan, cluster = await leave(stage)
    assert [step for step, _ in cluster.steps] == ["archived", "gone"]
    assert [note.reason for note in plan.events] == ["Archived", "BuilderUnreachable"]
