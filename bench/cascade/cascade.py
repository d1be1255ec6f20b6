"""S10: a push of the base below a thousand images, and another one in mid-wave."""

from __future__ import annotations

import asyncio
import os
import statistics
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import aiohttp

from bench.cascade.jobs import Job, jobs_alone, jobs_of, like, model_of
from bench.cascade.population import Population
from bench.cascade.shape import Shape
from bench.cascade.waves import Pushes, Scene, pushing
from bench.common.api import Api, connect
from bench.common.operators import QUIET, operator_for
from bench.common.readings import MEGABYTE, asked_for, peak_rss
from dev.audit import SLIPWAY
from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.operator import OperatorProcess

__all__ = ["AT_ONCE", "JOB_SECONDS", "SETTINGS", "Cascade", "Wave", "measure"]

AT_ONCE: Final = 50
"""Builds under way at the same time."""

JOB_SECONDS: Final = 2.0
"""That the pod of a Job runs."""

SETTINGS: Final = {
    "SLIPWAY_BUILDS": str(AT_ONCE),
    "SLIPWAY_BUILDER_IMAGE": "builder:1",
    "SLIPWAY_GIT_IMAGE": "git:1",
}

_ALONE: Final = 5
"""Jobs that are measured alone, one after the other."""

_MIDDLE: Final = 40
"""Percent of the builds after which the base is pushed again."""


_BUILT: Final = {"managedimages.slipway.dev", "deployments.apps"}
"""What is written last when an image is built and its application patched."""


@dataclass(frozen=True, slots=True)
class Wave:
    """What one wave cost. Seconds, CPU seconds."""

    builds: int
    """Jobs that were made."""

    pushed: int
    """Images that were pushed: Jobs that were cancelled are among them if they had come so far."""

    built_seconds: float
    """From the request on the Warehouse until the last image was told to be built, and the last apps/v1
    Deployment was patched."""

    seconds: float
    """Until the last rollout was told to be complete."""

    cpu_seconds: float
    """Of the operator, until it came to rest."""

    writes: dict[str, int]
    """To the API server, by verb and resource, without Events and the Lease."""

    refused: int
    """How many of them were refused, as conflicts are."""

    events: int
    reads: dict[str, int]
    unproven: int
    """Images whose layers are not those of their parent and one more, by the registry's own word."""


@dataclass(frozen=True, slots=True)
class Cascade:
    """The waves of one run."""

    images: int
    diamonds: int
    rollouts: int
    job_seconds: float
    """Of one such Job alone, from its creation until it is complete: the median of some."""

    jobs_alone_seconds: float
    """Of as many such Jobs, level by level and as many at once, by a client that only creates them: what the
    control plane takes for them, where it shares its cores with everything else."""

    waves_at_least: int
    enrolled: Wave
    once: Wave
    twice: Wave
    peak_rss: float
    load_before: float

    @property
    def floor_seconds(self) -> float:
        """No wave can be faster."""
        return self.waves_at_least * self.job_seconds

    @property
    def floor_writes(self) -> int:
        """Three statuses and a Job for each image, two writes for each rollout."""
        return 4 * (self.images - 1) + 2 * self.rollouts


