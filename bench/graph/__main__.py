"""`python -m bench.graph`: measure, write the results here, fail when a limit is broken."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from bench.common.report import surroundings
from bench.graph.measure import measure
from bench.graph.population import deep, shallow
from bench.graph.report import REPORT

__all__ = ["main"]

_RESULTS = Path(__file__).parent / "results"


def main() -> int:
    """Run the benchmark; the exit code is 1 when a limit is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--results", type=Path, default=_RESULTS, help="folder for graph.json and graph.md")
    options = parser.parse_args()
    # A process for each, one after the other: the memory of one is not taken over by the next.
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=spawn, max_tasks_per_child=1) as processes:
        measurements = list(processes.map(measure, [shallow(), deep()]))
    print(REPORT.write(options.results, measurements, surroundings()))
    return int(not REPORT.kept(measurements))


if __name__ == "__main__":
    sys.exit(main())
