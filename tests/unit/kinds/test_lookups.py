from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Collection, Hashable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any, cast

import pytest

from slipway.charts import ChartRepository, ChartVersion, HttpChart, Listing
from slipway.clock import SystemClock
from slipway.egress import LIBRARY_POLICY
from slipway.git import ANONYMOUS, GitClient, GitCredential, Remote, parse_git_url
from slipway.http import HttpClient
from slipway.kinds.lookups import Lookups
from slipway.oci.cache import RegistryCache
from slipway.oci.client import RegistryClient
from slipway.oci.errors import (
    ManifestNotFound,
    PullLimitReached,
    RegistryError,
    RegistryUnreachable,
    UnsupportedManifest,
)
from slipway.oci.providers.provider import Provider
from slipway.oci.quota import Quota, QuotaKind
from slipway.oci.results import ImageInfo, TagsList

DIGEST = "sha256:" + "a" * 64
OTHER = "sha256:" + "b" * 64
HOST = "registry.example.com"
LONG_AGO = timedelta(minutes=10)
CHART = HttpChart("https://charts.example.com", "api")


@dataclass
class Asked:
    """What registries, git hosts and chart repositories were asked, and what they say."""

    questions: list[str] = field(default_factory=list)
    failure: RegistryError | None = None

    async def take(self, question: str) -> None:
        """One question; others may come while it is answered."""
        self.questions.append(question)
        await asyncio.sleep(0)
        if self.failure is not None:
            raise self.failure


@dataclass(frozen=True)
class Described:
    """The answer to a HEAD."""

    digest: str


@dataclass(eq=False)
class FakeClient:
    """A registry's client; it tells of no quota."""

    asked: Asked
    who: str
    quota: Mapping[QuotaKind, Quota] = field(default_factory=dict)

    def may_pull(self) -> bool:
        """While anything is left."""
        return all(quota.remaining > 0 for quota in self.quota.values())

    async def head_manifest(self, repository: str, tag: str) -> Described:
        """Every tag names one digest."""
        await self.asked.take(f"{self.who}: HEAD {repository}:{tag}")
        return Described(DIGEST)

    async def get_image(self, repository: str, digest: str) -> ImageInfo:
        """Every digest is an image."""
        await self.asked.take(f"{self.who}: GET {repository}@{digest[:8]}")
        return ImageInfo(digest, "any", (("linux/amd64", digest),))

    async def list_tags(self, repository: str) -> TagsList:
        """One tag."""
        await self.asked.take(f"{self.who}: LIST {repository}")
        return TagsList(repository, ("1.0.0",))


@dataclass(frozen=True)
class FakeSource:
    """A registry as one credential sees it."""

    client: RegistryClient
    provider: Provider
    credential_id: str
    host: str = HOST

    @property
    def identity(self) -> Hashable:
        """Host and credential."""
        return (self.host, self.credential_id)


@dataclass
class FakeGit:
    """A git host."""

    asked: Asked

    async def ls_remote(self, remote: Remote, patterns: Collection[str]) -> Mapping[str, str]:
        """One branch."""
        await self.asked.take(f"git: {remote.url} {' '.join(patterns)}")
        return {"refs/heads/main": "a" * 40}


@pytest.fixture
def asked() -> Asked:
    """Nothing yet."""
    return Asked()


@pytest.fixture
async def cache() -> AsyncIterator[RegistryCache]:
    """In memory."""
    async with RegistryCache.open(None) as opened:
        yield opened


@pytest.fixture
async def lookups(asked: Asked, cache: RegistryCache) -> AsyncIterator[Lookups]:
    """With the real cache and nothing real behind it."""
    made = Lookups(SystemClock(), cache, cast("GitClient", FakeGit(asked)))
    yield made
    await made.aclose()


def source(asked: Asked, who: str = "robot") -> FakeSource:
    """What this credential sees."""
    client: Any = FakeClient(asked, who)
    return FakeSource(client, client, who)


def now() -> Any:
    """Nothing older will do."""
    return SystemClock().now()


