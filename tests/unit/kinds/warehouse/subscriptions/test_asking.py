from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, cast
from unittest.mock import patch

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.api.warehouse import Artifact, ArtifactImage, Warehouse
from slipway.egress import circuit
from slipway.kinds.context import Context
from slipway.kinds.lookups import Lookups
from slipway.kinds.registry.access import Access
from slipway.kinds.warehouse.findings import Finding, Found
from slipway.kinds.warehouse.questions import Describe, Question, Resolve
from slipway.kinds.warehouse.subscriptions.asking import Asking
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Moment, Watch
from slipway.oci.errors import ManifestNotFound
from slipway.oci.results import ImageInfo, TagInfo, TagsList
from tests.support import faults
from tests.support.faults import Endpoint, Fault, FaultyRegistry, stored_image
from tests.support.outside import without_cluster
from tests.unit.engine.support import START

REPOSITORY = "shop/api"
SEMVER: dict[str, Any] = {"type": "Semver", "semver": {"range": "*"}}
FOLLOW: dict[str, Any] = {"type": "Digest", "digest": {"tag": "1.0.0"}}
NEWEST: dict[str, Any] = {"type": "Newest"}


def watch(context: Context, registry: FaultyRegistry, policy: dict[str, Any], **spec: Any) -> Watch:
    """Of one subscription to the repository."""
    image = {"repository": f"{registry.host}/{REPOSITORY}", "policy": policy}
    subscriptions = [{"name": "app", "type": "Image", "image": image}]
    metadata = {"name": "api", "namespace": "shop"}
    warehouse = Warehouse.model_validate(
        {"metadata": metadata, "spec": {"subscriptions": subscriptions, **spec}}
    )
    return watch_for(context, warehouse, warehouse.spec.subscriptions[0])


async def look(
    context: Context,
    watch: Watch,
    before: Artifact | None = None,
    last: Found | None = None,
    now: datetime | None = None,
) -> Finding:
    """One look, for which everything is asked anew."""
    since = context.clock.now()
    try:
        return await watch.look(Moment(now or since, since, last=last), before)
    except FORESEEN as error:
        return trouble_of("app", error)


