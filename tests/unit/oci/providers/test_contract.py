"""What every provider keeps, whatever its vendor's API is like. A new one is one line in `VENDORS`."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import UTC, timedelta

import pytest

from slipway.oci.credentials import ANONYMOUS
from slipway.oci.digest import is_digest
from slipway.oci.errors import (
    AccessDenied,
    InvalidReference,
    ListingIncomplete,
    RateLimited,
    RegistryFailing,
    RepositoryNotFound,
)
from tests.support.providers.acr import FakeAcr
from tests.support.providers.artifactory import FakeArtifactory
from tests.support.providers.dockerhub import FakeDockerHub
from tests.support.providers.ecr import FakeEcr
from tests.support.providers.fake import PASSWORD, FakeVendor, Running, StoredTag, json_reply, many
from tests.support.providers.gar import FakeGar
from tests.support.providers.ghcr import FakeGitHub
from tests.support.providers.gitea import FakeGitea
from tests.support.providers.gitlab import FakeGitLab
from tests.support.providers.harbor import FakeHarbor
from tests.support.providers.nexus import FakeNexus
from tests.support.providers.quay import FakeQuay
from tests.support.raw_server import RawServer, Reply

LATER = (("Retry-After", "3600"),)
"""So late that nobody waits for it."""

AN_HOUR = 3601

HTML = Reply(200, b"<!doctype html><form action=/login>", (("Content-Type", "text/html"),))

# What each status and header means is a table in `test_api.py`; here is one of each kind.
NO_ANSWERS = (
    json_reply({}, 401),
    json_reply({}, 404),
    HTML,
    Reply(200, b"{"),
    json_reply(None),
    json_reply([3]),
    json_reply([{"name": 3}]),
    json_reply({"results": [{"name": 3}], "tags": [{"name": 3}], "items": [{"version": 3}]}),
)

BROKEN_PAGES = (
    (Reply(500, b"oops", LATER), RegistryFailing),
    (Reply(429, b"", LATER), RateLimited),
    (json_reply({"message": "gone"}, 404), ListingIncomplete),
    (json_reply({"results": [1], "tags": [1], "items": [1]}), ListingIncomplete),
    (json_reply("surprise"), ListingIncomplete),
)

RATE_LIMITS = ((("Retry-After", "17"), 17.0), (("X-Retry-After", "4102444800"), 86400.0))


@dataclass(frozen=True)
class Vendor:
    """One provider, and how its vendor differs from the others."""

    fake: Callable[..., FakeVendor]
    requests: int
    """That a repository of 250 tags costs at most."""

    repository: str = "shop/api"
    pages: bool = True
    """Whether its API cuts lists of tags into pages."""

    names_next: bool = True
    """Whether an answer names the URL of the next page, rather than its number or a token."""

    digests: bool = True
    """Whether it tells digests with tags."""

    catalog: bool = True
    """Whether its registry lists repositories where the API does not."""

    needs_secret: bool = False
    """Whether its API answers nobody without a credential."""

    names_by_plain: bool = False
    """Whether the names of tags come from the plain protocol in any case."""


VENDORS = {
    "ACR": Vendor(FakeAcr, requests=1),
    "DockerHub": Vendor(FakeDockerHub, requests=3, catalog=False),
    "ECR": Vendor(FakeEcr, requests=2, names_next=False, needs_secret=True),
    "GAR": Vendor(FakeGar, requests=1, pages=False, names_next=False),
    "GHCR": Vendor(FakeGitHub, requests=3, catalog=False, needs_secret=True),
    "GitLab": Vendor(FakeGitLab, requests=1),
    "Gitea": Vendor(FakeGitea, requests=5, names_next=False, digests=False),
    "Harbor": Vendor(FakeHarbor, requests=3, names_next=False),
    "Quay": Vendor(FakeQuay, requests=3, names_next=False),
    "Nexus": Vendor(FakeNexus, requests=6, names_next=False, names_by_plain=True),
    "Artifactory": Vendor(FakeArtifactory, requests=2, pages=False, names_next=False, names_by_plain=True),
}

vendors = pytest.mark.parametrize("vendor", VENDORS.values(), ids=VENDORS)


def _only(condition: Callable[[Vendor], bool]) -> pytest.MarkDecorator:
    chosen = {name: vendor for name, vendor in VENDORS.items() if condition(vendor)}
    return pytest.mark.parametrize("vendor", chosen.values(), ids=chosen)


def _fake(vendor: Vendor, tags: list[StoredTag], **switches: object) -> FakeVendor:
    fake = vendor.fake({vendor.repository: tags}, **switches)
    fake.secret_required = fake.secret_required or vendor.needs_secret
    return fake


def _running(
    vendor: Vendor, fake: FakeVendor, project: str | None = None
) -> AbstractAsyncContextManager[Running]:
    """With the credential where the vendor needs one."""
    return fake.running(project=project, credential=fake.credential if vendor.needs_secret else ANONYMOUS)


def _told(running: Running) -> bool:
    """Whether the vendor's own API told, and nothing had to be asked twice."""
    return running.provider.answers_by_api is True


