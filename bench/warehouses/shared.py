"""S6: more Warehouses than repositories: what registries are asked when nothing changes, and with pushes."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from bench.common.api import connect
from bench.common.operators import operator_for
from bench.warehouses.distant import Distant, Requests, distant_registry
from bench.warehouses.population import create, remove, warehouse
from bench.warehouses.remote import Remote, open_remote
from bench.warehouses.settling import settle, wrong
from dev.cluster import Cluster
from dev.endpoints import Endpoint
from dev.populate import numbered, populate

__all__ = ["Shared", "measure"]

_TAGS: Final = 50
_HOSTS: Final = 3
_WAREHOUSES_PER_REPOSITORY: Final = 2.5
_PUSHES: Final = 10
"""In the second half of the run, spread evenly."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What the registries were asked in two halves of a run, each of several whole intervals."""

    warehouses: int
    repositories: int
    interval_seconds: int
    intervals: int
    """Of each half."""

    quiet: dict[str, int]
    """By endpoint, while nothing changed."""

    pushed: dict[str, int]
    """By endpoint, while images were pushed."""

    pushes: int
    wrong_after: int
    """Warehouses that had not chosen what was pushed at the end."""

    load_before: float

    @property
    def floor(self) -> float:
        """One list and one HEAD for each repository and interval."""
        return 2 * self.repositories * self.intervals

    def by_floor(self, requests: Mapping[str, int]) -> float:
        """How many times the floor was asked, tokens and what new digests cost apart."""
        apart = (Endpoint.TOKEN, Endpoint.MANIFEST_GET, Endpoint.BLOB)
        return sum(count for endpoint, count in requests.items() if endpoint not in apart) / self.floor


async def measure(
    cluster: Cluster, warehouses: int, interval: int, intervals: int, report: Callable[[str], None]
) -> Shared:
    """Count what is asked of three registries; leaves no Warehouse behind.

    Args:
        cluster: with the kinds installed and no operator at work.
        warehouses: how many, on two repositories for every five.
        interval: of their looks, in seconds.
        intervals: how many each half of the run takes.
        report: hears what is being done.
    """
    load, repositories = os.getloadavg()[0], int(warehouses / _WAREHOUSES_PER_REPOSITORY)
    settings = {"SLIPWAY_MINIMUM_INTERVAL": f"{interval}s"}
    with distant_registry(_HOSTS) as distant, operator_for(cluster, **settings) as operator:
        digests = populate(distant.registry.storage, numbered(repositories, _TAGS))
        service = distant.authentication
        async with (
            connect(cluster.kubeconfig, "bench-population/1") as api,
            open_remote(service.realm, service.service) as remote,
        ):
            namespace = f"shared-{warehouses}"
            bodies = _warehouses(distant, list(digests), warehouses, interval)
            await create(api, namespace, distant, bodies)
            report(f"settling {warehouses} Warehouses")
            started = datetime.now(UTC)
            operator.start()
            await settle(cluster, api, namespace, digests, operator=operator, started=started)
            report(f"{intervals} intervals without a push")
            quiet = await _counted(distant, asyncio.sleep(interval * intervals))
            report(f"{intervals} intervals with {_PUSHES} pushes")
            pushed = await _counted(
                distant, _push(distant, remote, digests, seconds=interval * intervals, interval=interval)
            )
            missing = wrong(await api.warehouses(namespace), digests)
            operator.close()
            await remove(api, namespace)
    return Shared(
        warehouses=warehouses,
        repositories=repositories,
        interval_seconds=interval,
        intervals=intervals,
        quiet=dict(quiet),
        pushed=dict(pushed),
        pushes=_PUSHES,
        wrong_after=len(missing),
        load_before=load,
    )


def _warehouses(
    distant: Distant, repositories: list[str], count: int, interval: int
) -> Iterator[dict[str, Any]]:
    """Each repository is on one host alone, so that there are as many of them as are meant."""
    places = [f"{distant.doors[number % _HOSTS].host}/{name}" for number, name in enumerate(repositories)]
    return (warehouse(number, places[number % len(places)], f"{interval}s") for number in range(count))


async def _counted(distant: Distant, something: Coroutine[Any, Any, None]) -> Requests:
    before = distant.requests()
    await something
    return distant.requests() - before


async def _push(
    distant: Distant, remote: Remote, digests: dict[str, str], *, seconds: int, interval: int
) -> None:
    """Push a newer version to one repository after the other; all are old enough to be seen at the end.

    The pushes go to the registry itself, past the doors where requests are counted.
    """
    begun, host = time.monotonic(), distant.registry.host
    pause = (seconds - 2 * interval) / _PUSHES
    for number, repository in enumerate(list(digests)[:_PUSHES]):
        await asyncio.sleep(max(0.0, begun + number * pause - time.monotonic()))
        manifest = await remote.manifest(host, repository, digests[repository])
        manifest["annotations"] = {"dev.slipway.bench/push": str(number)}
        digests[repository] = await remote.push(host, repository, "2.0.0", manifest)
    await asyncio.sleep(max(0.0, begun + seconds - time.monotonic()))
