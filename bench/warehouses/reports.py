"""What looking promises, and the files it stands in."""

from __future__ import annotations

from typing import Final

from bench.common.report import Promise, Report
from bench.warehouses.cold_start import ColdStart
from bench.warehouses.large import Large
from bench.warehouses.shared import Shared
from bench.warehouses.steady import Steady
from dev.endpoints import Endpoint

__all__ = ["COLD_START", "LARGE", "SHARED", "STEADY"]

_NOTE: Final = "API server, etcd (with fsync), registry, its relay and operator share the cores."


def _is_large(run: ColdStart) -> bool:
    return run.warehouses >= 1_000


def _is_20_000(run: Large) -> bool:
    return run.tags <= 20_000


COLD_START: Final[Report[ColdStart]] = Report(
    name="s1",
    title="S1: cold start of Warehouses with 50 tags each, policy Semver, registry 20 ms away",
    column=lambda run: f"{run.warehouses:,}",
    note=_NOTE,
    promises=(
        Promise(
            "API writes without Events, by Warehouse",
            lambda run: sum(run.writes.values()) / run.warehouses,
            ".3f",
            1.05,
            _is_large,
        ),
        Promise("Events", lambda run: run.events, ".0f"),
        Promise("API reads", lambda run: sum(run.reads.values()), ".0f"),
        # What is granted beyond: the one that learns where tokens are, and the test of the Registry.
        Promise(
            "registry requests beyond 4 for each Warehouse",
            lambda run: run.registry_requests - 4 * run.warehouses,
            ".0f",
            5,
        ),
        Promise("lists", lambda run: run.requests.get(Endpoint.LIST, 0), ".0f"),
        Promise("HEADs", lambda run: run.requests.get(Endpoint.MANIFEST_HEAD, 0), ".0f"),
        Promise("manifests", lambda run: run.requests.get(Endpoint.MANIFEST_GET, 0), ".0f"),
        Promise("configurations", lambda run: run.requests.get(Endpoint.BLOB, 0), ".0f"),
        Promise("tokens", lambda run: run.tokens, ".0f"),
        Promise("CPU until settled and at rest, s", lambda run: run.cpu_seconds, ".2f", 8),
        Promise("CPU of the plain client, s", lambda run: run.plain_cpu_seconds, ".2f"),
        Promise("highest RSS, MB", lambda run: run.peak_rss, ".1f", 130),
        Promise("from start to the last one Ready, s", lambda run: run.seconds, ".2f"),
        Promise("plain client, s", lambda run: run.plain_seconds, ".2f"),
        Promise("times the plain client", lambda run: run.ratio, ".2f"),
        Promise("load of the machine before", lambda run: run.load_before, ".2f"),
    ),
)

STEADY: Final[Report[Steady]] = Report(
    name="s4",
    title="S4: settled Warehouses with an interval of 5 minutes, while nothing changes",
    column=lambda run: f"{run.warehouses:,} for {run.seconds:.0f} s",
    note=_NOTE,
    promises=(
        Promise("status writes", lambda run: run.status_writes, ".0f", 0),
        Promise("other writes", lambda run: run.other_writes, ".0f", 0),
        Promise("CPU, % of a core", lambda run: run.cpu_percent, ".2f", 3),
        Promise("API requests per second", lambda run: run.api_requests_per_second, ".2f"),
        Promise("looks that are due", lambda run: run.looks, ".0f"),
        Promise("registry requests without tokens, by look", lambda run: run.requests_per_look, ".3f", 2.1),
        Promise("manifests", lambda run: run.requests.get(Endpoint.MANIFEST_GET, 0), ".0f", 0),
        Promise("tokens", lambda run: run.requests.get(Endpoint.TOKEN, 0), ".0f"),
        Promise("RSS before, MB", lambda run: run.rss_before, ".1f"),
        Promise("RSS after, MB", lambda run: run.rss_after, ".1f"),
        Promise("load of the machine before", lambda run: run.load_before, ".2f"),
    ),
)

SHARED: Final[Report[Shared]] = Report(
    name="s6",
    title="S6: five Warehouses for two repositories on three registries",
    column=lambda run: f"{run.warehouses:,} over {run.repositories:,}",
    note=_NOTE,
    promises=(
        Promise("interval, s", lambda run: run.interval_seconds, ".0f"),
        Promise("intervals without a push", lambda run: run.intervals, ".0f"),
        Promise(
            "registry requests in them, by one list and one HEAD for each repository and interval",
            lambda run: run.by_floor(run.quiet),
            ".3f",
            1.05,
        ),
        Promise("manifests", lambda run: run.quiet.get(Endpoint.MANIFEST_GET, 0), ".0f", 0),
        Promise("tokens", lambda run: run.quiet.get(Endpoint.TOKEN, 0), ".0f"),
        Promise("pushes in as many further intervals", lambda run: run.pushes, ".0f"),
        Promise("registry requests in them, likewise", lambda run: run.by_floor(run.pushed), ".3f", 1.05),
        Promise(
            "manifests beyond one for each new digest",
            lambda run: run.pushed.get(Endpoint.MANIFEST_GET, 0) - run.pushes,
            ".0f",
            0,
        ),
        Promise("Warehouses without what was pushed", lambda run: run.wrong_after, ".0f", 0),
        Promise("load of the machine before", lambda run: run.load_before, ".2f"),
    ),
)

LARGE: Final[Report[Large]] = Report(
    name="s7",
    title="S7: one repository with very many tags, patterns and policy Semver, registry 20 ms away",
    column=lambda run: f"{run.tags:,}",
    note="Registry, its relay and the client share the cores; the client runs the operator's own look.",
    promises=(
        Promise("pages", lambda run: run.requests.get(Endpoint.LIST, 0), ".0f", 21, _is_20_000),
        Promise(
            "CPU of filter and choice, ms",
            lambda run: 1000 * run.choosing_cpu_seconds,
            ".0f",
            150,
            _is_20_000,
        ),
        Promise("CPU of a whole look, ms", lambda run: 1000 * run.look_cpu_seconds, ".0f"),
        Promise("a whole look, s", lambda run: run.look_seconds, ".2f"),
        Promise("longest silence of the event loop, ms", lambda run: 1000 * run.silence, ".0f", 50),
        Promise("CPU of the loop's thread in one turn, ms", lambda run: 1000 * run.busy, ".0f", 50),
        Promise("ended without an artifact", lambda run: run.trouble is not None, ".0f"),
        Promise("load of the machine before", lambda run: run.load_before, ".2f"),
    ),
)