async def test_what_many_want_is_asked_once(lookups: Lookups, asked: Asked) -> None:
    """Also when they want it at the same time."""
    since = now()
    robot, same = source(asked), source(asked)

    await asyncio.gather(*(lookups.tags(one, "shop/api", since) for one in (robot, same) * 50))
    await asyncio.gather(*(lookups.digest(one, "shop/api", "1.0.0", since) for one in (robot, same) * 50))

    assert asked.questions == ["robot: LIST shop/api", "robot: HEAD shop/api:1.0.0"]


async def test_no_answer_is_shared_between_two_credentials(lookups: Lookups, asked: Asked) -> None:
    """Each asks for itself."""
    since = now()
    for who in ("robot", "stranger"):
        await lookups.tags(source(asked, who), "shop/api", since)
        await lookups.digest(source(asked, who), "shop/api", "1.0.0", since)

    questions = ["LIST shop/api", "HEAD shop/api:1.0.0"]
    assert asked.questions == [f"{who}: {one}" for who in ("robot", "stranger") for one in questions]


async def test_a_stranger_does_not_see_what_is_in_the_cache(
    lookups: Lookups, asked: Asked, cache: RegistryCache
) -> None:
    """Without a HEAD of their own they have to ask the registry, which refuses them."""
    cache.record_image(ImageInfo(DIGEST, "any", (("linux/amd64", DIGEST),)))
    cache.record_seen(HOST, "shop/api", DIGEST, "robot")
    asked.failure = RegistryUnreachable("no way through")

    assert (await lookups.image(source(asked), "shop/api", DIGEST, now())).digest == DIGEST
    assert asked.questions == []
    with pytest.raises(RegistryUnreachable):
        await lookups.image(source(asked, "stranger"), "shop/api", DIGEST, now())


async def test_each_digest_is_read_once(lookups: Lookups, asked: Asked) -> None:
    """However new the answer has to be: a digest never changes."""
    await lookups.digest(source(asked), "shop/api", "1.0.0", now())
    for _ in range(3):
        await lookups.image(source(asked), "shop/api", DIGEST, now())

    assert [one for one in asked.questions if "GET" in one] == ["robot: GET shop/api@sha256:a"]


async def test_without_pulls_only_what_is_known_is_told(
    lookups: Lookups, asked: Asked, cache: RegistryCache
) -> None:
    """The registry is not asked for what is not; tags and digests cost no pull."""
    spent: Any = FakeClient(asked, "robot", {QuotaKind.PULL: Quota(0, 100, now() + timedelta(hours=1))})
    without_pulls = FakeSource(spent, spent, "robot")
    cache.record_image(ImageInfo(DIGEST, "any", ()))
    cache.record_seen(HOST, "shop/api", DIGEST, "robot")

    assert (await lookups.image(without_pulls, "shop/api", DIGEST, now())).digest == DIGEST
    with pytest.raises(PullLimitReached, match="pullBudgetPercent"):
        await lookups.image(without_pulls, "shop/api", OTHER, now())
    assert asked.questions == []
    assert await lookups.digest(without_pulls, "shop/api", "1.0.0", now()) == DIGEST


async def test_tags_and_digests_are_asked_again_when_they_must_be_newer(
    lookups: Lookups, asked: Asked
) -> None:
    """A due poll always asks the registry."""
    for _ in range(2):
        await lookups.tags(source(asked), "shop/api", now())
        await lookups.digest(source(asked), "shop/api", "1.0.0", now())

    assert asked.questions == ["robot: LIST shop/api", "robot: HEAD shop/api:1.0.0"] * 2


async def test_what_a_tag_points_to_is_kept_for_readers(
    lookups: Lookups, asked: Asked, cache: RegistryCache
) -> None:
    """Such as the command line; so is that it is not there."""
    await lookups.digest(source(asked), "shop/api", "1.0.0", now())
    asked.failure = ManifestNotFound("no such tag")
    with pytest.raises(ManifestNotFound):
        await lookups.digest(source(asked), "shop/api", "2.0.0", now())

    found = await cache.fresh_tag(HOST, "shop/api", "1.0.0", "robot")
    missing = await cache.fresh_tag(HOST, "shop/api", "2.0.0", "robot")
    assert found is not None
    assert found.digest == DIGEST
    assert missing is not None
    assert missing.digest is None
    assert await cache.fresh_tag(HOST, "shop/api", "1.0.0", "stranger") is None


