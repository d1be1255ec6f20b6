"""Random stories of base moves, crashes and requests: what must hold of the builds whatever happens."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from typing_extensions import override

from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.engine.reconcile import Observed
from slipway.engine.requests import new_requests
from slipway.kinds.managedimage.decide import REBUILD, conclude, decide, needs_registry
from slipway.kinds.managedimage.facts import Built, Facts, KnownBase, RebaseAction, Source

REPOSITORY = "registry.example.com/shop/api"
BASE = "registry.example.com/base/python:3.12"
SOURCE = "sha256:" + "5" * 64
FIRST_BASE = "sha256:" + f"{0:064x}"


class Story(RuleBasedStateMachine):
    """One ManagedImage, a registry that is a dictionary, an operator that may die between any two writes."""

    def __init__(self) -> None:
        super().__init__()
        self.now = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
        self.status: dict[str, Any] = {"observedGeneration": 1}
        self.base = FIRST_BASE
        self.tags: dict[str, str] = {}
        self.annotations: dict[str, str] = {}
        self.manual = False
        self.digests_by_key: dict[str, set[str]] = {}
        self.highest = 0

    # --- the world

    @rule(number=st.integers(min_value=0, max_value=3))
    def base_moves(self, number: int) -> None:
        self.base = "sha256:" + f"{number:064x}"

    @rule()
    def person_asks(self) -> None:
        self.now += timedelta(seconds=1)
        self.annotations["slipway.dev/rebuild"] = self.now.isoformat()

    @rule(manual=st.booleans())
    def policy_changes(self, manual: bool) -> None:
        self.manual = manual

    @rule()
    def operator_runs(self) -> None:
        self._run(crash=None)

    @rule(crash=st.sampled_from(["before effect", "after effect"]))
    def operator_dies(self, crash: str) -> None:
        self._run(crash=crash)

    # --- one run

    def _run(self, crash: str | None) -> None:
        self.now += timedelta(seconds=1)
        facts = self._facts()
        plan = decide(facts, self.now)
        if plan.actions is not None:
            if crash == "before effect":
                return
            plan = conclude(facts, plan, Built(self._push(plan.actions)), self.now)
        if crash is None:
            self.status = {**plan.status, "observedGeneration": 1}

    def _push(self, action: RebaseAction) -> str:
        result = "sha256:" + action.base_digest[-8:].rjust(64, "a")
        assert self.tags.get(action.tag, result) == result, "a tag is never overwritten"
        self.tags[action.tag] = result
        return result

    def _facts(self) -> Facts:
        document = {
            "metadata": {"name": "api", "namespace": "shop", "generation": 1},
            "spec": {
                "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}"},
                "bases": [{"reference": BASE}],
                "build": {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}},
                "rebuild": {"policy": "Manual" if self.manual else "Automatic"},
            },
            "status": self.status,
        }
        created = datetime(2026, 11, 20, tzinfo=UTC)
        requests = new_requests(
            self.annotations, self.status.get("handledRequests", ()), created, self.now, verbs=(REBUILD,)
        )
        observed = Observed(
            Key("managedimages.slipway.dev", "shop", "api"), "u", "1", 1, self.status, b"", {}, created
        )
        facts = Facts(
            observed,
            ManagedImage.model_validate(document),
            KnownBase(BASE, self.base, "w"),
            None,
            requests.new,
        )
        if not needs_registry(facts):
            return facts
        recorded = [build["number"] for build in self.status.get("builds", ())]
        taken = [int(tag.rpartition("-")[2]) for tag in self.tags]
        number = max([*recorded, *taken], default=0) + 1
        return Facts(observed, facts.image, facts.base, Source(SOURCE, FIRST_BASE, number), requests.new)

    # --- what always holds

    @invariant()
    def numbers_are_unique_and_only_grow(self) -> None:
        numbers = [build["number"] for build in self.status.get("builds", ())]
        assert numbers == sorted(set(numbers), reverse=True)

    @invariant()
    def each_base_is_built_once(self) -> None:
        bases = [build["baseDigest"] for build in self.status.get("builds", ())]
        assert len(bases) == len(set(bases))
        assert len(self.tags) == len(set(self.tags.values()))

    @invariant()
    def at_most_one_build_is_under_way(self) -> None:
        assert sum(build["phase"] == "Building" for build in self.status.get("builds", ())) <= 1

    @invariant()
    def a_current_image_stands_on_its_base(self) -> None:
        if self.status.get("phase") == "Current":
            (base,) = self.status["bases"]
            assert base["builtDigest"] == base["latestDigest"]
            digest = self.status["image"]["digest"]
            assert digest == (
                SOURCE
                if base["builtDigest"] == FIRST_BASE
                else "sha256:" + base["builtDigest"][-8:].rjust(64, "a")
            )

    @override
    def teardown(self) -> None:
        """Left alone with policy Automatic, the image becomes current and then stays as it is."""
        self.manual = False
        for _ in range(5):
            self._run(crash=None)
        assert self.status["phase"] == "Current"
        before = self.status
        self._run(crash=None)
        assert self.status == before


Story.TestCase.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
TestStory = Story.TestCase
