"""What the graph promises, and the file it stands in."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from bench.common.report import Promise, Report
from bench.graph.changes import PARTIAL, WHOLE
from bench.graph.measure import Measurement

__all__ = ["REPORT"]

_LIMIT_MS: Final = 5.0
_LIMIT_MB: Final = 20.0


def _is_usual(run: Measurement) -> bool:
    """Whether images may be like this; the other graph shows what it costs to be wrong about it."""
    return run.shape == "six levels"


def _changes(kind: str) -> Iterator[Promise[Measurement]]:
    yield Promise(f"{kind}: median, ms", lambda run: run.changes[kind].median, ".3f", _LIMIT_MS, _is_usual)
    yield Promise(f"{kind}: worst, ms", lambda run: run.changes[kind].worst, ".3f", _LIMIT_MS, _is_usual)
    yield Promise(
        f"{kind}: worst back, ms", lambda run: run.changes[kind].worst_back, ".3f", _LIMIT_MS, _is_usual
    )
    yield Promise(f"{kind}: most nodes told", lambda run: run.changes[kind].most_told, ".0f")


def _followed(kind: str) -> Iterator[Promise[Measurement]]:
    """No limit, for the price is by the node, and it is paid once for all changes of two seconds."""
    yield Promise(f"{kind}: to find whom to tell, ms", lambda run: run.changes[kind].worst_telling, ".3f")
    yield Promise(f"{kind}: the depth of each, ms", lambda run: run.changes[kind].worst_asking, ".3f")


REPORT: Final = Report(
    name="graph",
    title="The graph of 10,000 images: one change",
    column=lambda run: run.shape,
    note="Times are CPU; of each change the best of three, for others use the cores.",
    promises=(
        Promise("images", lambda run: run.images, ".0f"),
        Promise("edges", lambda run: run.edges, ".0f"),
        Promise("all put in order of names, ms", lambda run: run.fill_ms, ".0f"),
        Promise("median of these puts, ms", lambda run: run.fill_median_ms, ".3f", _LIMIT_MS, _is_usual),
        Promise("worst of these puts, ms", lambda run: run.fill_worst_ms, ".3f", _LIMIT_MS, _is_usual),
        *(promise for kind in PARTIAL | WHOLE for promise in _changes(kind)),
        *(promise for kind in WHOLE for promise in _followed(kind)),
        Promise("memory by tracemalloc, MB", lambda run: run.traced, ".1f", _LIMIT_MB),
        Promise("growth of RSS, MB", lambda run: run.rss, ".1f", _LIMIT_MB),
    ),
)