async def test_an_error_that_is_no_missing_tag_leaves_the_cache_alone(
    lookups: Lookups, asked: Asked, cache: RegistryCache
) -> None:
    """A registry that is down has not lost its tags."""
    await lookups.digest(source(asked), "shop/api", "1.0.0", now())
    asked.failure = RegistryUnreachable("no way through")
    with pytest.raises(RegistryUnreachable):
        await lookups.digest(source(asked), "shop/api", "1.0.0", now())

    found = await cache.fresh_tag(HOST, "shop/api", "1.0.0", "robot")
    assert found is not None
    assert found.digest == DIGEST


async def test_a_credential_that_is_dropped_leaves_nothing_behind(
    lookups: Lookups, asked: Asked, cache: RegistryCache
) -> None:
    """Its Registry was deleted, or has another one."""
    await lookups.digest(source(asked), "shop/api", "1.0.0", now())

    lookups.forget("robot")

    assert await cache.fresh_tag(HOST, "shop/api", "1.0.0", "robot") is None


async def test_refs_are_shared_by_credential(lookups: Lookups, asked: Asked) -> None:
    """Not between two of them, and not between two policies of egress."""
    url, since = parse_git_url("https://git.example.com/shop/api.git"), now()
    anonymous = Remote(url, ANONYMOUS, LIBRARY_POLICY)
    robot = replace(anonymous, credential=GitCredential(username="robot", password="x"))
    for remote in (anonymous, robot) * 3:
        await lookups.refs(remote, ("HEAD",), since)

    assert len(asked.questions) == 2


async def test_an_index_that_did_not_change_is_not_sent_again(
    lookups: Lookups, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it said last is shown to the server; never what another credential was told."""
    known: list[Listing | None] = []
    version = ChartVersion("1.0.0", None, DIGEST, None, (), deprecated=False)

    async def list_versions(_: ChartRepository, _chart: HttpChart, before: Listing | None = None) -> Listing:
        known.append(before)
        return before or Listing((version,), etag="one")

    monkeypatch.setattr(ChartRepository, "list_versions", list_versions)
    http = cast("HttpClient", object())
    for authorization in ("Basic one", "Basic one", "Basic two"):
        repository = ChartRepository(http, authorization)
        assert await lookups.versions(repository, CHART, now()) == (version,)

    assert known == [None, Listing((version,), etag="one"), None]


async def test_a_digest_that_is_no_image_is_read_once(lookups: Lookups, asked: Asked) -> None:
    """By each credential; every later look is told the same."""
    asked.failure = UnsupportedManifest("it is a chart")

    for _ in range(3):
        with pytest.raises(UnsupportedManifest, match="it is a chart"):
            await lookups.image(source(asked), "shop/api", DIGEST, now())
    with pytest.raises(UnsupportedManifest):
        await lookups.image(source(asked, "stranger"), "shop/api", DIGEST, now())

    assert [question.split(":")[0] for question in asked.questions] == ["robot", "stranger"]


async def test_a_registry_that_failed_is_asked_again(lookups: Lookups, asked: Asked) -> None:
    """It said nothing about the digest."""
    asked.failure = RegistryUnreachable("no connection")
    with pytest.raises(RegistryUnreachable):
        await lookups.image(source(asked), "shop/api", DIGEST, now())
    asked.failure = None

    assert (await lookups.image(source(asked), "shop/api", DIGEST, now())).digest == DIGEST


async def test_what_is_kept_of_images_is_weighed_by_its_texts(
    lookups: Lookups, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A label may have megabytes: a few of those are as much as thousands of usual ones."""
    large = ImageInfo(DIGEST, "any", (("linux/amd64", DIGEST),), labels={"notes": "x" * 7_000_000})

    async def get_image(_: FakeClient, _repository: str, digest: str) -> ImageInfo:
        return replace(large, digest=digest)

    monkeypatch.setattr(FakeClient, "get_image", get_image)
    for number in range(10):
        await lookups.image(source(asked), "shop/api", f"sha256:{number:064}", now())

    assert len(lookups._images) < 4
