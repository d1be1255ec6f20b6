"""Who builds a tag prompts whoever follows it: what each look costs the registry is bounded here."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.warehouse import Artifact, ArtifactImage, Subscription, Warehouse
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.managedimage.view import ManagedImageView, managed_image_key
from slipway.kinds.warehouse import gather as module
from slipway.kinds.warehouse.decide import decide
from slipway.kinds.warehouse.findings import Finding, Found
from slipway.kinds.warehouse.gather import WarehouseGatherer
from slipway.kinds.warehouse.prompts import Prompt, Prompts
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment, Watch
from slipway.kinds.warehouse.view import WarehouseView, followed_topic, warehouse_key
from slipway.kube.client import KubeClient
from tests.support.outside import without_cluster
from tests.unit.engine.support import START, ManualClock

KEY = warehouse_key("shop", "base")
REPOSITORY = "registry.example.com/base/python"
SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)
FIRST, SECOND_BUILD, THIRD, STRANGE = ("sha256:" + letter * 64 for letter in "abcd")


def following(tag: str | None = "3.12", repository: str = REPOSITORY) -> dict[str, Any]:
    """A subscription that follows one tag; without a tag it chooses from all."""
    digest = {"type": "Digest", "digest": {"tag": tag}}
    semver = {"type": "Semver", "semver": {"range": "*"}}
    policy = semver if tag is None else digest
    return {"name": "app", "type": "Image", "image": {"repository": repository, "policy": policy}}


SUBSCRIPTION = Subscription.model_validate(following())


def found(digest: str | None) -> Artifact | None:
    if digest is None:
        return None
    image = ArtifactImage(repository=REPOSITORY, tag="3.12", digest=digest, first_seen_at=START)
    return Artifact(name="app", image=image)


@dataclass
class Claims:
    """ManagedImages that keep the tag, in a store."""

    store: Store = field(default_factory=Store)
    version: int = 0

    def put(
        self, *built: str, uid: str = "builder", source: str | None = None, role: str = "Managed"
    ) -> None:
        """One has built these, newest first; or has but a source build."""
        self.version += 1
        builds = [
            {
                "number": len(built) - place,
                "phase": "Succeeded",
                "reference": f"{REPOSITORY}:1",
                "digest": one,
            }
            for place, one in enumerate(built)
        ]
        newest = {"digest": built[0], "build": len(built)} if built else {"digest": source}
        self.store.put(
            ManagedImageView.from_body(
                {
                    "metadata": {
                        "name": uid,
                        "namespace": "other",
                        "uid": uid,
                        "resourceVersion": str(self.version),
                    },
                    "spec": {
                        "role": role,
                        "image": {"repository": REPOSITORY, "tag": "1-{build}", "floatingTags": ["3.12"]},
                    },
                    "status": {"image": {"reference": f"{REPOSITORY}:1", **newest}, "builds": builds},
                }
            )
        )

    def remove(self, uid: str = "builder") -> None:
        self.version += 1
        self.store.remove(managed_image_key("other", uid), uid, self.version)


# --- what is prompted, and when


@pytest.mark.parametrize(
    ("sentence", "built", "seen", "prompt"),
    [
        ("it has built another", (SECOND_BUILD, FIRST), FIRST, Prompt(START, is_proven=True)),
        ("the last build is what was found", (FIRST,), FIRST, None),
        ("none of its builds was found", (FIRST,), STRANGE, Prompt(START, is_proven=False)),
        ("nothing was found yet", (FIRST,), None, Prompt(START, is_proven=False)),
        ("it has built nothing", (), STRANGE, None),
    ],
)
def test_who_keeps_a_tag_prompts_a_look_when_it_has_built_another(
    sentence: str, built: tuple[str, ...], seen: str | None, prompt: Prompt | None
) -> None:
    """It is proven where what was found is one of its builds."""
    claims = Claims()
    claims.put(*built)
    assert Prompts(claims.store).prompt(SUBSCRIPTION, found(seen), START) == prompt, sentence


@pytest.mark.parametrize(
    ("sentence", "claim"),
    [
        ("it only tracks the tag", {"role": "External"}),
        ("it has but a source build, which may be any image", {"source": SECOND_BUILD}),
    ],
)
def test_who_has_built_nothing_prompts_nobody(sentence: str, claim: dict[str, Any]) -> None:
    """Whatever it says."""
    claims = Claims()
    claims.put(*([] if "source" in claim else [FIRST]), **claim)
    assert Prompts(claims.store).prompt(SUBSCRIPTION, found(STRANGE), START) is None, sentence


@pytest.mark.parametrize(
    ("sentence", "subscription"),
    [
        ("another tag", following("3.13")),
        ("the highest of all tags", following(None)),
        ("another repository", following(repository=f"{REPOSITORY}-slim")),
        ("a branch", {"name": "app", "type": "Git", "git": {"url": "https://git.example.com/a"}}),
    ],
)
def test_who_follows_something_else_is_prompted_by_nobody(
    sentence: str, subscription: dict[str, Any]
) -> None:
    """A claim is one to a tag."""
    claims = Claims()
    claims.put(SECOND_BUILD, FIRST)
    one = Subscription.model_validate(subscription)
    assert Prompts(claims.store).prompt(one, found(FIRST), START) is None, sentence


def test_repository_that_cannot_be_read_is_prompted_by_nobody() -> None:
    """Its look says what is wrong with it."""
    assert SUBSCRIPTION.image is not None
    image = SUBSCRIPTION.image.model_copy(update={"repository": "no image!"})
    one = SUBSCRIPTION.model_copy(update={"image": image})
    assert Prompts(Store()).prompt(one, None, START) is None


def test_builds_that_follow_each_other_closely_prompt_once_a_minute() -> None:
    """The moment that lies ahead serves all that is built until then."""
    claims, moments = Claims(), []
    prompts = Prompts(claims.store)
    built = [FIRST]
    for second in (0, 10, 20, 59, 60, 61, 200):
        built.insert(0, f"sha256:{second:064}")
        claims.put(*built)
        prompt = prompts.prompt(SUBSCRIPTION, found(FIRST), START + second * SECOND)
        assert prompt is not None
        moments.append((prompt.at - START).total_seconds())
    assert moments == [0, 60, 60, 60, 120, 120, 200]


def test_who_is_not_proven_prompts_one_look_whatever_it_builds() -> None:
    """Until the registry serves a build of its."""
    claims = Claims()
    prompts = Prompts(claims.store)
    for minute, built in enumerate([(FIRST,), (SECOND_BUILD, FIRST), (THIRD, SECOND_BUILD, FIRST)]):
        claims.put(*built)
        prompt = prompts.prompt(SUBSCRIPTION, found(STRANGE), START + 5 * minute * MINUTE)
        assert prompt == Prompt(START, is_proven=False)


def test_claim_that_comes_and_goes_finds_the_pause_as_it_left_it() -> None:
    """A deletion is no way around it."""
    claims = Claims()
    prompts = Prompts(claims.store)
    for second in range(0, 120, 5):
        claims.put(FIRST, uid=f"stranger-{second}")
        prompt = prompts.prompt(SUBSCRIPTION, found(STRANGE), START + second * SECOND)
        assert prompt is not None
        assert (prompt.at - START).total_seconds() % 60 == 0
        claims.remove(f"stranger-{second}")
        other = Subscription.model_validate(following(repository=f"{REPOSITORY}-{second}"))
        prompts.prompt(other, None, START + second * SECOND)


def test_clock_that_was_put_back_holds_no_look_up() -> None:
    """A moment that lies further ahead than any pause counts for nothing."""
    claims = Claims()
    prompts = Prompts(claims.store)
    claims.put(SECOND_BUILD, FIRST)
    prompts.prompt(SUBSCRIPTION, found(FIRST), START + timedelta(days=1))
    claims.put(THIRD, SECOND_BUILD, FIRST)
    assert prompts.prompt(SUBSCRIPTION, found(FIRST), START) == Prompt(START, is_proven=True)


STEPS = st.lists(
    st.tuples(
        st.integers(0, 90),
        st.sampled_from("xyz"),
        st.lists(st.sampled_from("abcd"), max_size=3),
        st.booleans(),
    ),
    max_size=30,
)


@given(STEPS)
def test_no_two_looks_at_a_tag_are_prompted_within_a_minute(
    steps: list[tuple[int, str, list[str], bool]],
) -> None:
    """Whoever claims it, builds, goes, and comes back."""
    claims, now, at = Claims(), START, set[datetime]()
    prompts = Prompts(claims.store)
    for seconds, uid, letters, goes in steps:
        now += seconds * SECOND
        if goes:
            claims.remove(uid)
        else:
            claims.put(*("sha256:" + letter * 64 for letter in dict.fromkeys(letters)), uid=uid)
        for seen in (FIRST, STRANGE, None):
            if (prompt := prompts.prompt(SUBSCRIPTION, found(seen), now)) is not None:
                at.add(prompt.at)
    moments = sorted(at)
    assert all(later - earlier >= MINUTE for earlier, later in pairwise(moments))


# --- what comes of it


@dataclass
class FakeWatch:
    """Finds what the registry of the test serves."""

    serves: str
    moments: list[Moment] = field(default_factory=list)

    @property
    def place(self) -> str:
        return REPOSITORY

    async def dependency(self, *, troubled: bool) -> Dependency:
        """Nothing that changes."""
        return Dependency(None)

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """Remember when."""
        self.moments.append(moment)
        image = ArtifactImage(repository=REPOSITORY, tag="3.12", digest=self.serves, first_seen_at=moment.now)
        return Found("app", image)


@dataclass
class Stage:
    """A Warehouse that follows a tag and looks once a day, and who claims the tag."""

    context: Context
    clock: ManualClock
    claims: Claims
    watch: FakeWatch
    body: dict[str, Any]

    def __post_init__(self) -> None:
        self.restart()

    def restart(self) -> None:
        self.gatherer = WarehouseGatherer(self.context)

    async def run(self, after: timedelta = timedelta(0)) -> timedelta:
        """One run so much later; how long until the next."""
        self.clock.seconds += after.total_seconds()
        facts = await self.gatherer.gather(KEY)
        assert facts is not None
        plan = decide(facts, self.clock.now())
        if not plan.keeps_status:
            self.body["status"] = {**plan.status, "observedGeneration": 1}
        assert facts.live is not None
        (watched,) = facts.live.watched
        return watched.schedule.next_look(watched.look, self.clock.now()) - self.clock.now()

    @property
    def looks(self) -> int:
        return len(self.watch.moments)


@pytest.fixture
async def stage(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Stage]:
    """It has found the first build, and nobody claims the tag."""
    watch, claims, clock = FakeWatch(FIRST), Claims(), ManualClock()

    def watch_for(_: Context, _warehouse: Warehouse, _subscription: Subscription) -> Watch:
        return watch

    monkeypatch.setattr(module, "watch_for", watch_for)
    metadata = {"name": "base", "namespace": "shop", "uid": "u1", "resourceVersion": "1", "generation": 1}
    body: dict[str, Any] = {
        "metadata": {**metadata, "creationTimestamp": "2026-11-21T08:00:00Z"},
        "spec": {"subscriptions": [following()], "interval": "24h"},
    }

    class Kube:
        async def get(self, *_: Any) -> dict[str, Any]:
            """The Warehouse."""
            return body

    async with without_cluster(clock=clock) as context:
        stage = Stage(
            replace(context, kube=cast("KubeClient", Kube()), store=claims.store), clock, claims, watch, body
        )
        await stage.run()
        yield stage


async def test_warehouse_looks_at_once_when_a_proven_one_has_built(stage: Stage) -> None:
    """And once it has found the build all is quiet."""
    stage.claims.put(FIRST)
    await stage.run(MINUTE)
    assert stage.looks == 1

    stage.claims.put(SECOND_BUILD, FIRST)
    stage.watch.serves = SECOND_BUILD
    await stage.run(MINUTE)
    assert stage.looks == 2
    assert await stage.run(MINUTE) > 10 * MINUTE
    assert stage.looks == 2


async def test_build_that_the_registry_does_not_serve_costs_one_look(stage: Stage) -> None:
    """Somebody may have put the tag back."""
    stage.claims.put(SECOND_BUILD, FIRST)
    for _ in range(5):
        await stage.run(MINUTE)
    assert stage.looks == 2


async def test_builds_within_a_minute_are_looked_at_together(stage: Stage) -> None:
    """At the end of it, for which it comes back by itself; what others were told since then is as good."""
    stage.claims.put(SECOND_BUILD, FIRST)
    await stage.run(MINUTE)
    heard = stage.clock.now()
    stage.claims.put(THIRD, SECOND_BUILD, FIRST)
    stage.watch.serves = THIRD
    assert await stage.run(20 * SECOND) == 40 * SECOND
    assert stage.looks == 2
    await stage.run(43 * SECOND)
    assert stage.looks == 3
    assert stage.watch.moments[-1].since == heard + MINUTE


async def test_stranger_costs_one_look(stage: Stage) -> None:
    """Whatever it builds after that."""
    for built in ((THIRD,), (STRANGE, THIRD), (SECOND_BUILD, STRANGE, THIRD)):
        stage.claims.put(*built)
        await stage.run(5 * MINUTE)
        await stage.run(5 * MINUTE)
    assert stage.looks == 2


@pytest.mark.parametrize(
    ("sentence", "built", "looks"),
    [("what was built meanwhile is found", (SECOND_BUILD, FIRST), 2), ("no stranger", (THIRD,), 1)],
)
async def test_restart_looks_for_what_is_proven(
    stage: Stage, sentence: str, built: tuple[str, ...], looks: int
) -> None:
    """The operator may have been killed between the build and the look."""
    stage.restart()
    stage.claims.put(*built)
    for _ in range(4):
        await stage.run(SECOND)
    assert stage.looks == looks, sentence


def test_warehouse_listens_to_who_keeps_the_tag_that_it_follows() -> None:
    """In whatever namespace; who chooses from all tags hears nothing."""
    metadata = {"name": "base", "namespace": "shop"}
    view, chooser = (
        WarehouseView.from_body({"metadata": metadata, "spec": {"subscriptions": [one]}})
        for one in (following(), following(None))
    )
    topic = followed_topic("registry.example.com", "base/python", "3.12")
    claims = Claims()
    claims.put(FIRST)
    assert topic in view.listens
    assert topic not in chooser.listens
    assert claims.store.providers(topic) == {managed_image_key("other", "builder")}
