"""Operators that are measured."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from dev.cluster import Cluster
from dev.operator import OperatorProcess

__all__ = ["QUIET", "operator_for"]

QUIET: Final = 10.0
"""Seconds between the last write and the readings: retries, echoes and the collector have come to rest."""


@contextmanager
def operator_for(cluster: Cluster, **settings: str) -> Iterator[OperatorProcess]:
    """An operator that is not started yet, with an empty cache of its own."""
    with TemporaryDirectory(prefix="slipway-bench-") as directory:
        environment = {"SLIPWAY_CACHE_DIRECTORY": directory, "SLIPWAY_LOG_LEVEL": "warning", **settings}
        operator = OperatorProcess(cluster, environment=environment, log=Path(directory) / "operator.log")
        try:
            yield operator
        finally:
            operator.close()
