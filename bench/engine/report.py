"""Results as JSON for machines and as a Markdown table for people."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from bench.engine.measure import Measurement

__all__ = ["PROMISES", "write"]


class Promise(NamedTuple):
    """One line of the table: a number and what it must not exceed."""

    name: str
    value: Callable[[Measurement], float]
    form: str
    limit: float | None = None
    least_objects: int = 0
    """Below this number of objects the limit is not meant: what is fixed outweighs what grows with them."""

    def holds(self, measurement: Measurement) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        if self.limit is None or measurement.objects < self.least_objects:
            return None
        return self.value(measurement) <= self.limit


PROMISES: Sequence[Promise] = (
    Promise("plain client, s", lambda m: m.plain_seconds, ".2f"),
    Promise("operator from start to settled, s", lambda m: m.settle_seconds, ".2f"),
    Promise("times the plain client", lambda m: m.ratio, ".2f", 1.75, 10_000),
    Promise("CPU of the plain client, s", lambda m: m.plain_cpu_seconds, ".2f"),
    Promise("CPU until settled and at rest, s", lambda m: m.settle_cpu_seconds, ".2f", 20),
    Promise("objects not written exactly once", lambda m: m.objects - m.objects_written_once, ".0f", 0),
    Promise("other writes", lambda m: m.other_writes, ".0f", 0),
    Promise("RSS without objects, MB", lambda m: m.base_rss, ".1f", 90),
    Promise("RSS with them, MB", lambda m: m.rss, ".1f"),
    Promise("highest RSS, MB", lambda m: m.peak_rss, ".1f"),
    Promise("RSS per 1,000 objects, MB", lambda m: m.rss_per_thousand, ".2f", 8, 10_000),
    Promise("CPU when idle, % of a core", lambda m: m.idle_cpu_percent, ".2f", 1),
    Promise("writes when idle", lambda m: m.idle_writes, ".0f", 0),
    Promise("restart until ready, s", lambda m: m.restart_ready_seconds, ".2f", 10),
    Promise("writes after a restart", lambda m: m.restart_writes, ".0f", 0),
    Promise("load of the machine before", lambda m: m.load_before, ".2f"),
)


def write(folder: Path, measurements: Sequence[Measurement], kubernetes: str) -> str:
    """Write `engine.json` and `engine.md` into a folder; the table is returned too."""
    folder.mkdir(parents=True, exist_ok=True)
    surroundings = _surroundings(kubernetes)
    results = {"surroundings": surroundings, "runs": [dataclasses.asdict(one) for one in measurements]}
    (folder / "engine.json").write_text(json.dumps(results, indent=2) + "\n")
    table = _table(measurements, surroundings)
    (folder / "engine.md").write_text(table)
    return table


def _surroundings(kubernetes: str) -> dict[str, Any]:
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        "kubernetes": kubernetes,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
    }


def _table(measurements: Sequence[Measurement], surroundings: dict[str, Any]) -> str:
    sizes = [f"{one.objects:,}" for one in measurements]
    lines = [
        "# Engine: suspended Warehouses on a real API server",
        "",
        ", ".join(f"{name} {value}" for name, value in surroundings.items())
        + ". API server, etcd (with fsync) and operator share the cores.",
        "",
        f"| | limit | {' | '.join(sizes)} |",
        f"|---|---|{'---|' * len(sizes)}",
    ]
    lines += [_row(promise, measurements) for promise in PROMISES]
    return "\n".join(lines) + "\n"


def _row(promise: Promise, measurements: Sequence[Measurement]) -> str:
    limit = "" if promise.limit is None else f"{promise.limit:g}"
    cells = [f"{promise.value(one):{promise.form}}{_mark(promise.holds(one))}" for one in measurements]
    return f"| {promise.name} | {limit} | {' | '.join(cells)} |"


def _mark(holds: bool | None) -> str:
    return {None: "", True: " ✓", False: " ✗"}[holds]
