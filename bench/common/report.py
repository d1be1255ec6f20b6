"""Results as JSON for machines and as a Markdown table for people."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

__all__ = ["Promise", "Report", "surroundings"]

Run = TypeVar("Run", bound="DataclassInstance")


@dataclass(frozen=True, slots=True)
class Promise(Generic[Run]):
    """One line of the table: a number and what it must not exceed."""

    name: str
    value: Callable[[Run], float]
    form: str
    limit: float | None = None
    applies: Callable[[Run], bool] = lambda _: True
    """To which runs the limit is meant to apply: in small ones what is fixed outweighs what grows."""

    def holds(self, run: Run) -> bool | None:
        """Whether the limit is kept; None where there is none."""
        return self.value(run) <= self.limit if self.limit is not None and self.applies(run) else None


@dataclass(frozen=True, slots=True)
class Report(Generic[Run]):
    """What is written of one benchmark."""

    name: str
    """Of the files, without their endings."""

    title: str
    promises: Sequence[Promise[Run]]
    column: Callable[[Run], str]
    """The head of a run's column."""

    note: str
    """What a reader has to know of the machine."""

    def write(self, folder: Path, runs: Sequence[Run], around: Mapping[str, Any]) -> str:
        """Write `NAME.json` and `NAME.md` into a folder; the table is returned too."""
        folder.mkdir(parents=True, exist_ok=True)
        results = {"surroundings": dict(around), "runs": [dataclasses.asdict(run) for run in runs]}
        (folder / f"{self.name}.json").write_text(json.dumps(results, indent=2) + "\n")
        table = self._table(runs, around)
        (folder / f"{self.name}.md").write_text(table)
        return table

    def kept(self, runs: Sequence[Run]) -> bool:
        """Whether no limit is broken."""
        return all(promise.holds(run) is not False for run in runs for promise in self.promises)

    def _table(self, runs: Sequence[Run], around: Mapping[str, Any]) -> str:
        lines = [
            f"# {self.title}",
            "",
            ", ".join(f"{name} {value}" for name, value in around.items()) + f". {self.note}",
            "",
            f"| | limit | {' | '.join(map(self.column, runs))} |",
            f"|---|---|{'---|' * len(runs)}",
        ]
        lines += [_row(promise, runs) for promise in self.promises]
        return "\n".join(lines) + "\n"


def surroundings(**others: Any) -> dict[str, Any]:
    """When, where and with what a benchmark ran."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "python": platform.python_version(),
        **others,
        "cores": os.cpu_count(),
        "kernel": platform.release(),
    }


def _row(promise: Promise[Run], runs: Sequence[Run]) -> str:
    limit = "" if promise.limit is None else f"{promise.limit:g}"
    cells = [f"{promise.value(run):{promise.form}}{_mark(promise.holds(run))}" for run in runs]
    return f"| {promise.name} | {limit} | {' | '.join(cells)} |"


def _mark(holds: bool | None) -> str:
    return {None: "", True: " ✓", False: " ✗"}[holds]