@vendors
async def test_all_tags_come_with_digest_and_time(vendor: Vendor) -> None:
    """Digests are digests, and times are aware and those of the vendor."""
    stored = many(3)
    async with _running(vendor, _fake(vendor, stored)) as running:
        tags = await running.provider.list_tags(vendor.repository)

    assert sorted(tags.names) == sorted(tag.name for tag in stored)
    assert _told(running)
    for tag in stored:
        known = tags.info(tag.name)
        assert known.digest == (tag.stored_digest if vendor.digests else None)
        assert known.pushed_at is not None
        assert known.pushed_at.tzinfo is UTC
        assert abs(known.pushed_at - tag.pushed) < timedelta(seconds=1)


@vendors
async def test_lists_are_whole_however_they_are_cut(vendor: Vendor) -> None:
    """Full pages, short pages, and one that just fits: every tag comes once."""
    fake = _fake(vendor, [], page_size=7)
    async with _running(vendor, fake) as running:
        for count in (0, 1, 7, 8, 15):
            fake.repositories[vendor.repository] = stored = many(count)
            tags = await running.provider.list_tags(vendor.repository)
            running.clock.seconds += AN_HOUR

            assert sorted(tags.names) == sorted(tag.name for tag in stored), count


@vendors
async def test_a_repository_of_250_tags_costs_few_requests(vendor: Vendor) -> None:
    """What the table allows, and no more."""
    async with _running(vendor, _fake(vendor, many(250))) as running:
        tags = await running.provider.list_tags(vendor.repository)

    assert len(tags) == 250
    assert len(running.pages) + len(running.plain.asked) <= vendor.requests


@_only(lambda vendor: vendor.pages)
async def test_a_page_that_fails_never_gives_a_part(vendor: Vendor) -> None:
    """The second of three pages fails: nothing is given, and the plain protocol is not asked for less."""
    fake = _fake(vendor, many(20), page_size=7)
    async with _running(vendor, fake) as running:
        for reply, error in BROKEN_PAGES:
            fake.listed, fake.trouble = 0, {2: reply}
            with pytest.raises(error):
                await running.provider.list_tags(vendor.repository)

            assert fake.listed == 2, reply
            running.clock.seconds += AN_HOUR


@vendors
async def test_an_api_that_does_not_answer_is_passed_over(vendor: Vendor) -> None:
    """The plain protocol lists the tags, and the API is left alone for an hour."""
    fake = _fake(vendor, many(2))
    async with _running(vendor, fake) as running:
        for reply in NO_ANSWERS:
            fake.listed, fake.trouble = 0, dict.fromkeys(range(1, 9), reply)
            first = await running.provider.list_tags(vendor.repository)
            asked = fake.listed
            second = await running.provider.list_tags(vendor.repository)
            running.clock.seconds += AN_HOUR

            assert first.names == second.names == ("v0", "v1"), reply
            assert running.provider.answers_by_api is False, reply
            assert 0 < asked == fake.listed, reply

        fake.trouble = {}
        await running.provider.list_tags(vendor.repository)
        assert running.provider.answers_by_api is True


@vendors
async def test_an_api_that_fails_is_not_passed_over(vendor: Vendor) -> None:
    """Without its times another tag could be the newest: an outage must not change the choice."""
    trouble = dict.fromkeys(range(1, 9), Reply(502, b"bad gateway", LATER))
    async with _running(vendor, _fake(vendor, many(2), trouble=trouble)) as running:
        with pytest.raises(RegistryFailing):
            await running.provider.list_tags(vendor.repository)


@vendors
async def test_a_rate_limit_says_how_long_to_wait(vendor: Vendor) -> None:
    """In seconds or as a Unix time, a day at most; and the plain protocol is not asked instead."""
    fake = _fake(vendor, many(2))
    async with _running(vendor, fake) as running:
        for header, wait in RATE_LIMITS:
            fake.listed, fake.trouble = 0, {1: Reply(429, b"slow down", (header,))}
            with pytest.raises(RateLimited) as caught:
                await running.provider.list_tags(vendor.repository)

            assert caught.value.retry_after == wait, header
            running.clock.seconds += AN_HOUR

    assert not running.plain.asked


@vendors
async def test_an_unknown_repository_is_not_found(vendor: Vendor) -> None:
    """By the plain protocol, which can tell it from one that is hidden; and the API is asked again later."""
    unknown = vendor.repository[:-1]
    fake = _fake(vendor, many(1))
    async with _running(vendor, fake) as running:
        for _ in range(2):
            with pytest.raises(RepositoryNotFound):
                await running.provider.list_tags(unknown)

        fake.repositories[unknown] = many(1)
        tags = await running.provider.list_tags(unknown)

    assert tags.info("v0").pushed_at is not None


