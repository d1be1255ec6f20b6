"""What a person sees while Go builds: downloads, then packages compiled of packages to compile."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

__all__ = ["BuildProgress"]

_DOWNLOADING = "go: downloading "


class BuildProgress:
    """Feeds Go's standard error into a rich progress bar; without a terminal it prints a few plain lines."""

    def __init__(self, console: Console, name: str) -> None:
        self._console = console
        self._name = name
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(f"{name}: sources", total=None)

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()
        if kind is None:
            self._console.print(f"{self._name}: built")

    def expect(self, packages: int) -> None:
        """From now on packages are compiled, this many."""
        self._progress.reset(self._task, total=packages, description=f"{self._name}: packages")
        if not self._console.is_terminal:
            self._console.print(f"{self._name}: {packages} packages to compile")

    def line(self, text: str) -> str:
        """Take note of one line of Go's output and hand it back."""
        if text.startswith(_DOWNLOADING):
            module = text.removeprefix(_DOWNLOADING).split()[0]
            self._progress.update(self._task, advance=1, description=f"{self._name}: fetching {module}")
        else:
            self._progress.update(self._task, advance=1)
        return text

    def fail(self, output: str) -> None:
        """Show why Go gave up."""
        self._console.print(output, markup=False, highlight=False)
