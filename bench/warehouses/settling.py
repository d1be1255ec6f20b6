"""Waiting until every Warehouse says what the registry has, by the word of whoever filled the registry."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from bench.common.api import Api
from bench.common.operators import QUIET
from bench.common.readings import status_writes
from bench.warehouses.population import repository_of
from dev.audit import Request
from dev.cluster import Cluster
from dev.operator import OperatorProcess

__all__ = ["settle", "wrong"]

_TIMEOUT: Final = 900.0


def wrong(warehouses: list[dict[str, Any]], digests: Mapping[str, str]) -> list[str]:
    """The Warehouses that are not Ready, or have not chosen the digest of their repository.

    Args:
        warehouses: as the API server has them.
        digests: what is right, by repository without its host.
    """
    return [
        body["metadata"]["name"]
        for body in warehouses
        if not _is_ready(body) or _chosen(body) != digests[repository_of(body).partition("/")[2]]
    ]


async def settle(
    cluster: Cluster,
    api: Api,
    namespace: str,
    digests: Mapping[str, str],
    *,
    operator: OperatorProcess,
    started: datetime,
) -> float:
    """Wait until all Warehouses are right and at rest; the seconds from `started` to the last status write.

    Raises:
        TimeoutError: some never were.
        OperatorFailed: the operator ended.
    """
    deadline = time.monotonic() + _TIMEOUT
    count = len(await api.warehouses(namespace))
    # The list is dear, and so is asked for only when it may be right.
    while _written(cluster, namespace, started) < count or wrong(await api.warehouses(namespace), digests):
        assert operator.pid
        if time.monotonic() > deadline:
            missing = wrong(await api.warehouses(namespace), digests)
            msg = f"{len(missing)} of {count} Warehouses are not right, such as {missing[:5]}"
            raise TimeoutError(msg)
        await asyncio.sleep(1)
    await asyncio.sleep(QUIET)
    last = max(write.at for write in _writes(cluster, namespace, started))
    return (last - started).total_seconds()


def _written(cluster: Cluster, namespace: str, since: datetime) -> int:
    return len({write.name for write in _writes(cluster, namespace, since)})


def _writes(cluster: Cluster, namespace: str, since: datetime) -> list[Request]:
    return [
        write
        for write in status_writes(cluster, since)
        if (write.namespace, write.resource) == (namespace, "warehouses.slipway.dev")
    ]


def _is_ready(body: dict[str, Any]) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or []
    return any(one["type"] == "Ready" and one["status"] == "True" for one in conditions)


def _chosen(body: dict[str, Any]) -> str | None:
    artifacts = body["status"].get("artifacts") or [{}]
    digest: str | None = (artifacts[0].get("image") or {}).get("digest")
    return digest
