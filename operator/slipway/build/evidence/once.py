"""A registry that is asked once for each content, however many look: what a digest names never changes."""

from __future__ import annotations

from collections.abc import AsyncIterator

from slipway.build.evidence.load import EvidenceApi
from slipway.oci.digest import is_digest
from slipway.oci.manifest import Descriptor, ManifestV2

__all__ = ["ReadOnce"]


class ReadOnce:
    """A client of a registry that keeps what it has read by digest; made for one look, and dropped after it.

    A manifest that was asked for by its tag is known by its digest from then on.

    Args:
        client: Is asked for everything else.
    """

    __slots__ = ("_blobs", "_client", "_manifests")

    def __init__(self, client: EvidenceApi) -> None:
        self._client = client
        self._manifests: dict[tuple[str, str], ManifestV2] = {}
        self._blobs: dict[tuple[str, str], bytes] = {}

    async def get_manifest(self, repository: str, reference: str) -> ManifestV2:
        """A manifest by tag or digest, verified."""
        known = self._manifests.get((repository, reference))
        if known is not None:
            return known
        manifest = await self._client.get_manifest(repository, reference)
        self._manifests[repository, reference if is_digest(reference) else manifest.digest] = manifest
        return manifest

    async def get_blob(self, repository: str, digest: str, max_bytes: int) -> bytes:
        """A small blob, verified."""
        known = self._blobs.get((repository, digest))
        if known is None or len(known) > max_bytes:
            known = self._blobs[repository, digest] = await self._client.get_blob(
                repository, digest, max_bytes
            )
        return known

    async def referrers(
        self, repository: str, digest: str, artifact_type: str | None = None
    ) -> tuple[Descriptor, ...]:
        """What refers to a manifest; asked anew each time."""
        return await self._client.referrers(repository, digest, artifact_type)

    async def head_manifest(self, repository: str, reference: str) -> Descriptor:
        """What a tag points at; asked anew each time."""
        return await self._client.head_manifest(repository, reference)

    async def blob_exists(self, repository: str, digest: str) -> bool:
        """Whether a repository holds a blob."""
        return await self._client.blob_exists(repository, digest)

    async def mount_blob(self, repository: str, digest: str, from_repository: str) -> bool:
        """Take over a blob from another repository of the registry."""
        return await self._client.mount_blob(repository, digest, from_repository)

    def stream_blob(self, repository: str, digest: str, size: int) -> AsyncIterator[bytes]:
        """A blob piece by piece."""
        return self._client.stream_blob(repository, digest, size)

    async def upload_blob(
        self, repository: str, digest: str, size: int, source: bytes | AsyncIterator[bytes]
    ) -> None:
        """Store a blob."""
        await self._client.upload_blob(repository, digest, size, source)

    async def put_manifest(self, repository: str, reference: str, manifest: ManifestV2) -> str:
        """Store a manifest under its digest or a tag."""
        return await self._client.put_manifest(repository, reference, manifest)
