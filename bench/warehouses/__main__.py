"""`python -m bench.warehouses s1|s4|s6|s7 [NUMBER …]`: measure, write the results, fail at a broken limit."""

from __future__ import annotations

import argparse
import asyncio
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from bench.common.command import Tell, run
from bench.common.report import Report, Run, surroundings
from bench.warehouses import cold_start, large, shared, steady
from bench.warehouses.reports import COLD_START, LARGE, SHARED, STEADY
from dev.binaries import MODULES
from dev.cluster import Cluster
from dev.delay import ROUND_TRIP
from dev.install import install_crds
from dev.state import ClusterOptions

__all__ = ["main"]

_RESULTS: Final = Path(__file__).parent / "results"


def main() -> int:
    """Run one benchmark; the exit code is 1 when a limit is broken."""
    return run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder for what is found")
    scenarios = parser.add_subparsers(required=True)
    s1 = scenarios.add_parser("s1", help=COLD_START.title)
    s1.add_argument("numbers", nargs="*", type=int, default=[1_000], help="of Warehouses")
    s1.set_defaults(run=_cold_start)
    s4 = scenarios.add_parser("s4", help=STEADY.title)
    s4.add_argument("numbers", nargs="*", type=int, default=[2_000], help="of Warehouses")
    s4.add_argument("--sample", type=float, default=600.0, help="seconds to watch for")
    s4.set_defaults(run=_steady)
    s6 = scenarios.add_parser("s6", help=SHARED.title)
    s6.add_argument("numbers", nargs="*", type=int, default=[1_000], help="of Warehouses")
    s6.add_argument("--interval", type=int, default=30, help="seconds between two looks")
    s6.add_argument("--intervals", type=int, default=6, help="of each half of the run, 3 or more")
    s6.set_defaults(run=_shared)
    s7 = scenarios.add_parser("s7", help=LARGE.title)
    s7.add_argument("numbers", nargs="*", type=int, default=[20_000, 200_000], help="of tags")
    s7.set_defaults(run=_large)
    return parser


def _cold_start(options: argparse.Namespace, tell: Tell) -> bool:
    with _cluster() as cluster:
        runs = [asyncio.run(cold_start.measure(cluster, count, tell)) for count in options.numbers]
        return _write(options, COLD_START, runs, cluster)


def _steady(options: argparse.Namespace, tell: Tell) -> bool:
    with _cluster() as cluster:
        runs = [
            asyncio.run(steady.measure(cluster, count, options.sample, tell)) for count in options.numbers
        ]
        return _write(options, STEADY, runs, cluster)


def _shared(options: argparse.Namespace, tell: Tell) -> bool:
    with _cluster() as cluster:
        runs = [
            asyncio.run(shared.measure(cluster, count, options.interval, options.intervals, tell))
            for count in options.numbers
        ]
        return _write(options, SHARED, runs, cluster)


def _large(options: argparse.Namespace, tell: Tell) -> bool:
    return _write(options, LARGE, [large.measure(count, tell) for count in options.numbers])


@contextmanager
def _cluster() -> Iterator[Cluster]:
    with Cluster.start(ClusterOptions(durable_etcd=True)) as cluster:
        install_crds(cluster)
        yield cluster


def _write(
    options: argparse.Namespace, report: Report[Run], runs: list[Run], cluster: Cluster | None = None
) -> bool:
    around: dict[str, Any] = {"flags": shlex.join(sys.argv[1:]), "round_trip_seconds": ROUND_TRIP}
    if cluster is not None:
        version = cluster.api.request("GET", "/version")["gitVersion"]
        around |= {"kubernetes": version, "registry": _registry_version()}
    print(report.write(options.results, runs, surroundings(**around)))
    return report.kept(runs)


def _registry_version() -> str:
    """Of distribution, as the module pins it that it is built from."""
    module = next(module for module in MODULES if "registry" in module.packages)
    lines = (module.directory / "go.mod").read_text().splitlines()
    return next(line.split()[1] for line in lines if "distribution/distribution/v3 v" in line)


if __name__ == "__main__":
    sys.exit(main())
