"""Random stories of moves, edits, crashes and requests: what must hold of the builds whatever happens."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typing_extensions import override

from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.engine.outcome import Outcome
from slipway.engine.reconcile import Observed
from slipway.engine.requests import new_requests
from slipway.kinds.managedimage.conclude import conclude, is_overtaken
from slipway.kinds.managedimage.decide import decide, needs_registry
from slipway.kinds.managedimage.facts import (
    Built,
    Facts,
    GivenUp,
    KnownBase,
    NumberTaken,
    RebaseAction,
    RebaseResult,
    Refused,
    Source,
)
from slipway.kinds.managedimage.situation import REBUILD

HOST = "registry.example.com"
BASE = f"{HOST}/base/python:3.12"
CREATED = datetime(2026, 11, 20, tzinfo=UTC)
KEY = Key("managedimages.slipway.dev", "shop", "api")


def base_digest(number: int) -> str:
    return "sha256:" + f"{number:064x}"


def source_digest(tag: str) -> str:
    return "sha256:" + tag.encode().hex().rjust(64, "5")


class Story(RuleBasedStateMachine):
    """One ManagedImage, a registry that is a dictionary, an operator that may die between any two writes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
        self.status: dict[str, Any] = {"observedGeneration": -1}
        self.outcome: Outcome | None = None
        self.base = 0
        self.tags: dict[str, str] = {}
        self.annotations: dict[str, str] = {}
        self.generation = 1
        self.manual = False
        self.repository = "shop/api"
        self.source_tag = "1.4.0"
        self.allow_run = True
        self.registry_down = False

    # --- the world

    @rule(number=st.integers(min_value=0, max_value=3))
    def base_moves(self, number: int) -> None:
        self.base = number

    @rule()
    def person_asks(self) -> None:
        self.now += timedelta(seconds=1)
        self.annotations["slipway.dev/rebuild"] = self.now.isoformat()

    @rule(
        manual=st.booleans(),
        repository=st.sampled_from(["shop/api", "new/api"]),
        source_tag=st.sampled_from(["1.4.0", "1.5.0"]),
        allow_run=st.booleans(),
    )
    def spec_changes(self, *, manual: bool, repository: str, source_tag: str, allow_run: bool) -> None:
        self.manual, self.repository, self.source_tag = manual, repository, source_tag
        self.allow_run = allow_run
        self.generation += 1

    @rule(down=st.booleans())
    def registry_changes(self, *, down: bool) -> None:
        self.registry_down = down

    @rule(taken=st.integers(min_value=1, max_value=6))
    def somebody_pushes(self, taken: int) -> None:
        self.tags.setdefault(f"{self.repository}:1.4.0-{taken}", "sha256:" + "f" * 64)

    @rule()
    def operator_runs(self) -> None:
        self._run(crash=None)

    @rule(crash=st.sampled_from(["before effect", "after effect"]), number=st.integers(0, 3))
    def operator_dies(self, crash: str, number: int) -> None:
        self._run(crash=crash)
        self.base = number

    # --- one run

    def _run(self, crash: str | None) -> None:
        self.now += timedelta(seconds=1)
        facts = self._facts()
        plan = decide(facts, self.now)
        if plan.actions is not None:
            if crash == "before effect":
                return
            result = self._rebase(facts, plan.actions)
            if result is None:
                return
            plan = conclude(facts, plan, result, self.now)
        if crash is None:
            self.status = {**plan.status, "observedGeneration": self.generation}
            self.outcome = plan.outcome

    def _rebase(self, facts: Facts, action: RebaseAction) -> RebaseResult | None:
        """None for an error that is raised: nothing is recorded, and the build is tried again."""
        if self.registry_down:
            return GivenUp("RegistryUnreachable", "down") if is_overtaken(facts) else None
        if not action.allow_run:
            return Refused("RunNeedsAllow", "a RUN layer")
        result = "sha256:" + action.source_digest[-8:] + action.base_digest[-8:].rjust(56, "a")
        tag = f"{self.repository}:{action.tag}"
        if self.tags.setdefault(tag, result) != result:
            return NumberTaken(self._next_number(facts))
        return Built(result)

    def _next_number(self, facts: Facts) -> int:
        recorded = [build.number for build in facts.image.status.builds]
        ours = [tag for tag in self.tags if tag.startswith(f"{self.repository}:")]
        return max([*recorded, *(int(tag.rpartition("-")[2]) for tag in ours)], default=0) + 1

    def _facts(self) -> Facts:
        document = {
            "metadata": {"name": "api", "namespace": "shop", "generation": self.generation},
            "spec": {
                "image": {"repository": f"{HOST}/{self.repository}", "tag": "1.4.0-{build}"},
                "bases": [{"reference": BASE}],
                "build": {
                    "type": "None",
                    "baseChange": "Rebase",
                    "rebase": {"from": {"tag": self.source_tag}, "allowRun": self.allow_run},
                },
                "rebuild": {"policy": "Manual" if self.manual else "Automatic"},
            },
            "status": self.status,
        }
        handled = self.status.get("handledRequests", ())
        requests = new_requests(self.annotations, handled, CREATED, self.now, verbs=(REBUILD,))
        observed = Observed(KEY, "u", "1", self.generation, self.status, b"", {}, CREATED)
        base = KnownBase(BASE, base_digest(self.base), "w")
        facts = Facts(observed, ManagedImage.model_validate(document), base, None, requests.new)
        if not needs_registry(facts):
            return facts
        found = Source(source_digest(self.source_tag), base_digest(0), self._next_number(facts))
        return replace(facts, source=found)

    # --- what always holds

    @invariant()
    def numbers_are_unique_and_only_grow(self) -> None:
        numbers = [build["number"] for build in self.status.get("builds", ())]
        assert numbers == sorted(set(numbers), reverse=True)

    @invariant()
    def the_same_inputs_are_built_once(self) -> None:
        done = [
            (build["reference"].rpartition(":")[0], build["sourceDigest"], build["baseDigest"])
            for build in self.status.get("builds", ())
            if build["phase"] == "Succeeded"
        ]
        assert len(done) == len(set(done))

    @invariant()
    def at_most_one_build_is_under_way(self) -> None:
        assert sum(build["phase"] == "Building" for build in self.status.get("builds", ())) <= 1

    @invariant()
    def what_is_offered_is_in_the_registry(self) -> None:
        image = self.status.get("image")
        if image and "build" in image:
            assert self.tags[image["reference"].removeprefix(f"{HOST}/")] == image["digest"]

    @override
    def teardown(self) -> None:
        """Left alone, the image comes to rest on what the spec wants, and then nothing changes any more."""
        self.registry_down = False
        for _ in range(8):
            self._run(crash=None)
        self._is_as_wanted()
        before, outcome = self.status, self.outcome
        self.now += timedelta(hours=1)
        self._run(crash=None)
        assert (self.status, self.outcome) == (before, outcome)

    def _is_as_wanted(self) -> None:
        phase = self.status["phase"]
        if phase == "Current":
            (base,) = self.status["bases"]
            assert base["builtDigest"] == base["latestDigest"] == base_digest(self.base)
            assert self.status["image"]["reference"].startswith(f"{HOST}/{self.repository}:")
            assert self._made_of() == source_digest(self.source_tag)
        elif phase == "Outdated":
            assert self.manual
        else:
            assert phase == "Failed"
            assert not self.allow_run

    def _made_of(self) -> str:
        image = self.status["image"]
        builds = {build["number"]: build["sourceDigest"] for build in self.status.get("builds", ())}
        return str(builds[image["build"]] if "build" in image else image["digest"])


Story.TestCase.settings = settings(max_examples=80, stateful_step_count=25, deadline=None)
TestStory = Story.TestCase
