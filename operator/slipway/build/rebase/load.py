"""Reading images from a registry for a rebase: manifests and configurations only, never a layer."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from slipway.build.rebase.bases import highest_base, labelled_base
from slipway.build.rebase.image import Image, PlatformImage, same_platform
from slipway.build.rebase.place import Place
from slipway.build.rebase.reading import is_attached, parse_platform_image, require_container_image
from slipway.build.rebase.refusal import RebaseRefusedError, RefusalReason
from slipway.oci.errors import ManifestNotFound
from slipway.oci.manifest import Descriptor, ImageIndex, ImageManifest, ManifestV2
from slipway.oci.platform import Platform
from slipway.oci.reference import ImageReference

__all__ = ["find_old_base", "load_image", "read_image"]

_CONFIG_LIMIT = 4 << 20
"""Bytes of a configuration: what registries accept as a manifest, and far above any real one."""
_PLATFORM_LIMIT = 64
"""Images of one index; real ones have up to a dozen, and each costs two requests."""


async def load_image(place: Place, version: str, wanted: Collection[Platform] | None = None) -> Image:
    """Read an image by tag or digest.

    Args:
        place: where it is.
        version: tag or digest.
        wanted: of an index only these platforms are read; all without it.

    Raises:
        RebaseRefusedError: UnsupportedImage or ImageMalformed.
        RegistryError: the registry does not give it.
    """
    manifest = await place.client.get_manifest(place.path, version)
    return await read_image(place, _name(place.repository, version), manifest, wanted)


async def read_image(
    place: Place, name: str, manifest: ManifestV2, wanted: Collection[Platform] | None = None
) -> Image:
    """Read an image whose manifest or index is there already; see `load_image`.

    Args:
        place: where it is.
        name: how messages call it.
        manifest: what a tag or digest names.
        wanted: of an index only these platforms are read; all without it.

    Raises:
        RebaseRefusedError: UnsupportedImage or ImageMalformed.
        RegistryError: the registry does not give the rest of it.
    """
    if isinstance(manifest.content, ImageManifest):
        only = await _load_platform(place, name, manifest.digest, manifest.content, None)
        return Image(name, manifest.digest, (only,), is_index=False)
    entries = _entries(name, manifest.content, wanted)
    parts = [await _load_entry(place, name, entry) for entry in entries]
    annotations = manifest.content.annotations or {}
    return Image(name, manifest.digest, tuple(parts), is_index=True, annotations=annotations)


async def find_old_base(image: Image, place: Place, seen: Sequence[str]) -> Image:
    """The base that an image stands on.

    Args:
        image: the source build.
        place: the repository of the base.
        seen: digests of the base, first seen first; asked beside the label of the image.

    Raises:
        RebaseRefusedError: BaseUnknown when neither the label nor a digest seen is proven by diff IDs.
        RegistryError: the registry fails; a digest that it no longer has only drops out.
    """
    labelled = labelled_base(image, place.repository)
    digests = dict.fromkeys([labelled, *seen] if labelled else seen)
    wanted = [part.platform for part in image.platforms]
    candidates = [found for digest in digests if (found := await _load_if_there(place, digest, wanted))]
    base = highest_base(image, candidates)
    if base is None:
        raise RebaseRefusedError(RefusalReason.BASE_UNKNOWN, _unknown(image, place, len(digests)))
    return base


async def _load_if_there(place: Place, digest: str, wanted: Collection[Platform]) -> Image | None:
    """A candidate; one that is gone, or that can't be read as an image, can't be proven either."""
    try:
        return await load_image(place, digest, wanted)
    except (ManifestNotFound, RebaseRefusedError):
        return None


def _entries(name: str, index: ImageIndex, wanted: Collection[Platform] | None) -> list[Descriptor]:
    images = [entry for entry in index.manifests if not is_attached(entry)]
    entries = [entry for entry in images if _is_wanted(entry, wanted)]
    if not images or len(entries) > _PLATFORM_LIMIT:
        message = f"{name} is an index of {len(entries)} images; 1 to {_PLATFORM_LIMIT} can be rebased"
        raise RebaseRefusedError(RefusalReason.UNSUPPORTED_IMAGE, message)
    return entries


def _is_wanted(entry: Descriptor, wanted: Collection[Platform] | None) -> bool:
    """An entry without a platform is read, since only its configuration tells."""
    if wanted is None or entry.platform is None:
        return True
    return any(same_platform(entry.platform, platform) for platform in wanted)


async def _load_entry(place: Place, name: str, entry: Descriptor) -> PlatformImage:
    manifest = await place.client.get_manifest(place.path, entry.digest)
    if not isinstance(manifest.content, ImageManifest):
        message = f"{name} is an index of indexes, which can't be rebased; push it as one index"
        raise RebaseRefusedError(RefusalReason.UNSUPPORTED_IMAGE, message)
    return await _load_platform(place, name, manifest.digest, manifest.content, entry)


async def _load_platform(
    place: Place, name: str, digest: str, manifest: ImageManifest, entry: Descriptor | None
) -> PlatformImage:
    require_container_image(name, manifest)
    repository = place.path
    config = await place.client.get_blob(repository, manifest.config.digest, _CONFIG_LIMIT)
    return parse_platform_image(name, digest, manifest, config, entry)


def _name(repository: ImageReference, version: str) -> str:
    at_digest = ":" in version
    return str(repository.with_digest(version) if at_digest else repository.with_tag(version))


def _unknown(image: Image, place: Place, tried: int) -> str:
    return (
        f"{image} stands on none of the {tried} digests of {place.repository.name} that its label and the "
        "past name; build it on the present base, or with the label org.opencontainers.image.base.digest"
    )
