"""S3: a push of a base, the build of the one image on it, and the rollout of the application that runs it."""

from __future__ import annotations

import asyncio
import os
import statistics
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import aiohttp

from bench.cascade.cascade import SETTINGS
from bench.cascade.population import Population
from bench.cascade.shape import single
from bench.cascade.waves import Scene, pushing
from bench.common.api import connect
from bench.common.operators import operator_for
from bench.common.readings import asked_for
from dev.audit import SLIPWAY, Request
from dev.cluster import Cluster
from dev.gitserver import GitServer

__all__ = ["Rollouts", "measure"]

_REST: Final = 3.0
"""Seconds between two pushes."""

_OF_ONE_BASE: Final = 4
"""Pushes of one base: builds keep a distance when it moves more often than five times an hour."""


@dataclass(frozen=True, slots=True)
class _Push:
    """How long one push took, in seconds."""

    seconds: float
    """From the request on the Warehouse until the operator had written that the rollout is complete."""

    building: float
    """From the creation of the Job until the cluster had written that it is complete."""

    starting: float
    """From the first change of the apps/v1 Deployment until the cluster had written that it is complete."""

    writes: tuple[str, ...]

    @property
    def overhead(self) -> float:
        """What is neither build nor pod start."""
        return self.seconds - self.building - self.starting


@dataclass(frozen=True, slots=True)
class Rollouts:
    """All pushes of one run, in seconds."""

    pushes: int
    overhead_median: float
    overhead_high: float
    """The 95th percentile."""

    seconds_median: float
    building_median: float
    starting_median: float
    writes: dict[str, int]
    """By verb and resource, without Events and the Lease."""

    load_before: float

    @property
    def writes_each(self) -> float:
        """By push."""
        return sum(self.writes.values()) / self.pushes


async def measure(cluster: Cluster, count: int, tell: Callable[[str], None]) -> Rollouts:
    """Measure so many pushes, one after the other.

    Args:
        cluster: with the kinds installed and no operator at work.
        count: of pushes, at least.
        tell: hears what is being done.
    """
    load = os.getloadavg()[0]
    pushes: list[_Push] = []
    async with connect(cluster.kubeconfig, "bench-population/1") as api, aiohttp.ClientSession() as registry:
        with GitServer() as git, operator_for(cluster, **SETTINGS) as operator:
            operator.start()
            for number in range(-(-count // _OF_ONE_BASE)):
                population = Population(single(), f"rollout-{number}", cluster.registry_host, git.url)
                population.commit_sources(git)
                pushes += await _pushes(Scene(cluster, api, population, registry), tell)
    return _summary(pushes, load)


async def _pushes(scene: Scene, tell: Callable[[str], None]) -> list[_Push]:
    base = await scene.push_base("0")
    await scene.fill()
    with pushing(scene):
        await scene.wait(base)
        made = []
        for version in range(1, 1 + _OF_ONE_BASE):
            await asyncio.sleep(_REST)
            made.append(await _push(scene, str(version)))
            tell(f"{scene.namespace}, {version}: {made[-1].overhead:.2f} s besides build and pod start")
    return made


async def _push(scene: Scene, version: str) -> _Push:
    base = await scene.push_base(version)
    started = await scene.ask()
    await scene.wait(base)
    await asyncio.sleep(1)
    requests = [one for one in scene.cluster.audit.requests((started, datetime.now(UTC))) if one.code < 300]
    ours = [one for one in requests if one.is_write and one.user_agent.startswith(SLIPWAY)]
    others = [one for one in requests if one.is_write and not one.user_agent.startswith(SLIPWAY)]
    end = _last(ours, "deployments.slipway.dev", "status")
    return _Push(
        seconds=(end - started).total_seconds(),
        building=(_last(others, "jobs.batch", "status") - _first(ours, "jobs.batch")).total_seconds(),
        starting=(
            _last(others, "deployments.apps", "status") - _first(ours, "deployments.apps")
        ).total_seconds(),
        writes=tuple(asked_for(one) for one in ours if not one.resource.startswith(("events", "leases"))),
    )


def _first(requests: Iterable[Request], resource: str) -> datetime:
    return min(one.at for one in requests if one.resource == resource)


def _last(requests: Iterable[Request], resource: str, subresource: str) -> datetime:
    return max(one.at for one in requests if (one.resource, one.subresource) == (resource, subresource))


def _summary(pushes: list[_Push], load: float) -> Rollouts:
    overheads = sorted(push.overhead for push in pushes)
    return Rollouts(
        pushes=len(pushes),
        overhead_median=statistics.median(overheads),
        overhead_high=overheads[max(0, round(0.95 * len(overheads)) - 1)],
        seconds_median=statistics.median(push.seconds for push in pushes),
        building_median=statistics.median(push.building for push in pushes),
        starting_median=statistics.median(push.starting for push in pushes),
        writes=dict(Counter(write for push in pushes for write in push.writes)),
        load_before=load,
    )
