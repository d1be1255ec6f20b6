from __future__ import annotations

from datetime import UTC, datetime

from tests.support.providers.fake import EPOCH, StoredTag, many
from tests.support.providers.harbor import FakeHarbor


async def test_nested_names_are_encoded_twice() -> None:
    """Once for the path, once for a proxy before Harbor that decodes it."""
    fake = FakeHarbor({"shop/apps/api": many(1)})
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/apps/api")

    assert running.provider.answers_by_api
    assert len(tags) == 1
    assert "/repositories/apps%252Fapi/artifacts?" in running.server.seen[0].target


async def test_several_tags_of_one_artifact_are_one_entry() -> None:
    """Each has the digest, a time of its own, and what the registry promises."""
    digest = "sha256:" + "7" * 64
    fake = FakeHarbor({"shop/api": [StoredTag("1.0", digest), StoredTag("latest", digest)]}, immutable=True)
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.names == ("1.0", "latest")
    for tag in tags:
        assert (tag.digest, tag.pushed_at, tag.immutable, tag.size) == (digest, EPOCH, True, 2048)
        assert tag.created_at == datetime(2025, 12, 31, tzinfo=UTC)


async def test_without_a_project_all_repositories_are_listed() -> None:
    """As many as the user sees."""
    fake = FakeHarbor({"shop/api": many(1), "team/web": many(1)}, page_size=1)
    async with fake.running() as running:
        assert (await running.provider.list_repositories()).names == ("shop/api", "team/web")

    assert running.provider.answers_by_api


async def test_a_project_may_be_a_path_within_one_of_harbor_s() -> None:
    """Harbor lists its own project, and what is not below the path is left out."""
    fake = FakeHarbor({"shop/apps/api": many(1), "shop/web": many(1)})
    async with fake.running(project="shop/apps") as running:
        assert (await running.provider.list_repositories()).names == ("shop/apps/api",)

    assert running.server.seen[0].path == "/api/v2.0/projects/shop/repositories"


async def test_a_name_without_a_project_is_not_asked_for() -> None:
    """Harbor has none."""
    fake = FakeHarbor({"api": many(1)})
    async with fake.running() as running:
        await running.provider.list_tags("api")

    assert running.server.seen == []
