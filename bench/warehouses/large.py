"""S7: one repository with very many tags: what choosing costs, and whether anything else waits for it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any, Final, cast

from bench.warehouses.many_tags import REPOSITORY, ManyTags, names
from dev.delay import Delay
from slipway.api.warehouse import ArtifactImage, ImageSubscription
from slipway.clock import SystemClock
from slipway.egress import EgressPolicy
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.outside import Outside
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.warehouse.findings import Finding, Trouble
from slipway.kinds.warehouse.selection import Selector
from slipway.kinds.warehouse.subscriptions.image import ImageWatch
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Moment
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.settings import Settings

__all__ = ["Large", "measure"]

_REPEATS: Final = 5
_CHOICES: Final = 9  # they are short, and the CPU of a shared machine is not always as fast
_NAMESPACE: Final = "bench"
_TICK: Final = 0.001


@dataclass(frozen=True, slots=True)
class Large:
    """What one look at a repository cost: the median of several, each by a new client with nothing known."""

    tags: int
    trouble: str | None
    """Why nothing was chosen, in words; None when the right tag was."""

    requests: dict[str, int]
    """Of one look, by endpoint."""

    choosing_cpu_seconds: float
    """Of filter and choice alone, without network and without lists of other kinds."""

    look_seconds: float
    look_cpu_seconds: float
    """Of the whole process: receiving, reading and choosing."""

    silence: float
    """The longest time in seconds, over all looks, in which the event loop ran nothing else."""

    busy: float
    """The most CPU seconds that the loop's thread used in one such time: what other work on the machine makes
    longer is not in it."""

    load_before: float


@dataclass(slots=True)
class _Pulse:
    """A task that wants to run every millisecond, and knows for how long it could not."""

    silence: float = 0.0
    busy: float = 0.0
    _task: asyncio.Task[None] | None = field(default=None, repr=False)

    async def beat(self) -> None:
        """Until it is cancelled."""
        while True:
            begun, used = time.monotonic(), time.thread_time()
            await asyncio.sleep(_TICK)
            self.silence = max(self.silence, time.monotonic() - begun - _TICK)
            self.busy = max(self.busy, time.thread_time() - used)


@dataclass(frozen=True, slots=True)
class _Look:
    finding: Finding
    seconds: float
    cpu_seconds: float
    pulse: _Pulse


def measure(count: int, report: Callable[[str], None]) -> Large:
    """Measure looks at one repository of so many tags.

    Args:
        count: of tags.
        report: hears what is being done.
    """
    load = os.getloadavg()[0]
    with ManyTags(count) as server, Delay(server.url) as far:
        report(f"{_REPEATS} looks at {count:,} tags")
        spec = _subscription(f"{far.host}/{REPOSITORY}")
        looks = [asyncio.run(_look(far, spec)) for _ in range(_REPEATS)]
        requests = {endpoint.value: number // _REPEATS for endpoint, number in far.counts().items()}
        report("filter and choice alone")
        choosing = median(_choosing(spec, names(count)) for _ in range(_CHOICES))
    return Large(
        tags=count,
        trouble=_trouble(looks[0].finding, count),
        requests=requests,
        choosing_cpu_seconds=choosing,
        look_seconds=median(look.seconds for look in looks),
        look_cpu_seconds=median(look.cpu_seconds for look in looks),
        silence=max(look.pulse.silence for look in looks),
        busy=max(look.pulse.busy for look in looks),
        load_before=load,
    )


async def _look(far: Delay, spec: ImageSubscription) -> _Look:
    """What the operator does with one image subscription, with a client that was never used."""
    async with _context(far) as context:
        watch = ImageWatch(context, _NAMESPACE, "app", spec, timedelta())
        now, pulse = datetime.now(UTC), _Pulse()
        beating = asyncio.create_task(pulse.beat())
        begun, used = time.monotonic(), time.process_time()
        finding = await _finding(watch.look(Moment(now, now), None))
        seconds, cpu = time.monotonic() - begun, time.process_time() - used
        beating.cancel()
    return _Look(finding, seconds, cpu, pulse)


async def _finding(look: Coroutine[Any, Any, Finding]) -> Finding:
    try:
        return await look
    except FORESEEN as error:
        return trouble_of("app", error)


@asynccontextmanager
async def _context(far: Delay) -> AsyncIterator[Context]:
    """What a Warehouse works with in a namespace with one Registry and no Secret: nothing of a cluster."""
    settings, store = Settings(cache_directory="none"), Store()
    spec = {"url": far.url, "limits": {"requestsPerSecond": 1000, "concurrency": 64}}
    metadata = {"name": "far", "namespace": _NAMESPACE, "uid": "1", "resourceVersion": "1"}
    store.put(RegistryView.from_body({"metadata": metadata, "spec": spec}))
    outside = Outside.open(settings, EgressPolicy(allow=(far.host,)), SystemClock())
    async with aclosing(outside):
        yield outside.context(cast("KubeClient", None), cast("Children", None), store)


def _subscription(repository: str) -> ImageSubscription:
    return ImageSubscription.model_validate(
        {
            "repository": repository,
            "policy": {"type": "Semver", "semver": {"range": ">=1"}},
            "tags": {"include": [r"^v(?P<version>\d+\.\d+\.\d+)$"], "extract": "$version"},
        }
    )


def _choosing(spec: ImageSubscription, tags: Sequence[str]) -> float:
    selector, used = Selector.of(spec), time.process_time()
    choice = selector.choose(tags)
    spent = time.process_time() - used
    assert choice.tag, "nothing was chosen"
    return spent


def _trouble(finding: Finding, count: int) -> str | None:
    """What stood in the way; else the chosen tag is checked against the slow and obvious way.

    Raises:
        AssertionError: a wrong tag was chosen.
    """
    if isinstance(finding, Trouble):
        return f"{finding.outcome.reason}: {finding.outcome.message}"
    assert isinstance(finding.content, ArtifactImage)
    versions = [name for name in names(count) if name.startswith("v") and not name.startswith("v0.")]
    best = max(versions, key=lambda name: tuple(map(int, name.removeprefix("v").split("."))))
    assert finding.content.tag == best, f"{finding.content.tag} was chosen instead of {best}"
    return None
