"""Floating tags: tags such as `latest` that follow the newest image of a repository."""

from __future__ import annotations

from collections.abc import Iterable

from slipway.build.rebase.place import Place
from slipway.oci.errors import ManifestNotFound, RepositoryNotFound

__all__ = ["point_tags"]


async def point_tags(place: Place, tags: Iterable[str], digest: str) -> None:
    """Have each tag point at a manifest of the same repository; one that does so already is left alone.

    They move one by one. A crash in between leaves the others behind, and doing it again moves just those.

    Args:
        place: the repository.
        tags: what is moved; a tag that is not there yet is made.
        digest: of the manifest or index, which stays as it is, byte by byte.

    Raises:
        ManifestNotFound: the repository does not hold the manifest.
        RegistryError: the registry refuses or fails.
    """
    astray = [tag for tag in tags if await _digest_behind(place, tag) != digest]
    if not astray:
        return
    manifest = await place.client.get_manifest(place.path, digest)
    for tag in astray:
        await place.client.put_manifest(place.path, tag, manifest)


async def _digest_behind(place: Place, tag: str) -> str | None:
    try:
        return (await place.client.head_manifest(place.path, tag)).digest
    except (ManifestNotFound, RepositoryNotFound):
        return None