async def measure(cluster: Cluster, shape: Shape, tell: Callable[[str], None]) -> Cascade:
    """Measure all waves.

    Args:
        cluster: with the kinds installed and no operator at work.
        shape: of the images.
        tell: hears what is being done.
    """
    load = os.getloadavg()[0]
    async with connect(cluster.kubeconfig, "bench-population/1") as api, aiohttp.ClientSession() as registry:
        with GitServer() as git:
            population = Population(shape, "cascade", cluster.registry_host, git.url)
            population.commit_sources(git)
            scene = Scene(cluster, api, population, registry)
            base = await scene.push_base("0")
            tell("making the objects")
            await scene.fill()
            with operator_for(cluster, **SETTINGS) as operator, pushing(scene) as pushes:
                run = _Run(scene, operator, pushes, tell)
                started = datetime.now(UTC)
                operator.start()
                enrolled = await run.wave(base, started)
                tell(f"enrolled in {enrolled.seconds:.1f} s with {enrolled.cpu_seconds:.1f} CPU-s")
                alone = await _alone(api, scene.namespace)
                tell(f"one Job alone: {alone:.2f} s")
                together = await jobs_alone(api, scene.namespace, shape, AT_ONCE)
                tell(f"as many Jobs without an operator: {together:.1f} s")
                # After its first rollout an application has costs that no later one has.
                await run.push("1")
                once = await run.push("2")
                twice = await run.push("3", "4")
                peak = peak_rss(operator) / MEGABYTE
    return Cascade(
        images=1 + len(shape.built),
        diamonds=shape.diamonds,
        rollouts=len(shape.leaves),
        job_seconds=alone,
        jobs_alone_seconds=together,
        waves_at_least=shape.waves(AT_ONCE),
        enrolled=enrolled,
        once=once,
        twice=twice,
        peak_rss=peak,
        load_before=load,
    )


@dataclass(frozen=True, slots=True)
class _Run:
    scene: Scene
    operator: OperatorProcess
    pushes: Pushes
    tell: Callable[[str], None]

    @property
    def images(self) -> int:
        """How many are built in a wave at least."""
        return len(self.scene.population.shape.built)

    async def push(self, *versions: str) -> Wave:
        """Push the base once for each version, each in the middle of the wave of the one before."""
        cpu, pushed = self.operator.cpu_seconds(), len(self.pushes.names)
        base = await self.scene.push_base(versions[0])
        started = await self.scene.ask()
        for version in versions[1:]:
            await self.pushes.reach(pushed + self.images * _MIDDLE // 100)
            base = await self.scene.push_base(version)
            await self.scene.ask()
        wave = await self.wave(base, started, cpu=cpu, pushed=pushed)
        self.tell(f"{wave.builds} builds in {wave.built_seconds:.1f} s with {wave.cpu_seconds:.1f} CPU-s")
        return wave

    async def wave(self, base: str, started: datetime, *, cpu: float = 0.0, pushed: int = 0) -> Wave:
        """Wait for the end of a wave, and read what it took.

        Args:
            base: what all must stand on in the end.
            started: when it began.
            cpu: what the operator had used before.
            pushed: how many images had been pushed before.
        """
        await self.pushes.reach(pushed + self.images)
        await self.scene.wait(base)
        await asyncio.sleep(QUIET)
        used, ended = self.operator.cpu_seconds() - cpu, datetime.now(UTC)
        writes = self.scene.cluster.audit.writes((started, ended))
        asked = self.scene.cluster.audit.requests((started, ended), SLIPWAY)
        last = max(one.at for one in writes.objects)
        built = max(one.at for one in writes.objects if one.resource in _BUILT)
        return Wave(
            builds=sum(asked_for(one) == "create jobs.batch" and one.code < 300 for one in writes.objects),
            pushed=len(self.pushes.names) - pushed,
            built_seconds=(built - started).total_seconds(),
            seconds=(last - started).total_seconds(),
            cpu_seconds=used,
            writes=dict(Counter(map(asked_for, writes.objects))),
            refused=sum(one.code >= 300 for one in writes.objects),
            events=len(writes.events),
            reads=dict(Counter(asked_for(one) for one in asked if not one.is_write)),
            unproven=len(await self.scene.unproven(base)),
        )


async def _alone(api: Api, namespace: str) -> float:
    """How long one such Job takes while nothing else is done."""
    jobs = jobs_of(namespace)
    model = await model_of(api, namespace)
    return statistics.median([await _timed(api, jobs, f"alone-{number}", model) for number in range(_ALONE)])


async def _timed(api: Api, jobs: str, name: str, model: Job) -> float:
    begun = time.monotonic()
    await api.request("POST", jobs, like(model, name))
    while not (await api.request("GET", f"{jobs}/{name}"))["status"].get("succeeded"):  # noqa: ASYNC110 - it is told nowhere here
        await asyncio.sleep(0.02)
    return time.monotonic() - begun
