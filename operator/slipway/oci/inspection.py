"""Reads what `images.py` puts together: each document once, and nothing that is not needed."""

from __future__ import annotations

from typing import Final

from slipway.oci.blobs import Blobs
from slipway.oci.errors import PlatformNotFound
from slipway.oci.images import config_descriptor, image_info
from slipway.oci.manifest import Descriptor, ImageConfig, ManifestV2
from slipway.oci.manifests import Manifests
from slipway.oci.platform import Platform, runnable
from slipway.oci.resolution import Resolution, resolve
from slipway.oci.results import ImageInfo

__all__ = ["Inspection"]

_CONFIG_BYTES: Final = 8 * 1024 * 1024


class Inspection:
    """The images of one registry."""

    def __init__(self, manifests: Manifests, blobs: Blobs) -> None:
        self._manifests = manifests
        self._blobs = blobs

    async def resolve(self, repository: str, manifest: ManifestV2, platform: Platform | None) -> Resolution:
        """The image for a platform, or the first one."""
        flow = resolve(manifest, platform)
        try:
            wanted = next(flow)
            while True:
                wanted = flow.send(await self._manifests.get(repository, wanted.digest))
        except StopIteration as done:
            chosen: Resolution = done.value
            return chosen

    async def image(
        self, repository: str, reference: str | Descriptor, platform: Platform | None
    ) -> ImageInfo:
        """What is known of an image."""
        version = reference if isinstance(reference, str) else reference.digest
        manifest = await self._manifests.get(repository, version)
        chosen = await self.resolve(repository, manifest, platform)
        config = await self._config(repository, chosen.image)
        if not chosen.indexes and platform is not None and config is not None:
            _require_platform(config.platform, platform)
        return image_info(manifest, chosen, config)

    async def _config(self, repository: str, image: ManifestV2) -> ImageConfig | None:
        described = config_descriptor(image)
        if described is None:
            return None
        return ImageConfig.parse(await self._blobs.read(repository, described.digest, _CONFIG_BYTES))


def _require_platform(own: Platform, wanted: Platform) -> None:
    """An image that is named itself says what it is for in its configuration, if it says it at all."""
    if own.is_known and own.key not in runnable(wanted):
        msg = f"there is no image for {wanted}; the image is for {own}"
        raise PlatformNotFound(msg)
