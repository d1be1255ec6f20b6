from __future__ import annotations

from slipway.oci.credentials import Credential
from slipway.oci.providers.api import Answer
from slipway.oci.providers.artifactory import _tags
from slipway.oci.results import TagInfo
from tests.support.providers.artifactory import FakeArtifactory
from tests.support.providers.fake import PASSWORD, StoredTag, digest_named, many


async def test_images_below_are_not_taken_for_tags() -> None:
    """The query finds them, for it takes slashes for ordinary letters."""
    below = [StoredTag("v0", digest_named("of the image below"))]
    fake = FakeArtifactory({"local/shop": many(2), "local/shop/api": below})
    async with fake.running() as running:
        tags = await running.provider.list_tags("local/shop")

    assert tags.names == ("v0", "v1")
    assert tags.info("v0").digest == digest_named("v0")
    assert running.provider.answers_by_api


async def test_of_an_index_and_a_manifest_the_index_is_the_tag() -> None:
    """It is what is pulled; the other is the image of one platform."""
    fake = FakeArtifactory({"local/api": many(1)})
    async with fake.running() as running:
        assert (await running.provider.list_tags("local/api")).info("v0").digest == digest_named("v0")


async def test_results_that_were_cut_are_not_used() -> None:
    """Half of the tags with times and half without would change what is the newest."""
    fake = FakeArtifactory({"local/api": many(8)}, limit=7)
    async with fake.running() as running:
        tags = await running.provider.list_tags("local/api")

    assert len(tags) == 8
    assert not any(tag.pushed_at for tag in tags)
    assert running.provider.answers_by_api is False


async def test_the_catalogue_of_one_repository_is_followed_by_position() -> None:
    """Its Links lack the prefix, and would lead to the catalogue of all."""
    names = [f"local/app{number}" for number in range(7)]
    fake = FakeArtifactory({name: many(1) for name in names}, page_size=3)
    async with fake.running(project="local") as running:
        assert (await running.provider.list_repositories()).names == tuple(names)

    assert {seen.path for seen in running.server.seen} == {"/artifactory/api/docker/local/v2/_catalog"}
    assert len(running.server.seen) == 3


async def test_a_token_is_shown_as_a_token() -> None:
    """Without a user name there is no Basic."""
    fake = FakeArtifactory({"local/api": many(1)})
    async with fake.running(credential=Credential.bearer(PASSWORD)) as running:
        await running.provider.list_tags("local/api")

    assert running.server.seen[0].headers["authorization"] == f"Bearer {PASSWORD}"


async def test_without_a_repository_key_artifactory_is_not_asked() -> None:
    """Where the host stands for the repository, nothing tells its key."""
    fake = FakeArtifactory({"api": many(1)})
    async with fake.running() as running:
        await running.provider.list_tags("api")
        await running.provider.list_repositories()

    assert running.server.seen == []


def test_a_tag_of_several_repositories_behind_a_virtual_one_is_known_by_name_alone() -> None:
    """The query finds it in each of them, and does not tell which is served."""
    rows = [
        {"repo": repo, "path": "api/1.0", "name": "manifest.json", "sha256": digit * 64}
        for repo, digit in (("local", "1"), ("remote-cache", "2"))
    ]

    assert _tags(Answer("", {"results": rows}), "api") == {"1.0": TagInfo("1.0")}
    assert _tags(Answer("", {"results": rows[:1]}), "api")["1.0"].digest == "sha256:" + "1" * 64
