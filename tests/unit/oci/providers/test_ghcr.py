from __future__ import annotations

import pytest

from slipway.oci.credentials import Credential
from slipway.oci.errors import AccessDenied
from tests.support.providers.fake import PASSWORD, StoredTag, many
from tests.support.providers.ghcr import FakeGitHub

PAT = Credential.bearer(PASSWORD)


async def test_it_is_remembered_whether_an_owner_is_a_user() -> None:
    """A user costs one request more, once."""
    fake = FakeGitHub({"robot/tool": many(1)}, kind="users")
    async with fake.running(credential=PAT) as running:
        for _ in range(3):
            tags = await running.provider.list_tags("robot/tool")

    assert tags.info("v0").digest is not None
    assert [seen.path.split("/")[1] for seen in running.server.seen] == ["orgs", "users", "users", "users"]


async def test_names_with_slashes_are_encoded() -> None:
    """They are one part of the path."""
    fake = FakeGitHub({"shop/apps/api": many(1)})
    async with fake.running(credential=PAT) as running:
        tags = await running.provider.list_tags("shop/apps/api")

    assert running.provider.answers_by_api
    assert len(tags) == 1
    assert "/container/apps%2Fapi/versions" in running.server.seen[0].target


async def test_versions_without_tags_are_passed_over() -> None:
    """A page of nothing else is no circle."""
    fake = FakeGitHub({"shop/api": many(3)}, untagged=250)
    async with fake.running(credential=PAT) as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.names == ("v2", "v1", "v0")
    assert len(running.server.seen) == 3


async def test_two_tags_of_one_version_share_its_digest() -> None:
    """Each is a tag of its own."""
    digest = "sha256:" + "5" * 64
    fake = FakeGitHub({"shop/api": [StoredTag("1.0", digest), StoredTag("latest", digest)]})
    async with fake.running(credential=PAT) as running:
        tags = await running.provider.list_tags("shop/api")

    assert {tag.digest for tag in tags} == {digest}
    assert len(tags) == 2


async def test_the_token_may_stand_beside_a_user_name() -> None:
    """As `docker login` keeps it."""
    fake = FakeGitHub({"shop/api": many(1)}, secret_required=True)
    async with fake.running(credential=Credential.basic("octocat", PASSWORD)) as running:
        await running.provider.list_tags("shop/api")

    assert running.provider.answers_by_api


async def test_without_a_token_github_is_not_asked() -> None:
    """It would refuse, and count it; tags come from the registry, and packages from nowhere."""
    fake = FakeGitHub({"shop/api": many(1)})
    async with fake.running(project="shop") as running:
        assert (await running.provider.list_tags("shop/api")).names == ("v0",)
        with pytest.raises(AccessDenied, match="read:packages"):
            await running.provider.list_repositories()

    assert running.server.seen == []
    assert running.plain.asked == ["shop/api"]


async def test_with_a_token_that_is_not_meant_for_it_github_is_not_asked() -> None:
    """Without one it would answer nothing."""
    fake = FakeGitHub({"shop/api": many(1)})
    async with fake.running(credential=PAT, registry="https://registry.example.com") as running:
        await running.provider.list_tags("shop/api")

    assert running.server.seen == []


async def test_the_owner_is_that_of_the_project_or_the_user() -> None:
    """In lower case, as names in the registry are."""
    fake = FakeGitHub({"robot/tool": many(1)}, kind="users")
    async with fake.running(credential=Credential.basic("Robot", PASSWORD)) as running:
        assert (await running.provider.list_repositories()).names == ("robot/tool",)
