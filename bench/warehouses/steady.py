"""S4: Warehouses that are settled, while nothing changes: what the operator does all day."""

from __future__ import annotations

import asyncio
import os
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from bench.common.api import connect
from bench.common.operators import operator_for
from bench.common.readings import MEGABYTE
from bench.warehouses.distant import distant_registry
from bench.warehouses.population import create, remove, warehouse
from bench.warehouses.settling import settle
from dev.audit import SLIPWAY
from dev.cluster import Cluster
from dev.endpoints import Endpoint
from dev.populate import numbered, populate

__all__ = ["Steady", "measure"]

_TAGS: Final = 50
_INTERVAL: Final = "5m"
_INTERVAL_SECONDS: Final = 300


@dataclass(frozen=True, slots=True)
class Steady:
    """What a time in which nothing happens costs."""

    warehouses: int
    seconds: float
    """Of the sample."""

    cpu_seconds: float
    status_writes: int
    other_writes: int
    """Events included, the Lease not."""

    api_requests: dict[str, int]
    """By verb and resource."""

    requests: dict[str, int]
    """What the registry was asked, by endpoint."""

    rss_before: float
    rss_after: float
    load_before: float

    @property
    def cpu_percent(self) -> float:
        """Of one core."""
        return 100 * self.cpu_seconds / self.seconds

    @property
    def api_requests_per_second(self) -> float:
        """Reads and writes, the Lease included."""
        return sum(self.api_requests.values()) / self.seconds

    @property
    def looks(self) -> float:
        """How many are due in the sample."""
        return self.warehouses * self.seconds / _INTERVAL_SECONDS

    @property
    def requests_per_look(self) -> float:
        """One list and one HEAD are the least; tokens are not counted."""
        return (sum(self.requests.values()) - self.requests.get(Endpoint.TOKEN, 0)) / self.looks


async def measure(cluster: Cluster, count: int, sample: float, report: Callable[[str], None]) -> Steady:
    """Watch an operator with settled Warehouses; leaves no Warehouse behind.

    Args:
        cluster: with the kinds installed and no operator at work.
        count: of Warehouses and repositories.
        sample: seconds to watch for.
        report: hears what is being done.
    """
    load, namespace = os.getloadavg()[0], f"steady-{count}"
    with distant_registry() as distant:
        digests = populate(distant.registry.storage, numbered(count, _TAGS))
        host = distant.doors[0].host
        bodies = (warehouse(number, f"{host}/{name}", _INTERVAL) for number, name in enumerate(digests))
        async with connect(cluster.kubeconfig, "bench-population/1") as api:
            await create(api, namespace, distant, bodies)
            with operator_for(cluster) as operator:
                report(f"settling {count} Warehouses")
                started = datetime.now(UTC)
                operator.start()
                await settle(cluster, api, namespace, digests, operator=operator, started=started)
                report(f"waiting {_INTERVAL} until each was looked at once more")
                await asyncio.sleep(_INTERVAL_SECONDS)
                report(f"watching for {sample:g} s")
                rss, cpu, asked = operator.rss(), operator.cpu_seconds(), distant.requests()
                begun = datetime.now(UTC)
                await asyncio.sleep(sample)
                used, ended = operator.cpu_seconds() - cpu, datetime.now(UTC)
                requests, rss_after = distant.requests() - asked, operator.rss()
            await remove(api, namespace)
    writes = cluster.audit.writes((begun, ended))
    status_writes = sum(1 for write in writes.objects if write.subresource == "status")
    api_requests = cluster.audit.requests((begun, ended), SLIPWAY)
    return Steady(
        warehouses=count,
        seconds=(ended - begun).total_seconds(),
        cpu_seconds=used,
        status_writes=status_writes,
        other_writes=len(writes.objects) - status_writes + len(writes.events),
        api_requests=dict(Counter(f"{one.verb} {one.resource}" for one in api_requests)),
        requests=dict(requests),
        rss_before=rss / MEGABYTE,
        rss_after=rss_after / MEGABYTE,
        load_before=load,
    )
