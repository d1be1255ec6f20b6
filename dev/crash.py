"""`make crash`: the demo's story again and again on one cluster, with one SIGKILL of the operator each time.

The first telling is left in peace. Its end state, with names and times that differ by nature masked, is what
every disturbed telling must end in. The SIGKILL comes right after a write of the operator, chosen by the seed
among all the writes that the undisturbed telling made, and a pause of up to 50 ms.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from typing_extensions import override

from dev.cluster import Cluster
from dev.demo import OPERATOR_SETTINGS
from dev.install import install_crds
from dev.operator import OperatorProcess
from dev.story.scene import Scene, StoryFailed
from dev.story.snapshot import Snapshot, differences, snapshot
from dev.story.story import STEPS, Story

__all__ = ["main"]

_LONGEST_PAUSE = 0.05


@dataclass(frozen=True, slots=True)
class Blow:
    """When the operator is killed."""

    write: int
    """After this many of its writes."""
    pause: float
    """And then this many seconds."""

    @override
    def __str__(self) -> str:
        return f"{self.pause * 1000:.0f} ms after write {self.write}"


class Assassin(threading.Thread):
    """Kills the operator once, at its moment, and starts it again."""

    def __init__(self, cluster: Cluster, operator: OperatorProcess, namespace: str, blow: Blow) -> None:
        super().__init__(name="assassin", daemon=True)
        self._cluster = cluster
        self._operator = operator
        self._namespace = namespace
        self._blow = blow
        self._since = datetime.now(UTC)
        self.struck = False
        self.called_off = threading.Event()

    @override
    def run(self) -> None:
        """Wait for the moment; without it, strike when the telling ends early."""
        while not self.called_off.is_set() and self._writes() < self._blow.write:
            time.sleep(0.01)
        time.sleep(self._blow.pause)
        self._operator.kill()
        self.struck = True
        self._operator.start()

    def _writes(self) -> int:
        return count_writes(self._cluster, self._namespace, self._since)


def count_writes(cluster: Cluster, namespace: str, since: datetime) -> int:
    """How often the operator has written in a namespace, Events apart."""
    writes = cluster.audit.writes((since, datetime.now(UTC))).objects
    return sum(write.namespace == namespace for write in writes)


@dataclass(frozen=True, slots=True)
class Telling:
    """One telling of the story and what it left behind."""

    end: Snapshot
    writes: int
    seconds: float


def tell(cluster: Cluster, operator: OperatorProcess, name: str, blow: Blow | None) -> Telling:
    """Tell the story in a namespace of its own; kill the operator once when there is a blow.

    Raises:
        StoryFailed: a step was wrong, or something is left over.
    """
    scene = Scene(cluster, f"pull-{name}", name, timeout=60)
    since, began = datetime.now(UTC), time.monotonic()
    scene.create_namespace()
    assassin = Assassin(cluster, operator, scene.namespace, blow) if blow else None
    if assassin:
        assassin.start()
    try:
        story = Story(scene)
        for step in STEPS:
            step(story)
    finally:
        if assassin:
            assassin.called_off.set()
            assassin.join()
            operator.wait_ready()
    end = snapshot(story)
    telling = Telling(end, count_writes(cluster, scene.namespace, since), time.monotonic() - began)
    scene.delete_namespace()
    return telling


def main(
    loops: Annotated[int, typer.Option(min=1, help="How many disturbed tellings.")] = 30,
    seed: Annotated[int, typer.Option(help="Chooses the moments; the same seed chooses the same ones.")] = 1,
) -> None:
    """Tell the demo's story with one SIGKILL each, and compare how it ends."""
    console = Console(highlight=False)
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster.start())
        install_crds(cluster)
        operator = stack.enter_context(OperatorProcess(cluster, environment=OPERATOR_SETTINGS))
        peaceful = tell(cluster, operator, "peace", None)
        console.print(f"undisturbed: {peaceful.writes} writes, {peaceful.seconds:.1f} s")
        chance = random.Random(seed)
        failed = 0
        for loop in range(1, loops + 1):
            blow = Blow(chance.randint(1, peaceful.writes), chance.uniform(0, _LONGEST_PAUSE))
            what, wrong = _judge(partial(tell, cluster, operator, f"loop-{loop}", blow), peaceful.end)
            failed += bool(wrong)
            mark = "[red]✘[/]" if wrong else "[green]✔[/]"
            console.print(f"{mark} loop {loop}: SIGKILL {blow}; {what}")
            for line in wrong:
                console.print(f"    {line}", markup=False)
    console.print(f"{loops - failed} passed, {failed} failed")
    sys.exit(1 if failed else 0)


def _judge(telling: Callable[[], Telling], wanted: Snapshot) -> tuple[str, list[str]]:
    """What one disturbed telling took, and in what it differs from the undisturbed one."""
    try:
        told = telling()
    except (StoryFailed, TimeoutError, RuntimeError) as error:
        return "it broke off", str(error).splitlines()
    return f"{told.seconds:.1f} s, {told.writes} writes", differences(wanted, told.end)


if __name__ == "__main__":
    typer.run(main)
