"""`python -m bench.engine [NUMBER …]`: measure, write the results here, fail when a limit is broken."""

from __future__ import annotations

import argparse
import asyncio
import sys
import time
from pathlib import Path

from bench.common.report import surroundings
from bench.engine.measure import measure
from bench.engine.report import REPORT
from dev.cluster import Cluster
from dev.install import install_crds
from dev.state import ClusterOptions

__all__ = ["main"]

_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the benchmark; the exit code is 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("objects", nargs="*", type=int, default=[1_000, 10_000])
    parser.add_argument("--idle", type=float, default=60.0, help="seconds to watch the settled operator for")
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder for engine.json and engine.md")
    options = parser.parse_args()
    begun = time.monotonic()

    def report(step: str) -> None:
        print(f"{time.monotonic() - begun:7.1f} s  {step}", file=sys.stderr, flush=True)

    with Cluster.start(ClusterOptions(durable_etcd=True)) as cluster:
        install_crds(cluster)
        kubernetes = cluster.api.request("GET", "/version")["gitVersion"]
        measurements = [
            asyncio.run(measure(cluster, count, idle=options.idle, report=report))
            for count in options.objects
        ]
    print(REPORT.write(options.results, measurements, surroundings(kubernetes=kubernetes)))
    return int(not REPORT.kept(measurements))


if __name__ == "__main__":
    sys.exit(main())
