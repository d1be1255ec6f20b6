"""A real registry with files that it has not written itself."""

from __future__ import annotations

import json
from pathlib import Path

from dev.populate import Contents, numbered, populate
from dev.registry import Registry
from slipway.oci import ImageConfig, ImageManifest, RegistryClient
from tests.cluster.oci.support import ask_on_the_wire, tag_names
from tests.support.images import push_image


async def test_a_registry_serves_what_was_written(registry: Registry) -> None:
    """Repositories, tags in pages, manifests by tag and digest, and configurations; while it runs."""
    tags = tuple(f"1.{number}.0" for number in range(1200))
    digests = populate(registry.storage, [*numbered(3, 50), Contents("bench/large", tags, own=5)])

    async with RegistryClient(registry.url) as client:
        assert await tag_names(client, "bench/app-0002") == tuple(sorted(f"1.{n}.0" for n in range(50)))
        assert sorted(await tag_names(client, "bench/large")) == sorted(tags)
        heads = [(await client.head_manifest("bench/large", tag)).digest for tag in tags[-7:]]
        oldest = await client.head_manifest("bench/large", tags[0])
        newest = await client.get_manifest("bench/large", tags[-1])
        assert isinstance(newest.content, ImageManifest)
        config = await client.get_blob("bench/large", newest.content.config.digest, 1 << 20)

    assert len(set(heads)) == 6
    assert heads[0] == heads[1] == oldest.digest
    assert heads[-1] == newest.digest == digests["bench/large"]
    assert ImageConfig.parse(config).created == "2026-01-01T00:05:00+00:00"
    catalog = json.loads(ask_on_the_wire(registry.url, "GET", "/v2/_catalog", {}).body)
    assert catalog["repositories"] == ["bench/app-0000", "bench/app-0001", "bench/app-0002", "bench/large"]


async def test_the_newest_tag_can_be_moved_and_followed_by_newer_ones(registry: Registry) -> None:
    """The older ones stay what they are."""
    populate(registry.storage, numbered(1, 3))
    async with RegistryClient(registry.url) as client:
        before = [(await client.head_manifest("bench/app-0000", f"1.{n}.0")).digest for n in range(3)]

        moved = push_image(registry.url, "bench/app-0000", "1.2.0", label="moved")
        newer = push_image(registry.url, "bench/app-0000", "1.3.0", label="newer")

        after = [(await client.head_manifest("bench/app-0000", f"1.{n}.0")).digest for n in range(4)]
    assert after == [*before[:2], moved, newer]


def test_a_registry_keeps_its_files_where_it_is_told(tmp_path: Path) -> None:
    """In memory, for instance."""
    with Registry(parent=tmp_path) as registry:
        push_image(registry.url, "shop/api", "1")
        assert registry.storage.is_relative_to(tmp_path)
        assert any(registry.storage.rglob("link"))

    assert list(tmp_path.iterdir()) == []
