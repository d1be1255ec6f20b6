from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, cast

import pytest

from slipway.api.conditions import THROTTLED, Reason
from slipway.api.warehouse import Artifact, ArtifactImage, Subscription
from slipway.clock import format_time
from slipway.engine.outcome import Settled, Stalled, Waiting
from slipway.engine.reconcile import Plan
from slipway.engine.store import Store
from slipway.kinds.warehouse import gather as module
from slipway.kinds.warehouse.decide import decide
from slipway.kinds.warehouse.findings import Finding, Found, Trouble
from slipway.kinds.warehouse.gather import WarehouseGatherer
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment
from slipway.kinds.warehouse.view import warehouse_key
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.errors import KubeError
from tests.support.outside import open_outside

KEY = warehouse_key("shop", "api")
DIGEST = "sha256:" + "a" * 64
MINUTE = timedelta(minutes=1)
Script = Callable[[str, Moment], Awaitable[Finding]]


class Hand:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 9, tzinfo=UTC)

    def now(self) -> datetime:
        """The moment it shows."""
        return self.at

    def monotonic(self) -> float:
        """Seconds since 1970."""
        return self.at.timestamp()


@dataclass
class Watched:
    """A subscription whose looks are scripted."""

    name: str
    script: Script

    @property
    def place(self) -> str:
        """One place for each."""
        return self.name

    async def dependency(self, *, troubled: bool) -> Dependency:
        """Nothing."""
        del troubled
        return Dependency(None)

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """What the script says."""
        del before
        return await self.script(self.name, moment)


class Cluster:
    """One Warehouse, as an API server gives it."""

    def __init__(self, *names: str) -> None:
        policy = {"type": "Digest", "digest": {"tag": "x"}}
        image = {"repository": "r.example.com/a", "policy": policy}
        self.spec = {"subscriptions": [{"name": name, "type": "Image", "image": image} for name in names]}
        self.status: dict[str, Any] = {}

    async def get(self, *_: object) -> dict[str, Any]:
        """The Warehouse."""
        metadata = {"name": "api", "namespace": "shop", "uid": "1", "resourceVersion": "1", "generation": 1}
        created = {"creationTimestamp": "2026-11-21T08:00:00Z"}
        return {"metadata": metadata | created, "spec": self.spec, "status": self.status}

    def written(self, plan: Plan[None], now: datetime) -> None:
        """Keep a status as the engine would write it."""
        at = {"lastTransitionTime": format_time(now)}
        ready = {"type": "Ready", "status": "True", "reason": plan.outcome.reason, "message": "", **at}
        own = [
            {"type": one.type, "status": "True", "reason": one.reason, "message": "", **at}
            for one in plan.conditions
        ]
        self.status = {**plan.status, "observedGeneration": 1, "conditions": [ready, *own]}


def found(name: str, throttled: str | None = None) -> Found:
    """An image."""
    image = ArtifactImage(repository="r.example.com/a", tag="x", digest=DIGEST)
    return Found(name, image, throttled=throttled)


def scripted(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    """Let every look go by the script."""

    def watch(_: object, __: object, subscription: Subscription) -> Watched:
        return Watched(subscription.name, script)

    monkeypatch.setattr(module, "watch_for", watch)


async def test_what_was_throttled_before_a_restart_stays_so_until_it_is_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The look at another subscription says nothing about it."""

    async def script(name: str, _: Moment) -> Finding:
        return found(name, "low" if name == "b" else None)

    scripted(monkeypatch, script)
    clock, cluster = Hand(), Cluster("a", "b")
    async with open_outside(clock=clock) as outside:
        context = outside.context(cast("KubeClient", cluster), cast("Children", None), Store())
        first = await WarehouseGatherer(context).gather(KEY)
        assert first is not None
        cluster.written(decide(first, clock.now()), clock.now())
        restarted = WarehouseGatherer(context)
        for _ in range(6):
            facts = await restarted.gather(KEY)
            assert facts is not None
            assert [one.type for one in decide(facts, clock.now()).conditions] == [THROTTLED]
            clock.at += timedelta(minutes=1)


async def test_a_look_that_ends_in_an_error_of_the_cluster_leaves_the_others_to_their_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing goes on behind the run, and what was found need not be asked for again."""
    looked: list[str] = []

    async def script(name: str, _: Moment) -> Finding:
        looked.append(name)
        if name == "b" and looked.count("b") == 1:
            msg = "Secret cannot be read"
            raise KubeError(msg)
        await asyncio.sleep(0)
        return found(name)

    scripted(monkeypatch, script)
    clock, cluster = Hand(), Cluster("a", "b")
    async with open_outside(clock=clock) as outside:
        context = outside.context(cast("KubeClient", cluster), cast("Children", None), Store())
        gatherer = WarehouseGatherer(context)
        with pytest.raises(KubeError):
            await gatherer.gather(KEY)
        assert len(asyncio.all_tasks()) == 1
        facts = await gatherer.gather(KEY)

    assert facts is not None
    assert isinstance(decide(facts, clock.now()).outcome, Settled)
    assert looked == ["a", "b", "b"]


@pytest.mark.parametrize(
    "outcome",
    [
        pytest.param(Waiting(Reason.SECRET_NOT_FOUND, "create it", MINUTE), id="a missing Secret"),
        pytest.param(Stalled(Reason.CREDENTIAL_NOT_BOUND, "name the host", MINUTE), id="one for other hosts"),
    ],
)
async def test_what_a_secret_mends_is_looked_at_every_minute(
    monkeypatch: pytest.MonkeyPatch, outcome: Waiting | Stalled
) -> None:
    """Secrets are not watched, and the pauses after trouble grow up to the interval."""
    looks = []

    async def script(name: str, moment: Moment) -> Finding:
        looks.append(moment.now)
        return Trouble(name, outcome)

    scripted(monkeypatch, script)
    clock, cluster = Hand(), Cluster("a")
    cluster.spec["interval"] = "24h"  # type: ignore[assignment]
    async with open_outside(clock=clock) as outside:
        context = outside.context(cast("KubeClient", cluster), cast("Children", None), Store())
        gatherer = WarehouseGatherer(context)
        for _ in range(12):
            facts = await gatherer.gather(KEY)
            assert facts is not None
            told = decide(facts, clock.now()).outcome
            assert isinstance(told, Waiting | Stalled)
            pause = told.until if isinstance(told, Waiting) else told.recheck
            assert pause is not None
            assert pause <= MINUTE
            clock.at += pause

    assert len(looks) == 12
    assert looks[-1] - looks[-2] == MINUTE
