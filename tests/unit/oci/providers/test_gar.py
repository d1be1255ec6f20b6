from __future__ import annotations

from datetime import timedelta

import pytest
from typing_extensions import override

from slipway.oci.credentials import Credential
from slipway.oci.errors import ListingIncomplete
from slipway.oci.providers.access import Access
from slipway.oci.providers.gar import GAR
from tests.support.providers.fake import EPOCH, StoredTag, digest_named, json_reply, many
from tests.support.providers.gar import FakeGar


class _Nowhere(FakeGar):
    """A registry whose host does not say where it is."""

    @override
    def product(self, access: Access, url: str) -> GAR:
        return GAR(access, url)


IMAGE = "acme/images/team/api"


@pytest.mark.parametrize("as_text", [False, True], ids=["as numbers", "as texts"])
async def test_the_map_of_manifests_tells_digest_time_and_size(as_text: bool) -> None:
    """In both generations of the registry; the year 1970 is no time of a build."""
    fake = FakeGar({IMAGE: [StoredTag("v1", pushed=EPOCH + timedelta(days=1))]}, as_text=as_text)
    async with fake.running() as running:
        tag = (await running.provider.list_tags(IMAGE)).info("v1")

    assert tag.digest == digest_named("v1")
    assert tag.pushed_at == EPOCH + timedelta(days=1)
    assert tag.created_at is None
    assert tag.size == 1024


async def test_a_tag_that_the_map_does_not_know_is_listed_all_the_same() -> None:
    """The list of tags counts; the map only tells more."""
    body = {"tags": ["v1", "v2"], "manifest": {digest_named("v1"): {"tag": ["v1"]}, "sha256:odd": {"tag": 3}}}
    fake = FakeGar({IMAGE: many(1)}, trouble={1: json_reply(body)})
    async with fake.running() as running:
        tags = await running.provider.list_tags(IMAGE)

    assert tags.names == ("v1", "v2")
    assert tags.info("v2").digest is None


async def test_more_tags_than_one_answer_has_come_from_the_other_api(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the digests of there, and the times of the map where both agree."""
    monkeypatch.setattr("slipway.oci.providers.gar._MOST_TAGS", 5)
    fake = FakeGar({IMAGE: many(12)}, page_size=4)
    async with fake.running(credential=fake.credential) as running:
        tags = await running.provider.list_tags(IMAGE)

    assert sorted(tags.names) == sorted(f"v{n}" for n in range(12))
    assert all(tag.digest == digest_named(tag.name) for tag in tags)
    assert {tag.name for tag in tags if tag.pushed_at is not None} == {f"v{n}" for n in range(5)}
    assert len(running.pages) == 4


async def test_a_tag_that_moved_meanwhile_has_no_time() -> None:
    """The time of the map is that of the digest it had."""
    known = {
        "tags": ["v0"],
        "manifest": {digest_named("old"): {"tag": ["v0"], "timeUploadedMs": "1767225600000"}},
    }
    first = json_reply(known, headers=[("Link", "</next>; rel=next")])
    fake = FakeGar({IMAGE: many(1)}, trouble={1: first})
    async with fake.running(credential=fake.credential) as running:
        tag = (await running.provider.list_tags(IMAGE)).info("v0")

    assert (tag.digest, tag.pushed_at) == (digest_named("v0"), None)


@pytest.mark.parametrize(
    "credential",
    [Credential.basic("_json_key", "{}"), Credential.basic("robot", "password"), Credential.bearer("token")],
    ids=["a key as a password", "a password", "a token"],
)
async def test_a_list_that_may_be_cut_is_never_given(
    credential: Credential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without an access token nobody tells the rest: the error says what would help."""
    monkeypatch.setattr("slipway.oci.providers.gar._MOST_TAGS", 5)
    async with FakeGar({IMAGE: many(12)}).running(credential=credential) as running:
        with pytest.raises(ListingIncomplete, match=r"key\.json"):
            await running.provider.list_tags(IMAGE)

    assert not any("authorization" in seen.headers for seen in running.server.seen)


@pytest.mark.parametrize("project", ["acme", "acme/images", "acme/images/team"])
async def test_the_images_below_a_project_are_listed(project: str) -> None:
    """By the packages of each repository for containers, with slashes in names taken back."""
    names = [IMAGE, "acme/images/web", "acme/base/python", "other/images/api"]
    fake = FakeGar({name: many(1) for name in names}, page_size=1)
    async with fake.running(project=project, credential=fake.credential) as running:
        catalog = await running.provider.list_repositories()

    assert set(catalog.names) == {name for name in names if name.startswith(f"{project}/")}
    assert all(one.updated_at == EPOCH for one in catalog)
    assert running.plain.asked == []
    assert not any("wheels/packages" in page.target for page in running.pages)


async def test_without_a_project_or_a_location_the_plain_protocol_is_asked() -> None:
    """The API lists below a project at a location, and gcr.io names none."""
    fake = FakeGar({IMAGE: many(1)})
    async with fake.running(credential=fake.credential) as running:
        await running.provider.list_repositories()
        assert running.plain.asked == ["catalog"]

    fake = _Nowhere({IMAGE: many(1)})
    async with fake.running(project="acme", credential=fake.credential) as running:
        await running.provider.list_repositories()
        assert running.plain.asked == ["catalog"]
    assert running.server.seen == []


async def test_an_access_token_is_not_shown_for_a_registry_elsewhere() -> None:
    """The API of Google would take it; but it came from somebody who names another host."""
    fake = FakeGar({IMAGE: many(1)})
    async with fake.running(
        project="acme", credential=fake.credential, registry="https://registry.example.com"
    ) as running:
        await running.provider.list_repositories()

    assert running.server.seen == []
    assert running.plain.asked == ["catalog"]


async def test_an_access_token_is_shown_to_google_for_its_own_registries() -> None:
    """Which are on other hosts than the API."""
    fake = FakeGar({IMAGE: many(1)})
    async with fake.running(
        project="acme", credential=fake.credential, registry="https://europe-west4-docker.pkg.dev"
    ) as running:
        catalog = await running.provider.list_repositories()

    assert catalog.names == (IMAGE,)
    assert all(one.headers["authorization"] == f"Bearer {fake.credential.password}" for one in running.pages)
