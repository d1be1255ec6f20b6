from __future__ import annotations

from slipway.oci.providers.nexus import _component
from tests.support.providers.fake import many
from tests.support.providers.nexus import FakeNexus


async def test_a_tag_that_the_index_does_not_know_yet_is_listed() -> None:
    """By its name alone: the registry has it, so it is there."""
    fake = FakeNexus({"hosted/shop/api": many(3)}, behind=1)
    async with fake.running() as running:
        tags = await running.provider.list_tags("hosted/shop/api")

    assert tags.names == ("v0", "v1", "v2")
    assert tags.info("v1").digest is not None
    assert tags.info("v2").digest is None
    assert running.server.seen[0].target.endswith("?repository=hosted&format=docker&name=shop%2Fapi")


async def test_behind_a_connector_the_search_is_not_asked() -> None:
    """Nothing tells the Nexus repository there."""
    fake = FakeNexus({"api": many(1)})
    async with fake.running() as running:
        assert (await running.provider.list_tags("api")).names == ("v0",)

    assert running.server.seen == []


async def test_what_the_search_does_not_find_comes_from_the_registry() -> None:
    """An empty result says nothing: the index may be off, or the user may not browse."""
    fake = FakeNexus({"hosted/api": many(1)}, behind=1)
    async with fake.running() as running:
        assert (await running.provider.list_tags("hosted/api")).names == ("v0",)

    assert running.provider.answers_by_api is False


def test_only_the_manifest_of_the_tag_counts() -> None:
    """A component may have other assets, or none."""
    checksum = {"sha256": "1" * 64}
    other = {"path": "v2/api/manifests/1.0-rc", "checksum": checksum}

    for assets in ([other], [], None, [{"path": 3}]):
        (tag,) = _component("api", {"id": "a", "name": "api", "version": "1.0", "assets": assets}).tags
        assert (tag.digest, tag.pushed_at) == (None, None)
    manifest = {"path": "v2/api/manifests/1.0", "checksum": checksum, "lastModified": None}
    entry = {"id": "a", "name": "api", "version": "1.0", "assets": [other, manifest]}
    (tag,) = _component("api", entry).tags
    assert tag.digest == "sha256:" + "1" * 64


def test_images_of_another_name_are_left_out() -> None:
    """Older indexes look for words, and find what only looks alike."""
    assert _component("api", {"id": "a", "name": "shop/api", "version": "1.0", "assets": []}).tags == ()
