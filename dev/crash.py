"""`make crash`: the demo's story again and again on one cluster, with one SIGKILL of the operator each time.

The first telling is left in peace. Its end state, with names and times that differ by nature masked, is what
every disturbed telling must end in. The SIGKILL comes a pause of up to 50 ms after a moment that the seed
chooses: after one of the writes that the undisturbed telling made to the API server, and every third time as
soon as the tag of a build is in the registry, when no status tells of it yet.
"""

from __future__ import annotations

import http.client
import random
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Annotated, Protocol, TypeAlias

import typer
from rich.console import Console
from typing_extensions import override

from dev.cluster import Cluster
from dev.demo import OPERATOR_SETTINGS
from dev.install import install_crds
from dev.operator import OperatorProcess
from dev.story.scene import Scene, StoryFailed
from dev.story.snapshot import Mask, Snapshot, differences, snapshot
from dev.story.story import STEPS, Story

__all__ = ["AfterTag", "AfterWrite", "Assassin", "AssassinFailed", "Blow", "choose_blow", "main"]

_LONGEST_PAUSE = 0.05
_TAG_EVERY = 3
_BUILD_TAGS = ("1.4.0-1", "1.4.0-2")
_ACCEPTED = ", ".join(
    f"application/vnd.{kind}+json"
    for kind in (
        *("oci.image.manifest.v1", "oci.image.index.v1"),
        *("docker.distribution.manifest.v2", "docker.distribution.manifest.list.v2"),
    )
)


@dataclass(frozen=True, slots=True)
class AfterWrite:
    """The moment after this many writes of the operator."""

    count: int

    @override
    def __str__(self) -> str:
        return f"write {self.count}"


@dataclass(frozen=True, slots=True)
class AfterTag:
    """The moment in which the registry has this tag of the application."""

    tag: str

    @override
    def __str__(self) -> str:
        return f"tag {self.tag}"


Moment: TypeAlias = AfterWrite | AfterTag


@dataclass(frozen=True, slots=True)
class Blow:
    """When the operator is killed."""

    after: Moment
    pause: float
    """And then this many seconds."""

    @override
    def __str__(self) -> str:
        return f"{self.pause * 1000:.0f} ms after {self.after}"


def choose_blow(chance: random.Random, loop: int, writes: int) -> Blow:
    """The blow of a loop, counted from 1, where an undisturbed telling makes this many writes."""
    after: Moment = AfterWrite(chance.randint(1, writes))
    if loop % _TAG_EVERY == 0:
        after = AfterTag(chance.choice(_BUILD_TAGS))
    return Blow(after, chance.uniform(0, _LONGEST_PAUSE))


class Victim(Protocol):
    """What can be killed and started again; `OperatorProcess` is one."""

    def kill(self) -> None:
        """SIGKILL."""

    def start(self) -> None:
        """Start it anew."""


class AssassinFailed(RuntimeError):  # noqa: N818 - the name is the sentence
    """The operator was not killed as planned, so the telling proves nothing; the message tells why."""


class Assassin(threading.Thread):
    """Kills the operator once, at its moment, and starts it again."""

    def __init__(self, victim: Victim, has_come: Callable[[], bool], pause: float) -> None:
        super().__init__(name="assassin", daemon=True)
        self._victim = victim
        self._has_come = has_come
        self._pause = pause
        self._called_off = threading.Event()
        self._failure: Exception | None = None

    @override
    def run(self) -> None:
        """Wait for the moment; without it, strike when the telling ends early."""
        try:
            while not self._called_off.is_set() and not self._has_come():
                time.sleep(0.005)
            time.sleep(self._pause)
            self._victim.kill()
            self._victim.start()
        except Exception as error:  # noqa: BLE001 - told by `finish`, in the thread that waits for it
            self._failure = error

    def finish(self) -> None:
        """Wait for the end; the moment is not waited for any longer.

        Raises:
            AssassinFailed: something went wrong in its thread.
        """
        self._called_off.set()
        self.join()
        if self._failure is not None:
            msg = f"the operator was not killed as planned: {type(self._failure).__name__}: {self._failure}"
            raise AssassinFailed(msg) from self._failure


def _coming_of(moment: Moment, scene: Scene) -> Callable[[], bool]:
    """What tells whether the moment has come, counted from now."""
    match moment:
        case AfterWrite(count):
            since = datetime.now(UTC)
            return lambda: count_writes(scene.cluster, scene.namespace, since) >= count
        case AfterTag(tag):
            connection = http.client.HTTPConnection(scene.cluster.registry_host, timeout=5)
            return partial(_has_tag, connection, f"/v2/{scene.app_repository}/manifests/{tag}")


def _has_tag(connection: http.client.HTTPConnection, path: str) -> bool:
    # Not with the client of the project: its checks take longer than the moment lasts.
    connection.request("HEAD", path, headers={"Accept": _ACCEPTED})
    with connection.getresponse() as answer:
        answer.read()
        return answer.status == http.client.OK


@contextmanager
def _disturbed(operator: OperatorProcess, scene: Scene, blow: Blow | None) -> Iterator[None]:
    """What happens inside is struck by the blow; afterwards the operator is ready again."""
    if blow is None:
        yield
        return
    assassin = Assassin(operator, _coming_of(blow.after, scene), blow.pause)
    assassin.start()
    try:
        yield
    finally:
        assassin.finish()
        operator.wait_ready()


def count_writes(cluster: Cluster, namespace: str, since: datetime) -> int:
    """How often the operator has written in a namespace, Events apart."""
    return len(cluster.audit.writes((since, datetime.now(UTC))).within(namespace).objects)


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
        AssassinFailed: the operator was not killed as planned.
    """
    scene = Scene(cluster, f"pull-{name}", name, timeout=60)
    since, began = datetime.now(UTC), time.monotonic()
    scene.create_namespace()
    story = Story(scene)
    with _disturbed(operator, scene, blow):
        for step in STEPS:
            step(story)
    end = snapshot(scene, Mask.of(story))
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
            blow = choose_blow(chance, loop, peaceful.writes)
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
