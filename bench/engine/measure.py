"""One run of the benchmark: the plain client, then the operator, on fresh objects of the same cluster."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from bench.common.api import Api, connect
from bench.common.readings import MEGABYTE, all_writes, peak_rss, status_writes
from bench.engine.population import manifest
from dev.audit import Request
from dev.cluster import Cluster
from dev.operator import OperatorProcess

__all__ = ["Measurement", "measure"]

_SETTLE_TIMEOUT = 600.0
_QUIET = 10.0
"""Seconds between the last write and the readings: retries, echoes and the collector have come to rest."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one number of objects cost. Seconds, CPU seconds and MB (1,000,000 bytes)."""

    objects: int
    plain_seconds: float
    """From the first apply of the plain client to its last answer."""
    plain_cpu_seconds: float
    settle_seconds: float
    """From the start of the operator's process to its last status write; interpreter and imports included."""
    settle_cpu_seconds: float
    """CPU time of the operator from its start until it came to rest."""
    ratio: float
    """`settle_seconds` by `plain_seconds`."""
    status_writes: int
    objects_written_once: int
    other_writes: int
    base_rss: float
    """Of an operator without any object."""
    rss: float
    """With the objects, after the time of idleness."""
    peak_rss: float
    rss_per_thousand: float
    idle_seconds: float
    idle_cpu_percent: float
    """Of one core."""
    idle_writes: int
    restart_ready_seconds: float
    restart_writes: int
    load_before: float
    """The machine's load average of one minute before the run: other work on it makes all seconds longer."""


async def measure(cluster: Cluster, count: int, *, idle: float, report: Callable[[str], None]) -> Measurement:
    """Measure one number of objects; leaves no object behind.

    Args:
        cluster: with the kinds installed and no operator at work.
        count: of objects.
        idle: seconds to watch the settled operator for.
        report: hears what is being done.
    """
    load = os.getloadavg()[0]
    report("operator without objects")
    base = _base_rss(cluster)
    async with connect(cluster.kubeconfig, "bench-population/1") as api:
        plain = await _plain(cluster, api, count, report)
        namespace = f"operator-{count}"
        report(f"making {count} objects for the operator")
        await api.create(namespace, map(manifest, range(count)))
        try:
            return _operator(cluster, count, plain=plain, base=base, idle=idle, load=load, report=report)
        finally:
            await api.remove(namespace)


async def _plain(
    cluster: Cluster, api: Api, count: int, report: Callable[[str], None]
) -> tuple[float, float]:
    namespace = f"plain-{count}"
    report(f"making {count} objects for the plain client")
    await api.create(namespace, map(manifest, range(count)))
    report("plain client")
    command = [sys.executable, "-m", "bench.engine.plain", str(cluster.kubeconfig), namespace]
    answer = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, check=True)
    await api.remove(namespace)
    result = json.loads(answer.stdout)
    return result["seconds"], result["cpu_seconds"]


def _base_rss(cluster: Cluster) -> float:
    with OperatorProcess(cluster) as operator:
        time.sleep(_QUIET)
        return operator.rss() / MEGABYTE


def _operator(
    cluster: Cluster,
    count: int,
    *,
    plain: tuple[float, float],
    base: float,
    idle: float,
    load: float,
    report: Callable[[str], None],
) -> Measurement:
    plain_seconds, plain_cpu = plain
    operator = OperatorProcess(cluster)
    try:
        report("operator")
        started = datetime.now(UTC)
        operator.start()
        writes = _wait_settled(cluster, operator, started, count)
        settled = max(write.at for write in writes)
        cpu = operator.cpu_seconds()
        written = cluster.audit.writes((started, datetime.now(UTC)))
        report(f"idle for {idle:g} s")
        idle_cpu, idle_writes = _idle(cluster, operator, idle)
        rss, peak = operator.rss() / MEGABYTE, peak_rss(operator) / MEGABYTE
        report("restart")
        ready, restart_writes = _restart(cluster, operator)
    finally:
        operator.close()
    seconds = (settled - started).total_seconds()
    per_object = Counter(write.name for write in writes)
    return Measurement(
        objects=count,
        plain_seconds=plain_seconds,
        plain_cpu_seconds=plain_cpu,
        settle_seconds=seconds,
        settle_cpu_seconds=cpu,
        ratio=seconds / plain_seconds,
        status_writes=len(writes),
        objects_written_once=sum(1 for times in per_object.values() if times == 1),
        other_writes=len(written.objects) - len(writes) + len(written.events),
        base_rss=base,
        rss=rss,
        peak_rss=peak,
        rss_per_thousand=(rss - base) * 1000 / count,
        idle_seconds=idle,
        idle_cpu_percent=100 * idle_cpu / idle,
        idle_writes=idle_writes,
        restart_ready_seconds=ready,
        restart_writes=restart_writes,
        load_before=load,
    )


def _wait_settled(
    cluster: Cluster, operator: OperatorProcess, started: datetime, count: int
) -> list[Request]:
    """The status writes of all objects, when all are written and have been for a while."""
    deadline = time.monotonic() + _SETTLE_TIMEOUT
    while len({write.name for write in status_writes(cluster, started)}) < count:
        operator.wait_ready(_SETTLE_TIMEOUT)
        if time.monotonic() > deadline:
            msg = f"not all of {count} objects were settled after {_SETTLE_TIMEOUT:g} s"
            raise TimeoutError(msg)
        time.sleep(1)
    time.sleep(_QUIET)
    return status_writes(cluster, started)


def _idle(cluster: Cluster, operator: OperatorProcess, seconds: float) -> tuple[float, int]:
    before, begun = operator.cpu_seconds(), datetime.now(UTC)
    time.sleep(seconds)
    used, now = operator.cpu_seconds() - before, datetime.now(UTC)
    return used, all_writes(cluster, begun, now)


def _restart(cluster: Cluster, operator: OperatorProcess) -> tuple[float, int]:
    operator.stop()
    begun, clock = datetime.now(UTC), time.monotonic()
    operator.start()
    operator.wait_ready()
    ready = time.monotonic() - clock
    time.sleep(_QUIET)
    return ready, all_writes(cluster, begun, datetime.now(UTC))
