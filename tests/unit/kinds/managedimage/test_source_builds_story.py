"""Random stories of builds from source: moves, pushes, edits, requests, crashes and lost answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Coroutine
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any, TypeVar, cast
from unittest.mock import patch

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typing_extensions import override

from slipway.api.managedimage import ManagedImage
from slipway.build.builders import contract
from slipway.build.builders.contract import Run
from slipway.build.builders.errors import BuilderUnreachable
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.job.naming import job_name
from slipway.build.builders.order import BuildOrder
from slipway.engine.key import Key
from slipway.engine.outcome import verdict_on
from slipway.engine.reconcile import Observed
from slipway.engine.requests import new_requests
from slipway.engine.store import Store
from slipway.engine.view import hash_status
from slipway.kinds.context import Context
from slipway.kinds.managedimage.conclude import result_is_gone
from slipway.kinds.managedimage.decide import decide, needs_look
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import (
    Commit,
    Facts,
    KnownBase,
    NotStarted,
    PromoteAction,
    Pushed,
    Running,
    Sight,
    TagTaken,
    Unclear,
)
from slipway.kinds.managedimage.ordering import Orderer
from slipway.kinds.managedimage.orders import order_of
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.view import ManagedImageView, managed_image_key
from slipway.kinds.managedimage.words import CANCEL, REBUILD
from tests.support.thoroughness import examples

HOST = "registry.example.com"
BASE = f"{HOST}/base/python:3.12"
CREATED = datetime(2026, 11, 20, tzinfo=UTC)
BROKEN = 3
"""A commit that cannot be built."""
NAMES = ("api", "worker")
ORDERING = "slipway.kinds.managedimage.ordering"

PROGRESS: dict[str | None, contract.Progress] = {
    None: contract.Running(),
    "Broken": contract.Failed("BuildFailed", "RUN false", is_infrastructure=False),
    "Evicted": contract.Failed("RunnerFailed", "evicted", is_infrastructure=True),
}

T = TypeVar("T")


def hexadecimal(number: int) -> str:
    return f"{number:040x}"


def base_digest(number: int) -> str:
    return "sha256:" + f"{number:064x}"


def digest_of(key: str) -> str:
    """What a build of this key pushes; nobody else does."""
    return "sha256:" + key.ljust(64, "0")


STRANGE = digest_of("5")


class KilledError(Exception):
    """The operator was killed."""


def done(work: Coroutine[Any, Any, T]) -> T:
    """What a coroutine comes to that never has to wait."""
    try:
        work.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    msg = "it waits for something that is not there"
    raise AssertionError(msg)


@dataclass
class Job:
    """A run of the builder."""

    owner: str
    order: BuildOrder
    end: str | None = None
    """None while it runs; else Pushed, Broken or Evicted."""


@dataclass
class Image:
    """A ManagedImage as the API server has it."""

    name: str
    status: dict[str, Any] = field(default_factory=lambda: {"observedGeneration": -1})
    annotations: dict[str, str] = field(default_factory=dict)
    generation: int = 1
    argument: int = 0
    floating: tuple[str, ...] = ("latest",)
    rebuild: dict[str, Any] = field(default_factory=dict)
    suspend: bool = False
    role: str = "Managed"

    @property
    def key(self) -> Key:
        return managed_image_key("shop", self.name)

    @property
    def repository(self) -> str:
        return f"{HOST}/shop/{self.name}"

    @property
    def building(self) -> list[dict[str, Any]]:
        return [build for build in self.status.get("builds", ()) if build["phase"] == "Building"]

    def body(self) -> dict[str, Any]:
        spec: dict[str, Any] = {
            "role": self.role,
            "image": {
                "repository": self.repository,
                "tag": "1-{build}",
                "floatingTags": list(self.floating),
            },
            "rebuild": self.rebuild,
            "suspend": self.suspend,
        }
        if self.role == "Managed":
            arguments = [{"name": "N", "value": str(self.argument)}]
            spec["source"] = {"git": {"url": "https://git.example.com/shop.git"}, "buildArgs": arguments}
            spec["build"] = {"type": "Job", "retries": 1, "history": {"succeeded": 20, "failed": 20}}
        metadata = {"name": self.name, "namespace": "shop", "uid": self.name, "generation": self.generation}
        return {"metadata": {**metadata, "resourceVersion": "1"}, "spec": spec, "status": self.status}


class Story(RuleBasedStateMachine):
    starts_once = True
    """As a Job, whose name follows from its order."""

    """Two images, one turn, a builder and a registry that are dictionaries, an operator that may die."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
        self.images = {name: Image(name) for name in NAMES}
        self.base, self.commit = 0, 0
        self.tags: dict[str, str] = {}
        self.made_of: dict[str, tuple[str, ...]] = {}
        """From the digest of an image to what it has in it: some bases differ in nothing that is kept."""
        self.jobs: dict[str, Job] = {}
        self.started: Counter[str] = Counter()
        self.pushed: Counter[tuple[Any, ...]] = Counter()
        self.asked: Counter[str] = Counter()
        self.awake: set[str] = set(NAMES)
        self.timers: dict[str, datetime] = {}
        self.unsure: set[str] = set()
        """Whose last run did not come to its end, so that it may hold a turn that is not written down."""
        self.is_builder_down = False
        self.writes_left: int | None = None
        """Until the operator dies; None when it lives."""
        self.patches: list[Any] = [
            patch(f"{ORDERING}.builder_for", self._builder_for),
            patch(f"{ORDERING}.overseer_for", self._builder_for),
            patch(f"{ORDERING}.image_client", self._no_client),
            patch(f"{ORDERING}.next_number", self._next_number),
        ]
        for one in self.patches:
            one.start()
        self._restart()

    def _restart(self) -> None:
        self.store, self.version = Store(), 0
        for image in self.images.values():
            self._is_seen(image)
        context = SimpleNamespace(
            settings=SimpleNamespace(builds=1),
            clock=SimpleNamespace(now=lambda: self.now),
            children=SimpleNamespace(wake=lambda key: self.awake.add(key.name)),
            store=self.store,
        )
        self.dispatches = Dispatches()
        self.orderer = Orderer(cast("Context", context), self.dispatches)
        self.awake = set(NAMES)
        self.timers = {}
        self.unsure = set()

    def _is_seen(self, image: Image) -> None:
        """The answer to a write is taken in before the write returns."""
        self.version += 1
        self.store.put(replace(ManagedImageView.from_body(image.body()), resource_version=self.version))

    # --- the world

    @rule(number=st.integers(0, 3))
    def base_moves(self, number: int) -> None:
        self.base = number
        self.awake |= set(NAMES)

    @rule(number=st.integers(0, BROKEN))
    def somebody_pushes(self, number: int) -> None:
        self.commit = number
        self.awake |= set(NAMES)

    @rule(name=st.sampled_from(NAMES), verb=st.sampled_from([REBUILD, REBUILD, CANCEL]))
    def person_asks(self, name: str, verb: str) -> None:
        self.now += timedelta(seconds=1)
        self.images[name].annotations[f"slipway.dev/{verb}"] = self.now.isoformat()
        self.asked[name] += 1
        self.awake.add(name)

    @rule(
        name=st.sampled_from(NAMES),
        argument=st.integers(0, 1),
        policy=st.sampled_from(["Automatic", "Automatic", "Manual", "Notify"]),
        source=st.sampled_from(["Rebuild", "Rebuild", "Notify", "Ignore"]),
        delay=st.sampled_from(["0s", "0s", "1h"]),
    )
    def spec_changes(self, *, name: str, argument: int, policy: str, source: str, delay: str) -> None:
        image = self.images[name]
        image.argument = argument
        image.rebuild = {"policy": policy, "on": {"source": source}, "delay": delay}
        self._is_edited(image)

    @rule(
        name=st.sampled_from(NAMES),
        suspend=st.booleans(),
        role=st.sampled_from(["Managed", "Managed", "External"]),
        floating=st.sampled_from([("latest",), ("latest", "stable")]),
    )
    def use_changes(self, *, name: str, suspend: bool, role: str, floating: tuple[str, ...]) -> None:
        image = self.images[name]
        image.suspend, image.role, image.floating = suspend, role, floating
        self._is_edited(image)

    def _is_edited(self, image: Image) -> None:
        image.generation += 1
        self.awake.add(image.name)

    @rule(down=st.booleans())
    def builder_changes(self, *, down: bool) -> None:
        self.is_builder_down = down

    @rule(infrastructure=st.booleans())
    def job_ends(self, *, infrastructure: bool) -> None:
        for job in self.jobs.values():
            if job.end is None:
                self._end(job, infrastructure=infrastructure)
                return

    def _end(self, job: Job, *, infrastructure: bool = False) -> None:
        commit = job.order.source.commit if job.order.source else ""
        self.awake.add(job.owner)
        if infrastructure:
            job.end = "Evicted"
        elif commit == hexadecimal(BROKEN):
            job.end = "Broken"
        else:
            job.end = "Pushed"
            self._push(job, commit)

    def _push(self, job: Job, commit: str) -> None:
        (base,) = job.order.bases.values()
        arguments = str(job.order.source.build_args if job.order.source else ())
        digest = digest_of(job.order.key)
        assert job.order.reference not in self.tags, "the tag of a build was overwritten"
        self.tags[job.order.reference] = digest
        self.made_of[digest] = (job.owner, arguments, commit, str(int(base[7:], 16) // 2))
        self.pushed[job.owner, arguments, commit, base] += 1

    @rule(name=st.sampled_from(NAMES))
    def stranger_pushes(self, name: str) -> None:
        """To the tag of a build that was not started yet."""
        if self._running(name):
            return
        for build in self.images[name].building:
            self.tags.setdefault(build["reference"], STRANGE)
            self.awake.add(name)

    @rule(minutes=st.sampled_from([1, 40, 90]))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @rule(name=st.sampled_from(NAMES))
    def operator_runs(self, name: str) -> None:
        self._run(name)

    @rule(name=st.sampled_from(NAMES), effects=st.integers(0, 3), restarts=st.booleans())
    def run_breaks_off(self, *, name: str, effects: int, restarts: bool) -> None:
        """Killed, or refused by the API server, after some effects and before the status is written."""
        self._run(name, effects)
        if restarts:
            self._restart()

    # --- one run

    def _run(self, name: str, dies_after: int | None = None) -> None:
        self.now += timedelta(seconds=1)
        self.awake.discard(name)
        self.timers.pop(name, None)
        self.writes_left = dies_after
        image = self.images[name]
        facts = self._facts(image)
        try:
            plan = self._promoted(facts, decide(facts, self.now))
            plan = done(self.orderer.apply(facts, plan))
        except (KilledError, BuilderUnreachable):
            plan = None
        if plan is None or dies_after is not None:
            self.unsure.add(name)
            self.timers[name] = self.now + timedelta(minutes=1)
            return
        self.unsure.discard(name)
        image.status = {**plan.status, "observedGeneration": image.generation}
        self._is_seen(image)
        self._status_tells_why(image)
        pause = verdict_on(plan.outcome).look_again
        if pause is not None:
            self.timers[name] = self.now + pause

    def _status_tells_why(self, image: Image) -> None:
        rebuild = image.status.get("rebuild") or {}
        if rebuild.get("reasons"):
            assert rebuild["message"]

    def _promoted(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        """What the rebaser does with the tags of what is promoted."""
        if not isinstance(plan.actions, PromoteAction):
            return plan
        if plan.actions.digest not in self.tags.values():
            assert plan.actions.build is not None
            return result_is_gone(facts, plan.actions.build, self.now)
        for tag in plan.actions.floating_tags:
            reference = f"{facts.image.spec.image.repository}:{tag}"
            if self.tags.get(reference) != plan.actions.digest:
                self._write()
                self.tags[reference] = plan.actions.digest
        return plan

    def _write(self) -> None:
        if self.writes_left == 0:
            raise KilledError
        self.writes_left = None if self.writes_left is None else self.writes_left - 1

    def _facts(self, image: Image) -> Facts:
        handled = image.status.get("handledRequests", ())
        requests = new_requests(image.annotations, handled, CREATED, self.now, verbs=(REBUILD, CANCEL))
        hashed = hash_status(image.status)
        status = image.status
        observed = Observed(image.key, image.name, "1", image.generation, status, hashed, {}, CREATED)
        facts = Facts(observed, ManagedImage.model_validate(image.body()), requests=requests.new)
        if image.suspend:
            pass
        elif image.role != "Managed":
            known = KnownBase(f"{image.repository}:latest", base_digest(99), "w")
            facts = replace(facts, bases=(known,))
        else:
            commit = Commit(hexadecimal(self.commit), "refs/heads/main")
            facts = replace(facts, bases=(KnownBase(BASE, base_digest(self.base), "w"),), commit=commit)
        return replace(facts, sight=self._sight(facts))

    def _sight(self, facts: Facts) -> Sight | None:
        build = needs_look(facts)
        if build is None:
            return None
        order = order_of(facts.image, build)
        attempt = correlation_of(order)
        is_unsent = self.dispatches.is_unsent(facts.observed.key, attempt)
        if self.is_builder_down:
            return Unclear("BuilderUnreachable", "down", timedelta(seconds=15), is_unsent=is_unsent)
        job = self.jobs.get(job_name(order))
        there = self.tags.get(build.reference)
        if there is not None and job is None and there != digest_of(build.key):
            return TagTaken()
        if there is not None and (job is None or job.end == "Pushed"):
            image = facts.image.status.image
            before = self.made_of.get(image.digest) if image else None
            return Pushed(there, None, before == self.made_of[there])
        if job is None:
            return NotStarted(self.dispatches.refusal(facts.observed.key, attempt))
        return Running(Run(job_name(order)), PROGRESS[job.end])

    # --- the builder

    async def _builder_for(self, *_: Any) -> Any:
        return self

    async def find(self, order: BuildOrder) -> Run | None:
        self._answer()
        name = job_name(order)
        return Run(name) if name in self.jobs else None

    async def start(self, order: BuildOrder) -> Run:
        self._answer()
        self._write()
        name = job_name(order)
        if name not in self.jobs:
            assert not self._running(order.image_name), "two builds of one image at a time"
            self.started[name] += 1
            assert self.started[name] == 1
            self.jobs[name] = Job(order.image_name, order)
        return Run(name)

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        self._answer()
        self._write()
        assert self.jobs[run.id].order.uid == order.uid or not order.uid
        self.jobs.pop(run.id)
        # What is called back is not begun again under this name.
        self.started[run.id] -= 1

    def _answer(self) -> None:
        if self.is_builder_down:
            msg = "down"
            raise BuilderUnreachable(msg)

    def _running(self, name: str) -> list[Job]:
        return [job for job in self.jobs.values() if job.owner == name and job.end is None]

    async def _no_client(self, *_: Any) -> None:
        return None

    async def _next_number(self, image: ManagedImage, _: Any) -> int:
        numbers = [build.number for build in image.status.builds]
        prefix = f"{image.spec.image.repository}:1-"
        tagged = [int(tag.removeprefix(prefix)) for tag in self.tags if tag.startswith(prefix)]
        return max([*numbers, *tagged], default=0) + 1

    # --- what always holds

    @invariant()
    def numbers_and_keys_are_unique(self) -> None:
        for image in self.images.values():
            builds = image.status.get("builds", ())
            numbers = [build["number"] for build in builds]
            assert numbers == sorted(set(numbers), reverse=True)
            assert len({build["key"] for build in builds}) == len(builds)

    @invariant()
    def no_more_builds_are_under_way_than_may(self) -> None:
        """An attempt that surely nobody works on is none of them."""
        assert sum(self._turns().holds(image.key) for image in self.images.values()) <= 1
        assert sum(job.end is None for job in self.jobs.values()) <= 1
        assert all(len(image.building) <= 1 for image in self.images.values())

    @invariant()
    def a_turn_is_held_as_long_as_somebody_works_on_a_build(self) -> None:
        for image in self.images.values():
            if image.name not in self.unsure | self.awake:
                holds = self._turns().holds(image.key)
                assert image.building or not holds, image.name
                assert holds or not (image.building and self._running(image.name)), image.name

    @invariant()
    def what_is_offered_is_in_the_registry(self) -> None:
        for image in self.images.values():
            offered = image.status.get("image")
            if offered and "build" in offered:
                assert self.tags[offered["reference"]] == offered["digest"]

    @invariant()
    def nothing_is_built_twice_unless_asked(self) -> None:
        for (name, *_), times in self.pushed.items():
            assert times <= 1 + self.asked[name]

    def _turns(self) -> Any:
        return self.orderer._turns

    # --- the end

    @override
    def teardown(self) -> None:
        """Left alone, both images come to rest on what their specs want; nobody waits for ever."""
        try:
            self._come_to_rest()
        finally:
            for one in self.patches:
                one.stop()

    def _come_to_rest(self) -> None:
        self.is_builder_down = False
        for _ in range(200):
            if self.awake:
                self._run(min(self.awake))
            elif running := [job for job in self.jobs.values() if job.end is None and self._is_wanted(job)]:
                self._end(running[0])
            elif self._is_at_rest():
                break
            else:
                name = min(self.timers, key=self.timers.__getitem__)
                self.now = max(self.now, self.timers[name])
                self._run(name)
        else:
            raise AssertionError([image.status for image in self.images.values()])
        for image in self.images.values():
            self._is_as_wanted(image)
            before = dict(image.status)
            self._run(image.name)
            assert image.status == before

    def _is_wanted(self, job: Job) -> bool:
        return bool(self.images[job.owner].building)

    def _is_at_rest(self) -> bool:
        at_rest = {"Current", "Outdated", "Failed", "Suspended"}
        is_quiet = all(image.status.get("phase") in at_rest for image in self.images.values())
        return is_quiet and not self.unsure

    def _is_as_wanted(self, image: Image) -> None:
        assert not self._running(image.name)
        assert not self._turns().holds(image.key)
        phase = image.status["phase"]
        if image.suspend:
            assert phase == "Suspended"
        elif image.role != "Managed":
            assert phase == "Current"
        elif phase == "Current":
            source, (base,) = image.status["source"], image.status["bases"]
            assert base["builtDigest"] == base_digest(self.base)
            if (image.rebuild.get("on") or {}).get("source", "Rebuild") == "Rebuild":
                assert source["builtCommit"] == hexadecimal(self.commit)
            for tag in image.floating:
                assert self.tags[f"{image.repository}:{tag}"] == image.status["image"]["digest"]
        elif phase == "Outdated":
            is_manual = image.rebuild.get("policy") in {"Manual", "Notify"}
            assert is_manual or image.rebuild["on"]["source"] == "Notify"
        else:
            assert phase == "Failed"
            assert image.status["rebuild"]["tried"]
            assert image.status["rebuild"]["message"]


Story.TestCase.settings = settings(max_examples=examples(25), stateful_step_count=25, deadline=None)
TestStory = Story.TestCase
