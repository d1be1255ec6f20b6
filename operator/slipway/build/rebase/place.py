"""Where the images of a rebase are: repositories, each with the client that may use it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Protocol

from slipway.oci.manifest import Descriptor, ManifestV2
from slipway.oci.reference import ImageReference

__all__ = ["Place", "Places", "RegistryApi"]


class RegistryApi(Protocol):
    """What a rebase needs of a registry; `slipway.oci.client.RegistryClient` has it."""

    async def get_manifest(self, repository: str, reference: str) -> ManifestV2:
        """A manifest by tag or digest, verified."""

    async def get_blob(self, repository: str, digest: str, max_bytes: int) -> bytes:
        """A small blob, verified."""

    async def head_manifest(self, repository: str, reference: str) -> Descriptor:
        """What a tag points at."""

    async def blob_exists(self, repository: str, digest: str) -> bool:
        """Whether a repository holds a blob."""

    async def mount_blob(self, repository: str, digest: str, from_repository: str) -> bool:
        """Take over a blob from another repository of the registry; False when it was not done."""

    def stream_blob(self, repository: str, digest: str, size: int) -> AsyncIterator[bytes]:
        """A blob piece by piece, verified at its end."""

    async def upload_blob(
        self, repository: str, digest: str, size: int, source: bytes | AsyncIterator[bytes]
    ) -> None:
        """Store a blob."""

    async def put_manifest(self, repository: str, reference: str, manifest: ManifestV2) -> str:
        """Store a manifest under its digest or a tag."""


@dataclass(frozen=True, slots=True)
class Place:
    """A repository, and the client with the credential for it."""

    client: RegistryApi
    """The same object for the same host and credential: only then are blobs mounted."""
    repository: ImageReference
    """Tag and digest in it mean nothing."""

    @property
    def path(self) -> str:
        """The repository within its registry."""
        return self.repository.repository


@dataclass(frozen=True, slots=True)
class Places:
    """Where the images of a rebase are."""

    source: Place
    """Holds the source build."""
    base: Place
    """Holds the old and the new base."""
    target: Place
    """Where the result goes; mostly the same as `source`."""
