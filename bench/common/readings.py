"""What is read of an operator at work: from its process, and from the API server's audit log."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from dev.audit import Request
from dev.cluster import Cluster
from dev.operator import OperatorProcess

__all__ = ["MEGABYTE", "all_writes", "asked_for", "peak_rss", "status_writes"]

MEGABYTE: Final = 1_000_000


def asked_for(request: Request) -> str:
    """What was asked for: `patch managedimages.slipway.dev/status`."""
    part = f"/{request.subresource}" if request.subresource else ""
    return f"{request.verb} {request.resource}{part}"


def peak_rss(operator: OperatorProcess) -> int:
    """The most resident memory that the process ever had, in bytes."""
    # proc(5): VmHWM, in kB.
    lines = Path(f"/proc/{operator.pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))


def status_writes(cluster: Cluster, since: datetime) -> list[Request]:
    """The operator's writes of a status since then that were accepted."""
    writes = cluster.audit.writes((since, datetime.now(UTC))).objects
    return [write for write in writes if write.subresource == "status" and write.code < 300]


def all_writes(cluster: Cluster, begun: datetime, ended: datetime) -> int:
    """How much the operator wrote, Events included; its Lease is not counted."""
    writes = cluster.audit.writes((begun, ended))
    return len(writes.objects) + len(writes.events)
