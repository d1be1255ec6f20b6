"""What the engine promises, and the file it stands in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from bench.common.report import Promise, Report
from bench.engine.measure import Measurement

__all__ = ["REPORT"]


def _is_large(measurement: Measurement) -> bool:
    return measurement.objects >= 10_000


_PROMISES: Sequence[Promise[Measurement]] = (
    Promise("plain client, s", lambda m: m.plain_seconds, ".2f"),
    Promise("operator from start to settled, s", lambda m: m.settle_seconds, ".2f"),
    Promise("times the plain client", lambda m: m.ratio, ".2f", 1.75, _is_large),
    Promise("CPU of the plain client, s", lambda m: m.plain_cpu_seconds, ".2f"),
    Promise("CPU until settled and at rest, s", lambda m: m.settle_cpu_seconds, ".2f", 20),
    Promise("objects not written exactly once", lambda m: m.objects - m.objects_written_once, ".0f", 0),
    Promise("other writes", lambda m: m.other_writes, ".0f", 0),
    Promise("RSS without objects, MB", lambda m: m.base_rss, ".1f", 90),
    Promise("RSS with them, MB", lambda m: m.rss, ".1f"),
    Promise("highest RSS, MB", lambda m: m.peak_rss, ".1f"),
    Promise("RSS per 1,000 objects, MB", lambda m: m.rss_per_thousand, ".2f", 8, _is_large),
    Promise("CPU when idle, % of a core", lambda m: m.idle_cpu_percent, ".2f", 1),
    Promise("writes when idle", lambda m: m.idle_writes, ".0f", 0),
    Promise("restart until ready, s", lambda m: m.restart_ready_seconds, ".2f", 10),
    Promise("writes after a restart", lambda m: m.restart_writes, ".0f", 0),
    Promise("load of the machine before", lambda m: m.load_before, ".2f"),
)

REPORT: Final = Report(
    name="engine",
    title="Engine: suspended Warehouses on a real API server",
    promises=_PROMISES,
    column=lambda measurement: f"{measurement.objects:,}",
    note="API server, etcd (with fsync) and operator share the cores.",
)
