"""Lists, platforms, images and referrers as a real registry has them, which wants a token for each."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest

from dev.registry import Registry
from slipway.oci import Descriptor, ImageConfig, ImageIndex, ImageManifest, ManifestV2, RegistryClient
from slipway.oci.digest import digest_of
from slipway.oci.errors import AuthenticationFailed, BlobNotFound, PlatformNotFound
from slipway.oci.referrers import fallback_tag
from tests.cluster.oci.support import USERS, SmallImage, push, small_image, small_index

CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
BUILT = datetime(2026, 11, 21, 9, tzinfo=UTC)


@pytest.fixture
async def client(token_registry: Registry) -> AsyncIterator[RegistryClient]:
    """A client that may do everything."""
    async with RegistryClient(token_registry.url, username="robot", password=USERS["robot"]) as client:
        yield client


@pytest.fixture
def repository() -> str:
    """A repository that nobody else uses."""
    return f"shop/{uuid.uuid4().hex}"


def _labelled(name: str, architecture: str) -> SmallImage:
    """An image that says when it was built, and of what."""
    layer = name.encode()
    config = ImageConfig(
        os="linux",
        architecture=architecture,
        created=BUILT.isoformat(),
        config={"Labels": {"org.opencontainers.image.source": "https://git.example.com/shop"}},
    ).to_bytes()
    manifest = ImageManifest(
        config=_described(CONFIG_TYPE, config),
        layers=(_described("application/vnd.oci.image.layer.v1.tar", layer),),
    )
    return SmallImage(ManifestV2.of(manifest), (config, layer))


def _described(media_type: str, content: bytes) -> Descriptor:
    return Descriptor(media_type=media_type, digest=digest_of(content), size=len(content))


async def test_repositories_are_listed_to_who_may_see_them(
    client: RegistryClient, repository: str, token_registry: Registry, open_registry: Registry
) -> None:
    """With a token for the catalogue, or without one where everybody may; never without one where not."""
    await push(client, repository, "1.0", small_image("first"))
    assert repository in await client.list_repositories()

    async with RegistryClient(open_registry.url) as anybody:
        await push(anybody, repository, "1.0", small_image("first"))
        found = (await anybody.list_repositories()).search(repository)
        assert found.page(1).pagination.total == 1

    async with RegistryClient(token_registry.url) as stranger:
        with pytest.raises(AuthenticationFailed):
            await stranger.list_repositories()


async def test_an_image_of_an_index_is_told(client: RegistryClient, repository: str) -> None:
    """From the index, one of its images and the configuration of that."""
    amd64, arm64 = _labelled("amd64", "amd64"), _labelled("arm64", "arm64")
    for image in (amd64, arm64):
        await push(client, repository, image.manifest.digest, image)
    index = small_index(("linux/amd64", amd64), ("linux/arm64/v8", arm64))
    await client.put_manifest(repository, "1.0", index)

    assert await client.get_manifest(repository, "1.0", "linux/aarch64") == arm64.manifest
    with pytest.raises(PlatformNotFound, match="linux/amd64, linux/arm64/v8"):
        await client.get_manifest(repository, "1.0", "linux/riscv64")

    info = await client.get_image(repository, await client.head_manifest(repository, "1.0"), "linux/arm64")
    assert info.digest == index.digest
    assert info.platforms == (("linux/amd64", amd64.manifest.digest), ("linux/arm64", arm64.manifest.digest))
    assert info.created_at == BUILT
    assert info.labels == {"org.opencontainers.image.source": "https://git.example.com/shop"}
    assert info.layers == (digest_of(b"arm64"),)
    assert info.size == sum(len(blob) for blob in arm64.blobs)


async def test_blobs_have_a_size(client: RegistryClient, repository: str) -> None:
    """Without being read."""
    image = small_image("first", megabytes=1)
    await push(client, repository, "1.0", image)

    assert await client.get_blob_size(repository, digest_of(image.blobs[1])) == len(image.blobs[1])
    with pytest.raises(BlobNotFound):
        await client.get_blob_size(repository, digest_of(b"nothing"))


async def test_referrers_are_found_under_a_tag(client: RegistryClient, repository: str) -> None:
    """This registry has no API for them: a push maintains an index; that of another client may lack types."""
    image = small_image("first")
    await push(client, repository, "1.0", image)
    subject = image.manifest.digest
    assert await client.referrers(repository, subject) == ()

    await client.upload_blob(repository, digest_of(b"{}"), 2, b"{}")
    signature = ManifestV2.of(
        ImageManifest(
            artifact_type="application/vnd.example.signature",
            config=_described("application/vnd.oci.empty.v1+json", b"{}"),
            subject=image.manifest.descriptor,
        )
    )
    await client.put_manifest(repository, signature.digest, signature)
    (pushed,) = await client.referrers(repository, subject)
    assert (pushed.digest, pushed.artifact_type) == (signature.digest, "application/vnd.example.signature")

    index = ManifestV2.of(ImageIndex(manifests=(signature.descriptor, image.manifest.descriptor)))
    await client.put_manifest(repository, fallback_tag(subject), index)

    (found,) = await client.referrers(repository, subject)
    assert (found.digest, found.artifact_type) == (signature.digest, "application/vnd.example.signature")
    assert await client.referrers(repository, subject, "application/spdx+json") == ()
