from __future__ import annotations

from datetime import UTC, datetime

from tests.support.providers.acr import FakeAcr
from tests.support.providers.fake import StoredTag, many


async def test_a_locked_tag_is_immutable() -> None:
    """Whoever would push it has to take the lock away first."""
    fake = FakeAcr({"shop/api": [StoredTag("1.0.0"), StoredTag("latest")]}, locked=frozenset({"1.0.0"}))
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert {tag.name: tag.immutable for tag in tags} == {"1.0.0": True, "latest": False}


async def test_the_time_of_a_tag_is_that_of_its_last_push() -> None:
    """Not that of the first one; the seventh digit of the second is left out."""
    pushed = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)
    fake = FakeAcr({"shop/api": [StoredTag("latest", pushed=pushed)]})
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert tags.info("latest").pushed_at == pushed.replace(microsecond=123456)


async def test_tokens_are_asked_for_with_the_scopes_of_the_api() -> None:
    """Those of the distribution API open something else."""
    fake = FakeAcr({"shop/api": many(1)}, secret_required=True)
    async with fake.running(credential=fake.credential) as running:
        await running.provider.list_tags("shop/api")
        assert fake.scopes == "repository:shop/api:metadata_read"
        await running.provider.list_repositories()
        assert fake.scopes == "registry:catalog:*"


async def test_tags_are_read_in_the_order_of_names() -> None:
    """What is pushed between two pages moves no other tag from one to the other."""
    fake = FakeAcr({"shop/api": many(15)}, page_size=7)

    def push(fake: FakeAcr, page: int) -> None:
        fake.repositories["shop/api"].append(StoredTag(f"v1-pushed-{page}"))

    fake.changes = push  # type: ignore[assignment]
    async with fake.running() as running:
        tags = await running.provider.list_tags("shop/api")

    assert {f"v{n}" for n in range(15)} <= set(tags.names)
    assert not any("orderby=time" in page.target for page in running.pages)


async def test_the_repositories_are_those_of_the_catalogue() -> None:
    """However many pages it has."""
    fake = FakeAcr({f"shop/api-{n}": many(1) for n in range(5)}, page_size=2)
    async with fake.running() as running:
        catalog = await running.provider.list_repositories()

    assert sorted(catalog.names) == [f"shop/api-{n}" for n in range(5)]
    assert len(running.pages) == 3
