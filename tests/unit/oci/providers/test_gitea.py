from __future__ import annotations

from tests.support.providers.fake import StoredTag, many
from tests.support.providers.gitea import FakeGitea


async def test_packages_whose_names_only_contain_the_text_are_left_out() -> None:
    """The search is for a part of the name, whatever its case."""
    fake = FakeGitea({"shop/api": many(2), "shop/api-docs": many(5), "shop/old-api": many(5)})
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.names == ("v0", "v1")


async def test_untagged_versions_are_left_out() -> None:
    """The images of an index have rows of their own, by their digests."""
    fake = FakeGitea({"shop/api": [StoredTag("1.0"), StoredTag("sha256:" + "a" * 64)]})
    async with fake.running() as running:
        assert (await running.provider.list_tags("shop/api")).names == ("1.0",)


async def test_packages_may_have_slashes_in_their_names() -> None:
    """Only the owner stands in the path."""
    fake = FakeGitea({"shop/apps/api": many(60)})
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/apps/api")

    assert len(tags) == 60
    assert running.provider.answers_by_api


async def test_repositories_come_from_the_catalogue() -> None:
    """The packages API would list them once for each tag."""
    fake = FakeGitea({"shop/api": many(500)})
    async with fake.running(project="shop") as running:
        assert (await running.provider.list_repositories()).names == ("shop/api",)

    assert running.server.seen == []