def told(finding: Finding, before: Artifact | None) -> Artifact | None:
    """What the status says after a look."""
    if not isinstance(finding, Found):
        return before
    assert isinstance(finding.content, ArtifactImage)
    tags = finding.choice.tags if finding.choice is not None else None
    return Artifact(name="app", image=finding.content, tags=tags, seen=finding.ripening.seen)


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with two versions."""
    with FaultyRegistry() as running:
        for tag in ("1.0.0", "1.1.0"):
            running.shelf.put(REPOSITORY, tag, stored_image(tag))
        yield running


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """Anonymous access."""
    async with without_cluster() as made:
        yield made


@pytest.mark.parametrize("policy", [SEMVER, FOLLOW, NEWEST], ids=["a range", "a tag", "the newest"])
async def test_what_rests_on_the_same_answers_stays(
    context: Context, registry: FaultyRegistry, policy: dict[str, Any]
) -> None:
    """The choice is not made again; the registry is asked what the tags name all the same."""
    watching = watch(context, registry, policy)
    first = await look(context, watching)
    known = await look(context, watching, told(first, None))
    assert isinstance(known, Found)
    before = len(registry.seen)

    assert await look(context, watching, told(first, None), known) is known
    assert {seen.method for seen in registry.seen[before:] if "/manifests/" in seen.path} == {"HEAD"}


async def test_what_time_may_change_rests_on_no_evidence(context: Context, registry: FaultyRegistry) -> None:
    """The same answers come to another choice when something is old enough."""
    found = await look(context, watch(context, registry, SEMVER, minimumAge="1h"))

    assert isinstance(found, Found)
    assert found.evidence is None


async def test_what_could_not_be_described_is_asked_for_again(
    context: Context, registry: FaultyRegistry
) -> None:
    """Another look may learn of its platforms."""
    registry.play(faults.status(403), on=Endpoint.MANIFEST_GET)
    found = await look(context, watch(context, registry, SEMVER))

    assert isinstance(found, Found)
    assert found.evidence is None


async def test_a_quota_that_runs_low_is_told_at_once(context: Context, registry: FaultyRegistry) -> None:
    """The choice is the same, but what is told beside it is not."""
    watching = watch(context, registry, SEMVER)
    first = await look(context, watching)
    known = await look(context, watching, told(first, None))
    assert isinstance(known, Found)
    earlier = replace(known, throttled="a fifth is left")

    assert await look(context, watching, told(first, None), earlier) == known


# --- what a finding rests on


@dataclass
class FakeLookups:
    """Knows what the test says."""

    digests: dict[str, str] = field(default_factory=dict)
    broken: set[str] = field(default_factory=set)
    listing: TagsList = field(default_factory=lambda: TagsList(REPOSITORY))

    async def tags(self, *_: object) -> TagsList:
        """The listing."""
        return self.listing

    async def digest(self, _access: object, _path: str, tag: str, _since: datetime) -> str:
        """What a tag names."""
        if tag not in self.digests:
            raise ManifestNotFound(tag)
        return self.digests[tag]

    async def image(self, _access: object, _path: str, digest: str, _since: datetime) -> ImageInfo:
        """What is known of a digest."""
        if digest in self.broken:
            raise ManifestNotFound(digest)
        return ImageInfo(digest, "application/vnd.oci.image.manifest.v1+json")


def asking(lookups: FakeLookups) -> Asking:
    """By one look."""
    moment = Moment(START, START)
    return Asking(cast("Lookups", lookups), cast("Access", None), REPOSITORY, moment)


LISTED = TagsList.of(REPOSITORY, [TagInfo("1.0.0", "sha256:a"), TagInfo("1.1.0", pushed_at=START)])


async def test_a_finding_rests_on_the_list_and_on_what_the_asked_tags_name() -> None:
    """While both are the same, it holds."""
    lookups = FakeLookups({"1.1.0": "sha256:b"}, listing=LISTED)
    look = asking(lookups)
    await look.answer(Resolve(("1.0.0", "1.1.0")), LISTED)
    evidence = look.evidence(LISTED)

    assert evidence is not None
    assert evidence.digests == (("1.1.0", "sha256:b"),)
    assert await asking(lookups).confirms(evidence)


CHANGES: dict[str, FakeLookups] = {
    "a tag moved": FakeLookups({"1.1.0": "sha256:c"}, listing=LISTED),
    "a tag is gone": FakeLookups({}, listing=LISTED),
    "a tag came": FakeLookups(
        {"1.1.0": "sha256:b"}, listing=TagsList.of(REPOSITORY, [*LISTED, TagInfo("1.2.0")])
    ),
    "a listed digest is another": FakeLookups(
        {"1.1.0": "sha256:b"},
        listing=TagsList.of(REPOSITORY, [TagInfo("1.0.0", "sha256:c"), TagInfo("1.1.0", pushed_at=START)]),
    ),
    "a tag was pushed again": FakeLookups(
        {"1.1.0": "sha256:b"},
        listing=TagsList.of(
            REPOSITORY, [TagInfo("1.0.0", "sha256:a"), TagInfo("1.1.0", pushed_at=START + timedelta(1))]
        ),
    ),
}


@pytest.mark.parametrize("after", CHANGES.values(), ids=CHANGES)
async def test_whatever_the_registry_says_otherwise_takes_its_ground_away(after: FakeLookups) -> None:
    """In the list, in what it tells of a tag, or in what a tag names."""
    look = asking(FakeLookups({"1.1.0": "sha256:b"}, listing=LISTED))
    await look.answer(Resolve(("1.1.0",)), LISTED)
    evidence = look.evidence(LISTED)
    assert evidence is not None

    assert not await asking(after).confirms(evidence)


@pytest.mark.parametrize(
    "question",
    [Resolve(("2.0.0",)), Describe(("sha256:a",))],
    ids=["no manifest", "a broken image"],
)
async def test_what_was_missing_may_come_without_a_change_of_the_list(question: Question) -> None:
    """So nothing rests on what the registry did not have."""
    look = asking(FakeLookups(broken={"sha256:a"}))
    await look.answer(question, LISTED)

    assert look.evidence(LISTED) is None


async def test_what_is_too_much_to_compare_is_judged_anew() -> None:
    """Lists of more than ten thousand tags, and more than 64 answers about tags."""
    many = tuple(f"1.{number}.0" for number in range(10_001))
    assert asking(FakeLookups()).evidence(TagsList(REPOSITORY, many)) is None
    assert asking(FakeLookups()).evidence(TagsList(REPOSITORY, many[:-1])) is not None

    for count, is_known in ((64, True), (65, False)):
        look = asking(FakeLookups(dict.fromkeys(many[:count], "sha256:a")))
        await look.answer(Resolve(many[:count]), TagsList(REPOSITORY))
        assert (look.evidence(LISTED) is not None) is is_known


# --- the oracle


FAULTS: list[tuple[Fault, Endpoint]] = [
    (faults.status(503), Endpoint.LIST),
    (faults.status(404), Endpoint.MANIFEST_HEAD),
    (faults.status(500), Endpoint.MANIFEST_HEAD),
    (faults.status(403), Endpoint.MANIFEST_GET),
]
STEPS = st.one_of(
    st.sampled_from(FAULTS),
    st.sampled_from(["nothing", "heal", "push", "move the newest", "move the oldest", "delete the newest"]),
)


@given(st.sampled_from([SEMVER, FOLLOW, NEWEST]), st.lists(STEPS, min_size=4, max_size=8))
@settings(max_examples=12, deadline=None)
def test_a_look_that_remembers_finds_what_one_without_memory_finds(
    policy: dict[str, Any], steps: list[tuple[Fault, Endpoint] | str]
) -> None:
    """Whatever the registry does between two looks."""
    with patch.object(circuit, "SHORTEST", 0.0):
        asyncio.run(_the_same(policy, steps))


async def _the_same(policy: dict[str, Any], steps: list[tuple[Fault, Endpoint] | str]) -> None:
    with FaultyRegistry() as registry:
        async with without_cluster() as context:
            watching = watch(context, registry, policy)
            before: Artifact | None = None
            for number, step in enumerate(["push", "push", *steps, "heal", "push"]):
                known = await look(context, watching, before)
                _play(registry, step, number)
                now, last = context.clock.now(), known if isinstance(known, Found) else None
                found = await look(context, watching, before, now=now)
                quick = await look(context, watching, before, last, now)

                assert quick == found, step
                before = told(found, before)


def _play(registry: FaultyRegistry, step: tuple[Fault, Endpoint] | str, number: int) -> None:
    kept = registry.shelf.tags(REPOSITORY)
    image = stored_image(f"image {number}", created=f"2026-01-02T03:04:{number:02}Z")
    match step:
        case (fault, endpoint):
            registry.play(fault, on=endpoint)
        case "heal":
            registry.heal()
        case "push":
            registry.shelf.put(REPOSITORY, f"1.{number}.0", image)
        case "move the newest" if kept:
            registry.shelf.put(REPOSITORY, kept[-1], image)
        case "move the oldest" if kept:
            registry.shelf.put(REPOSITORY, kept[0], image)
        case "delete the newest" if kept:
            registry.shelf.delete_tag(REPOSITORY, kept[-1])
        case _:
            pass
