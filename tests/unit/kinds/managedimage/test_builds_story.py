"""Random stories of moves, edits, crashes and requests: what must hold of builds and tags in all of them."""

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
from slipway.engine.view import hash_status
from slipway.kinds.managedimage.conclude import conclude, is_overtaken, result_is_gone
from slipway.kinds.managedimage.decide import decide, needs_registry
from slipway.kinds.managedimage.facts import (
    Built,
    Facts,
    GivenUp,
    KnownBase,
    NumberTaken,
    PromoteAction,
    RebaseAction,
    RebaseResult,
    Refused,
    Source,
)
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.words import REBUILD
from tests.support.thoroughness import examples

HOST = "registry.example.com"
BASE = f"{HOST}/base/python:3.12"
CREATED = datetime(2026, 11, 20, tzinfo=UTC)
KEY = Key("managedimages.slipway.dev", "shop", "api")


def base_digest(number: int) -> str:
    return "sha256:" + f"{number:064x}"


def source_digest(tag: str) -> str:
    return "sha256:" + tag.encode().hex().rjust(64, "5")


class KilledError(Exception):
    """The operator was killed."""


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
        self.floating: tuple[str, ...] = ("latest",)
        self.registry_down = False
        self.writes_left: int | None = None
        """Until the operator dies; None when it lives."""

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

    @rule(floating=st.sampled_from([(), ("latest",), ("stable", "latest")]))
    def floating_tags_change(self, floating: tuple[str, ...]) -> None:
        self.floating = floating
        self.generation += 1

    @rule(down=st.booleans())
    def registry_changes(self, *, down: bool) -> None:
        self.registry_down = down

    @rule(taken=st.integers(min_value=1, max_value=6))
    def somebody_pushes(self, taken: int) -> None:
        self.tags.setdefault(f"{self.repository}:1.4.0-{taken}", "sha256:" + "f" * 64)

    @rule(number=st.integers(min_value=1, max_value=6))
    def registry_cleans_up(self, number: int) -> None:
        """A retention policy takes the tag of a build, and so the build, unless it is the image."""
        tag = f"{self.repository}:1.4.0-{number}"
        in_use = (self.status.get("image") or {}).get("digest")
        if self.tags.get(tag) not in {None, in_use, *self._behind_floating_tags()}:
            del self.tags[tag]

    @rule()
    def operator_runs(self) -> None:
        self._run()

    @rule(effects=st.integers(0, 3), number=st.integers(0, 3))
    def operator_dies(self, effects: int, number: int) -> None:
        """Killed after some writes to the registry, and before the status is written."""
        self._run(effects)
        self.base = number

    # --- one run

    def _run(self, dies_after: int | None = None) -> None:
        """One run; it may die after so many writes to the registry."""
        self.now += timedelta(seconds=1)
        self.writes_left = dies_after
        facts = self._facts()
        try:
            plan = self._applied(facts, decide(facts, self.now))
        except KilledError:
            return
        if plan is not None and dies_after is None:
            self.status = {**plan.status, "observedGeneration": self.generation}
            self.outcome = plan.outcome

    def _applied(self, facts: Facts, plan: ImagePlan) -> ImagePlan | None:
        """None for an error that is raised: nothing is recorded, and the same is tried again."""
        match plan.actions:
            case RebaseAction():
                result = self._rebase(facts, plan.actions)
                return None if result is None else conclude(facts, plan, result, self.now)
            case PromoteAction():
                return self._promote(facts, plan, plan.actions)
            case _:
                assert plan.actions is None
                return plan

    def _rebase(self, facts: Facts, action: RebaseAction) -> RebaseResult | None:
        if self.registry_down:
            return GivenUp("RegistryUnreachable", "down") if is_overtaken(facts) else None
        if not action.allow_run:
            return Refused("RunNeedsAllow", "a RUN layer")
        result = "sha256:" + action.source_digest[-8:] + action.base_digest[-8:].rjust(56, "a")
        if self.tags.get(f"{self.repository}:{action.tag}", result) != result:
            return NumberTaken(self._next_number(facts))
        self._point((action.tag, *action.floating_tags), result)
        return Built(result)

    def _promote(self, facts: Facts, plan: ImagePlan, action: PromoteAction) -> ImagePlan | None:
        if self.registry_down:
            return None
        if action.build is not None and action.digest not in self.tags.values():
            return result_is_gone(facts, action.build, self.now)
        self._point(action.floating_tags, action.digest)
        return plan

    def _point(self, tags: tuple[str, ...], digest: str) -> None:
        for tag in tags:
            if self.tags.get(f"{self.repository}:{tag}") == digest:
                continue
            if self.writes_left == 0:
                raise KilledError
            self.writes_left = None if self.writes_left is None else self.writes_left - 1
            self.tags[f"{self.repository}:{tag}"] = digest

    def _next_number(self, facts: Facts) -> int:
        recorded = [build.number for build in facts.image.status.builds]
        ours = [tag for tag in self.tags if tag.startswith(f"{self.repository}:1.4.0-")]
        return max([*recorded, *(int(tag.rpartition("-")[2]) for tag in ours)], default=0) + 1

    def _facts(self) -> Facts:
        document = {
            "metadata": {"name": "api", "namespace": "shop", "generation": self.generation},
            "spec": {
                "image": {
                    "repository": f"{HOST}/{self.repository}",
                    "tag": "1.4.0-{build}",
                    "floatingTags": list(self.floating),
                },
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
        hashed = hash_status(self.status)
        observed = Observed(KEY, "u", "1", self.generation, self.status, hashed, {}, CREATED)
        bases = (KnownBase(BASE, base_digest(self.base), "w"),)
        facts = Facts(observed, ManagedImage.model_validate(document), bases, requests=requests.new)
        if not needs_registry(facts):
            return facts
        found = Source(source_digest(self.source_tag), base_digest(0), self._next_number(facts))
        return replace(facts, source=found)

    def _behind_floating_tags(self) -> set[str]:
        return {digest for tag, digest in self.tags.items() if "1.4.0-" not in tag}

    # --- what always holds

    @invariant()
    def numbers_are_unique_and_only_grow(self) -> None:
        numbers = [build["number"] for build in self.status.get("builds", ())]
        assert numbers == sorted(set(numbers), reverse=True)

    @invariant()
    def no_two_builds_have_the_same_key(self) -> None:
        keys = [build["key"] for build in self.status.get("builds", ())]
        assert len(keys) == len(set(keys))

    @invariant()
    def the_same_inputs_are_built_once(self) -> None:
        """F31: a base that moves again and again costs one build for each of its digests."""
        done = [
            (build["reference"].rpartition(":")[0], build["sourceDigest"], build["bases"][0]["digest"])
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
        for _ in range(10):
            self._run()
        self._is_as_wanted()
        before = self.status, self.outcome, dict(self.tags)
        self.now += timedelta(hours=1)
        self._run()
        assert (self.status, self.outcome, self.tags) == before

    def _is_as_wanted(self) -> None:
        phase = self.status["phase"]
        if phase == "Current":
            (base,) = self.status["bases"]
            assert base["builtDigest"] == base["latestDigest"] == base_digest(self.base)
            assert self.status["image"]["reference"].startswith(f"{HOST}/{self.repository}:")
            assert self._made_of() == source_digest(self.source_tag)
            for tag in self.floating:
                assert self.tags[f"{self.repository}:{tag}"] == self.status["image"]["digest"]
        elif phase == "Outdated":
            assert self.manual
        else:
            assert phase == "Failed"
            assert not self.allow_run

    def _made_of(self) -> str:
        image = self.status["image"]
        builds = {build["number"]: build["sourceDigest"] for build in self.status.get("builds", ())}
        return str(builds[image["build"]] if "build" in image else image["digest"])


Story.TestCase.settings = settings(max_examples=examples(80), stateful_step_count=25, deadline=None)
TestStory = Story.TestCase
