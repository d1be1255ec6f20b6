"""`python -m bench.cascade s10|s3`: measure, write the results here, fail when a limit is broken."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.cascade import cascade, rollout
from bench.cascade.report import CASCADE, ROLLOUT
from bench.cascade.shape import SIZES, six_levels
from bench.common.command import Tell, run
from bench.common.report import Report, Run, surroundings
from dev.cluster import Cluster
from dev.install import install_crds
from dev.state import ClusterOptions

__all__ = ["main"]

_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the benchmark; the exit code is 1 when a limit is broken."""
    return run(_parser())


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder for what is found")
    scenarios = parser.add_subparsers(required=True)
    s10 = scenarios.add_parser("s10", help=CASCADE.title)
    s10.add_argument("sizes", nargs="*", type=int, default=SIZES, help="images of each level, the base first")
    s10.set_defaults(run=_cascade)
    s3 = scenarios.add_parser("s3", help=ROLLOUT.title)
    s3.add_argument("pushes", nargs="?", type=int, default=20)
    s3.set_defaults(run=_rollout)
    return parser


def _cascade(options: argparse.Namespace, tell: Tell) -> bool:
    with _cluster() as cluster:
        shape = six_levels(tuple(options.sizes))
        return _write(options, CASCADE, asyncio.run(cascade.measure(cluster, shape, tell)), cluster)


def _rollout(options: argparse.Namespace, tell: Tell) -> bool:
    with _cluster() as cluster:
        return _write(options, ROLLOUT, asyncio.run(rollout.measure(cluster, options.pushes, tell)), cluster)


@contextmanager
def _cluster() -> Iterator[Cluster]:
    options = ClusterOptions(durable_etcd=True, job_run_time=cascade.JOB_SECONDS)
    with Cluster.start(options) as cluster:
        install_crds(cluster)
        yield cluster


def _write(options: argparse.Namespace, report: Report[Run], run: Run, cluster: Cluster) -> bool:
    kubernetes = cluster.api.request("GET", "/version")["gitVersion"]
    print(report.write(options.results, [run], surroundings(kubernetes=kubernetes)))
    return report.kept([run])


if __name__ == "__main__":
    sys.exit(main())