@vendors
async def test_a_name_that_no_registry_can_have_is_not_sent(vendor: Vendor) -> None:
    """Paths that would lead elsewhere in the API are refused before anything is asked."""
    async with _running(vendor, _fake(vendor, many(1))) as running:
        for name in ("../admin", "shop/api?x=1", "shop/../api", "Shop/API", "", "shop//api", "shop/api#x"):
            with pytest.raises(InvalidReference):
                await running.provider.list_tags(name)

    assert running.server.seen == []


@vendors
async def test_hostile_names_and_digests_are_dropped(vendor: Vendor) -> None:
    """A name that can be no tag is left out; a digest that is none is as if it had not been told."""
    stored = [
        StoredTag("good"),
        StoredTag("../../etc/passwd"),
        StoredTag("<script>"),
        StoredTag("sha256:" + "0" * 64),
        StoredTag("a" * 129),
        StoredTag("odd", digest="sha256:not-hex"),
    ]
    async with _running(vendor, _fake(vendor, stored)) as running:
        tags = await running.provider.list_tags(vendor.repository)

    assert {"good"} <= set(tags.names) <= {"good", "odd"} or vendor.names_by_plain
    assert all(tag.digest is None or is_digest(tag.digest) for tag in tags)


@_only(lambda vendor: vendor.names_next)
async def test_the_next_page_is_followed_only_within_the_origin(vendor: Vendor) -> None:
    """Neither another port nor another scheme gets a request, least of all the secret."""
    async with RawServer(lambda _: json_reply([])) as stranger:
        for following in (f"{stranger.url}/next?last=v1", "https://127.0.0.1/next", "file:///etc/passwd"):
            fake = _fake(vendor, many(20), page_size=7, following=following)
            async with fake.running(credential=fake.credential) as running:
                with pytest.raises(ListingIncomplete):
                    await running.provider.list_tags(vendor.repository)

        assert stranger.seen == []


@_only(lambda vendor: vendor.names_next)
async def test_pages_in_a_circle_have_an_end(vendor: Vendor) -> None:
    """A next page that was there already is no next page."""
    fake = _fake(vendor, many(20), page_size=7)
    async with _running(vendor, fake) as running:
        await running.provider.list_tags(vendor.repository)
        fake.following = running.pages[1].target
        before = len(running.pages)
        with pytest.raises(ListingIncomplete):
            await running.provider.list_tags(vendor.repository)

    assert len(running.pages) - before <= 3


@vendors
async def test_the_secret_is_shown_to_the_api_of_the_registry(vendor: Vendor) -> None:
    """In the form that the vendor documents."""
    fake = _fake(vendor, many(2), secret_required=True)
    async with fake.running(credential=fake.credential) as running:
        tags = await running.provider.list_tags(vendor.repository)

    assert len(tags) == 2
    assert _told(running)


@vendors
async def test_the_secret_is_not_shown_to_an_api_elsewhere(vendor: Vendor) -> None:
    """A Secret that does not name the host of the API is not sent there: it is asked without, if at all."""
    fake = _fake(vendor, many(2), secret_required=True)
    async with fake.running(credential=fake.credential, registry="https://registry.example.com") as running:
        tags = await running.provider.list_tags(vendor.repository)

    assert tags.names == ("v0", "v1")
    assert running.provider.answers_by_api is False
    assert not any("authorization" in seen.headers for seen in running.server.seen)
    assert not any(PASSWORD.encode() in seen.body for seen in running.server.seen)


@vendors
async def test_errors_do_not_tell_the_secret(vendor: Vendor) -> None:
    """Not even when the API says it back."""
    fake = _fake(vendor, many(2))
    trouble = json_reply({"message": f"password {PASSWORD} is wrong"}, 500, LATER)
    fake.trouble = dict.fromkeys(range(1, 9), trouble)
    async with fake.running(credential=fake.credential) as running:
        with pytest.raises(RegistryFailing) as caught:
            await running.provider.list_tags(vendor.repository)

    assert PASSWORD not in str(caught.value)


@vendors
async def test_repositories_are_those_of_the_project(vendor: Vendor) -> None:
    """All of them, and none of a neighbour whose name only begins alike."""
    project = vendor.repository.partition("/")[0]
    inside = [f"{project}/{name}" for name in ("api", "web", "worker")]
    fake = vendor.fake({name: many(1) for name in [*inside, f"{project}2/api", "other/api"]}, page_size=2)
    async with _running(vendor, fake, project) as running:
        catalog = await running.provider.list_repositories()

    assert sorted(catalog.names) == inside


@vendors
async def test_repositories_come_from_the_plain_protocol_where_the_api_is_silent(vendor: Vendor) -> None:
    """Where the registry has a catalogue; where it has none, the error says what to do."""
    project = vendor.repository.partition("/")[0]
    fake = _fake(vendor, many(1), trouble=dict.fromkeys(range(1, 9), json_reply({}, 403)))
    async with _running(vendor, fake, project) as running:
        if vendor.catalog:
            assert (await running.provider.list_repositories()).names == (vendor.repository,)
        else:
            with pytest.raises(AccessDenied, match="project"):
                await running.provider.list_repositories()
            assert running.plain.asked == []
