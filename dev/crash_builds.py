"""The second half of `make crash`: an image is built from source by Jobs, and each write for it fails.

The story is told once in peace. It must end alike when the operator is killed before each of its writes to
the API server, or after each; when it never hears that a write was carried out; and when all events of its
watches come twice, or every second one does not come. Alike is more than what is there at the end: as many
objects of each resource must have been made and deleted, and there must be one Job for each build.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias

from rich.console import Console

from dev.cluster import Cluster
from dev.fault_proxy import FaultProxy, Faults
from dev.gitserver import GitServer
from dev.install import install_crds
from dev.operator import OperatorProcess
from dev.state import ClusterOptions
from dev.story.building import LAST_STEPS, STEPS, BuildStory, telling
from dev.story.disturbances import (
    AnswersLost,
    Disturbance,
    EventsDoubled,
    EventsSwallowed,
    KilledAfterWrites,
    KilledBeforeWrites,
)
from dev.story.scene import Scene, StoryFailed
from dev.story.snapshot import Mask, Snapshot, differences, snapshot

__all__ = ["Telling", "Theatre", "judge", "main"]

_SETTINGS = {
    "SLIPWAY_MINIMUM_INTERVAL": "1s",
    "SLIPWAY_BUILDER_IMAGE": "builder:1",
    "SLIPWAY_GIT_IMAGE": "git:1",
}
_JOB_RUN_TIME = 1.0
"""Seconds that a fake Job takes: time enough to push what it would."""

_PATIENCE = 300.0
"""Seconds that anything may take: while a build is awaited, the operator may be started twenty times."""

_QUIET = 2.5
"""Seconds without a write after which a telling has come to rest; its Warehouse looks every second."""

Disturb: TypeAlias = Callable[[str, OperatorProcess], Disturbance]
"""Makes a disturbance of a namespace, for an operator."""

TRIALS: Mapping[str, Disturb] = {
    "SIGKILL before each write": KilledBeforeWrites,
    "SIGKILL after each write": KilledAfterWrites,
    "the answer to each write lost": lambda namespace, _: AnswersLost(namespace),
    "every watch event twice": lambda namespace, _: EventsDoubled(namespace),
}
"""What goes wrong, by what it is called."""

DEAF_TRIALS: Mapping[str, Disturb] = {
    "every second watch event swallowed": lambda namespace, _: EventsSwallowed(namespace)
}
"""Whoever is not told has to look: these are for an operator that does so often."""

_OFTEN = {"SLIPWAY_RESYNC_INTERVAL": "2s"}


@dataclass(frozen=True, slots=True)
class Telling:
    """What one telling came to."""

    ends: tuple[Snapshot, Snapshot]
    """While the image is enrolled, and after."""
    effects: Counter[str]
    """How many objects the operator made and deleted, by resource."""
    jobs: Sequence[str]
    """The names of all Jobs that there ever were."""
    writes: int
    """How many writes of the operator were carried out."""
    strikes: int
    """How often something went wrong."""
    seconds: float


@dataclass(frozen=True, slots=True)
class Theatre:
    """A cluster with an operator, and what stands between the two."""

    cluster: Cluster
    operator: OperatorProcess
    proxy: FaultProxy
    server: GitServer

    def tell(self, name: str, disturb: Disturb) -> Telling:
        """Tell the story in a namespace of its own.

        Raises:
            StoryFailed: a step was wrong.
        """
        began, scene = time.monotonic(), Scene(self.cluster, f"builds-{name}", name, timeout=_PATIENCE)
        scene.create_namespace()
        disturbance = disturb(scene.namespace, self.operator)
        with telling(scene, self.server) as story:
            with self._disturbed(disturbance):
                before, after = self._ends(story, disturbance)
            jobs = [job["metadata"]["name"] for job in story.bakery.seen]
        scene.delete_namespace()
        seconds, strikes = time.monotonic() - began, disturbance.strikes
        return Telling((before, after), disturbance.effects, jobs, disturbance.writes, strikes, seconds)

    @contextmanager
    def _disturbed(self, disturbance: Disturbance) -> Iterator[None]:
        self.proxy.faults = disturbance
        try:
            yield
        finally:
            self.proxy.faults = Faults()

    def _ends(self, story: BuildStory, disturbance: Disturbance) -> Iterator[Snapshot]:
        """What there is before and after the image is deleted."""
        for step in STEPS:
            step(story)
        self._wait_for_rest(story.scene, disturbance)
        mask = Mask.of_builds(story)
        yield snapshot(story.scene, mask)
        for step in LAST_STEPS:
            step(story)
        self._wait_for_rest(story.scene, disturbance)
        yield snapshot(story.scene, mask)

    def _wait_for_rest(self, scene: Scene, disturbance: Disturbance) -> None:
        """Wait until the operator is there, and for a while has neither written anything nor tried to."""
        known, now = None, (disturbance.writes, disturbance.strikes)
        while now != known:
            # Not with `wait_ready`, which takes one that is being killed for one that ended by itself.
            scene.wait("the operator is ready", lambda: self.operator.readiness() == "ok")
            # Silence is what is waited for.
            time.sleep(_QUIET)
            known, now = now, (disturbance.writes, disturbance.strikes)


def judge(found: Telling, wanted: Telling) -> list[str]:
    """In what a disturbed telling differs from the undisturbed one; a line for each thing."""
    lines = [line for pair in zip(wanted.ends, found.ends, strict=True) for line in differences(*pair)]
    lines += [
        f"{what}: {found.effects[what]} instead of {wanted.effects[what]}"
        for what in sorted(wanted.effects.keys() | found.effects.keys())
        if wanted.effects[what] != found.effects[what]
    ]
    numbers = [[name.split("-")[1] for name in telling.jobs] for telling in (wanted, found)]
    if numbers[0] != numbers[1] or len(found.jobs) != len(set(found.jobs)):
        lines.append(f"Jobs: {', '.join(found.jobs)}; undisturbed: {', '.join(wanted.jobs)}")
    if not found.strikes:
        lines.append("nothing went wrong, so nothing was shown")
    return lines


def main() -> int:
    """Tell the story in peace and in all disturbed ways, and compare. The exit status."""
    console = Console(highlight=False)
    with ExitStack() as stack:
        cluster = stack.enter_context(Cluster.start(ClusterOptions(job_run_time=_JOB_RUN_TIME)))
        install_crds(cluster)
        proxy = stack.enter_context(FaultProxy(cluster.kubeconfig))
        server = stack.enter_context(GitServer())
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="slipway-crash-")))
        kubeconfig = proxy.write_kubeconfig(scratch / "kubeconfig")
        with OperatorProcess(cluster, environment=_SETTINGS, kubeconfig=kubeconfig) as operator:
            theatre = Theatre(cluster, operator, proxy, server)
            peaceful = theatre.tell("peace", lambda namespace, _: Disturbance(namespace))
            console.print(f"undisturbed: {peaceful.writes} writes, {peaceful.seconds:.1f} s")
            verdicts = [_show(console, theatre, trial, peaceful) for trial in TRIALS.items()]
        with OperatorProcess(cluster, environment={**_SETTINGS, **_OFTEN}, kubeconfig=kubeconfig) as operator:
            theatre = Theatre(cluster, operator, proxy, server)
            verdicts += [_show(console, theatre, trial, peaceful) for trial in DEAF_TRIALS.items()]
    console.print(f"{verdicts.count(True)} passed, {verdicts.count(False)} failed")
    return 0 if all(verdicts) else 1


def _show(console: Console, theatre: Theatre, trial: tuple[str, Disturb], wanted: Telling) -> bool:
    """Make one trial, tell what came of it, and whether it ended like the undisturbed telling."""
    title, disturb = trial
    try:
        told = theatre.tell(re.sub("[^a-z]+", "-", title.lower()), disturb)
    except (StoryFailed, TimeoutError, RuntimeError) as error:
        what, wrong = "it broke off", str(error).splitlines()
    else:
        what = f"{told.strikes} times, {told.writes} writes, {told.seconds:.1f} s"
        wrong = judge(told, wanted)
    console.print(f"{'[red]✘[/]' if wrong else '[green]✔[/]'} {title}: {what}")
    for line in wrong:
        console.print(f"    {line}", markup=False)
    return not wrong


if __name__ == "__main__":
    sys.exit(main())
