"""Images for tests without a registry: made by `dev.image_composer`, read as a rebase reads them."""

from __future__ import annotations

from dev.image_composer import MadeImage, MadePlatform
from slipway.build.rebase.image import Image, PlatformImage
from slipway.build.rebase.reading import parse_platform_image
from slipway.oci.manifest import Descriptor, ImageIndex, ImageManifest, ManifestV2

__all__ = ["as_image", "as_platform_image"]


def as_image(made: MadeImage, name: str = "registry.test/shop/api:1") -> Image:
    """The image as a rebase reads it from a registry, without one."""
    top = ManifestV2.parse(made.top.content)
    if not isinstance(top.content, ImageIndex):
        return Image(name, made.digest, (_read(made.platforms[0], name, None),), is_index=False)
    entries = {entry.digest: entry for entry in top.content.images}
    parts = tuple(_read(part, name, entries[part.manifest.digest]) for part in made.platforms)
    return Image(name, made.digest, parts, is_index=True, annotations=top.content.annotations or {})


def as_platform_image(made: MadeImage, name: str = "registry.test/shop/api:1") -> PlatformImage:
    """The image of the first platform."""
    return as_image(made, name).platforms[0]


def _read(part: MadePlatform, name: str, entry: Descriptor | None) -> PlatformImage:
    manifest = ManifestV2.parse(part.manifest.content).content
    assert isinstance(manifest, ImageManifest)
    return parse_platform_image(name, part.manifest.digest, manifest, part.config_blob.content, entry)
