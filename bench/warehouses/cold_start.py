"""S1: Warehouses that were made while the operator was down, until the last one is Ready with its digest."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bench.common.api import Api, connect
from bench.common.operators import operator_for
from bench.common.readings import MEGABYTE, peak_rss
from bench.warehouses.distant import Distant, Requests, distant_registry
from bench.warehouses.population import create, remove, warehouse
from bench.warehouses.settling import settle
from dev.audit import SLIPWAY
from dev.cluster import Cluster
from dev.endpoints import Endpoint
from dev.populate import numbered, populate

__all__ = ["ColdStart", "measure"]

_TAGS: Final = 50
_INTERVAL: Final = "8760h"
"""A year, so that no second look falls into the run."""


@dataclass(frozen=True, slots=True)
class ColdStart:
    """What one number of Warehouses cost. Seconds, CPU seconds and MB (1,000,000 bytes)."""

    warehouses: int
    plain_seconds: float
    plain_cpu_seconds: float
    plain_requests: dict[str, int]
    """What the registry was asked by the plain client, by endpoint."""

    seconds: float
    """From the start of the operator's process to its last status write; interpreter and imports included."""

    cpu_seconds: float
    """Of the operator, from its start until it came to rest."""

    peak_rss: float
    writes: dict[str, int]
    """To the API server, by verb and resource, without Events and the Lease."""

    events: int
    reads: dict[str, int]
    """From the API server, by verb and resource."""

    requests: dict[str, int]
    """What the registry was asked, by endpoint; a few of each are the test of the Registry itself."""

    load_before: float
    """The machine's load average of one minute before the run: other work on it makes all seconds longer."""

    @property
    def ratio(self) -> float:
        """How many times as long as the plain client it takes."""
        return self.seconds / self.plain_seconds

    @property
    def registry_requests(self) -> int:
        """What was asked for the Warehouses: lists, HEADs, manifests and configurations, refused ones too."""
        kinds = (Endpoint.LIST, Endpoint.MANIFEST_HEAD, Endpoint.MANIFEST_GET, Endpoint.BLOB)
        return sum(self.requests.get(kind, 0) for kind in kinds)

    @property
    def tokens(self) -> int:
        """How many tokens were asked for."""
        return self.requests.get(Endpoint.TOKEN, 0)


async def measure(cluster: Cluster, count: int, report: Callable[[str], None]) -> ColdStart:
    """Measure one number of Warehouses of as many repositories; leaves no Warehouse behind.

    Args:
        cluster: with the kinds installed and no operator at work.
        count: of Warehouses.
        report: hears what is being done.
    """
    load = os.getloadavg()[0]
    with distant_registry() as distant:
        report(f"filling {count} repositories")
        digests = populate(distant.registry.storage, numbered(count, _TAGS))
        async with connect(cluster.kubeconfig, "bench-population/1") as api:
            plain, plain_requests = await _plain(cluster, api, distant, list(digests), report)
            return await _operator(
                cluster, api, distant, digests, (*plain, plain_requests), load=load, report=report
            )


async def _plain(
    cluster: Cluster, api: Api, distant: Distant, repositories: list[str], report: Callable[[str], None]
) -> tuple[tuple[float, float], Requests]:
    namespace = f"plain-{len(repositories)}"
    await _fill(api, namespace, distant, repositories)
    report("plain client")
    before = distant.requests()
    module = [sys.executable, "-m", "bench.warehouses.plain"]
    service = distant.authentication.service
    command = [*module, str(cluster.kubeconfig), namespace, distant.realm, service]
    answer = await asyncio.to_thread(subprocess.run, command, stdout=subprocess.PIPE, text=True, check=True)
    await remove(api, namespace)
    result = json.loads(answer.stdout)
    return (result["seconds"], result["cpu_seconds"]), distant.requests() - before


async def _operator(
    cluster: Cluster,
    api: Api,
    distant: Distant,
    digests: dict[str, str],
    plain: tuple[float, float, Requests],
    *,
    load: float,
    report: Callable[[str], None],
) -> ColdStart:
    plain_seconds, plain_cpu, plain_requests = plain
    namespace = f"cold-{len(digests)}"
    await _fill(api, namespace, distant, list(digests))
    report("operator")
    with operator_for(cluster) as operator:
        before, started = distant.requests(), datetime.now(UTC)
        operator.start()
        seconds = await settle(cluster, api, namespace, digests, operator=operator, started=started)
        cpu, peak = operator.cpu_seconds(), peak_rss(operator) / MEGABYTE
        ended, requests = datetime.now(UTC), distant.requests() - before
    await remove(api, namespace)
    writes = cluster.audit.writes((started, ended))
    asked = cluster.audit.requests((started, ended), SLIPWAY)
    return ColdStart(
        warehouses=len(digests),
        plain_seconds=plain_seconds,
        plain_cpu_seconds=plain_cpu,
        plain_requests=dict(plain_requests),
        seconds=seconds,
        cpu_seconds=cpu,
        peak_rss=peak,
        writes=dict(Counter(f"{one.verb} {one.resource}" for one in writes.objects)),
        events=len(writes.events),
        reads=dict(Counter(f"{one.verb} {one.resource}" for one in asked if not one.is_write)),
        requests=dict(requests),
        load_before=load,
    )


async def _fill(api: Api, namespace: str, distant: Distant, repositories: list[str]) -> None:
    host = distant.doors[0].host
    bodies = (warehouse(number, f"{host}/{name}", _INTERVAL) for number, name in enumerate(repositories))
    await create(api, namespace, distant, bodies)
