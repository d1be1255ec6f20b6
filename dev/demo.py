"""`make demo`: the main job on real input, from the push of a base image to pods that run the rebuilt image.

Exits with 0 only when every step was checked against the registry and the API server and was right.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from functools import partial
from typing import Literal

from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from dev.binaries import binaries
from dev.cluster import Cluster, ClusterFailed
from dev.install import install_crds
from dev.operator import OperatorProcess
from dev.story.scene import Scene, StoryFailed
from dev.story.story import STEPS, Moment, Story

__all__ = ["main"]

NAMESPACE = "pull-quickstart"
"""In namespaces of this name pods get ready only when the registry has their image."""

OPERATOR_SETTINGS = {"SLIPWAY_MINIMUM_INTERVAL": "2s"}
"""The quickstart's Warehouse looks every two seconds, which an operator allows only when it is told so."""

Step = Callable[[], object]


def main() -> int:
    """Tell the story, then show what happened when. The exit status."""
    console = Console()
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            story = _tell(console, stack)
            _show(console, story, time.monotonic() - began)
    except (StoryFailed, ClusterFailed, RuntimeError, subprocess.CalledProcessError) as error:
        console.print(f"[bold red]The demo failed[/]: {type(error).__name__}", highlight=False)
        console.print(
            "\n".join((str(error), *getattr(error, "__notes__", ()))), highlight=False, markup=False
        )
        return 1
    return 0


def _tell(console: Console, stack: ExitStack) -> Story:
    console.print("[bold]Slipway[/]: a base image moves, and everything that stands on it follows\n")
    # Outside the progress: binaries that must be built first show a progress of their own.
    binaries()
    with _progress(console) as progress:
        cluster = stack.enter_context(_start_cluster(progress))
        scene = Scene(cluster, NAMESPACE, "demo")
        story = Story(scene)
        _run(progress, "Install the four kinds", lambda: install_crds(cluster))
        operator = OperatorProcess(cluster, environment=OPERATOR_SETTINGS)
        _run(progress, "Start the operator", lambda: stack.enter_context(operator))
        _run(progress, f"Create namespace {NAMESPACE}", scene.create_namespace)
        for step in STEPS:
            _run(progress, _sentence(step), partial(step, story))
    return story


def _start_cluster(progress: Progress) -> Cluster:
    """Bring the cluster up, on one line that says which part came up last."""
    what = "Start Kubernetes and a registry"
    task = progress.add_task(what, total=1)
    cluster = Cluster.start(report=lambda part: progress.update(task, description=f"{what}: {part} is up"))
    whole = "Kubernetes API server, controllers, fake nodes and a registry are up"
    progress.update(task, description=whole, completed=1)
    return cluster


def _progress(console: Console) -> Progress:
    return Progress(
        SpinnerColumn(finished_text="[green]✔[/]"),
        TextColumn("{task.description}"),
        TimeElapsedColumn(),
        console=console,
    )


def _run(progress: Progress, what: str, step: Step) -> None:
    task = progress.add_task(what, total=1)
    step()
    progress.update(task, completed=1)


def _sentence(step: Callable[[Story], None]) -> str:
    return (step.__doc__ or step.__name__).splitlines()[0].rstrip(".")


def _show(console: Console, story: Story, seconds: float) -> None:
    console.print()
    console.print(_timeline(story.moments))
    scene = story.scene
    console.print(
        f"\nEvery step was checked against the registry and the API server. {seconds:.0f} s in all.\n"
        f"Tags of {scene.app_repository}: {', '.join(scene.tags_of(scene.app_repository))}",
        highlight=False,
    )


_COLUMNS: Sequence[tuple[str, Literal["left", "right"]]] = (
    ("at", "right"),
    ("after", "right"),
    ("what", "left"),
    ("digest", "left"),
    ("", "left"),
)


def _timeline(moments: Sequence[Moment]) -> Table:
    table = Table(title="What happened", title_justify="left", header_style="bold")
    for heading, justify in _COLUMNS:
        table.add_column(heading, justify=justify)
    before = start = moments[0].at
    for moment in moments:
        table.add_row(
            f"{moment.at - start:.2f} s",
            f"+{moment.at - before:.2f} s",
            moment.what,
            moment.digest[:19],
            moment.detail,
            end_section=moment.what in {"rolled out", "rolled back", "held"},
        )
        before = moment.at
    return table


if __name__ == "__main__":
    sys.exit(main())
