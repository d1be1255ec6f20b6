"""What an image is, put together from its documents: index, manifest and configuration."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slipway.oci.creation import annotated_creation, creation
from slipway.oci.manifest import Descriptor, ImageConfig, ImageManifest, ManifestV2
from slipway.oci.resolution import Resolution
from slipway.oci.results import ImageInfo

__all__ = ["config_descriptor", "image_info"]

_IMAGE_CONFIGS: Final = frozenset(
    {"application/vnd.oci.image.config.v1+json", "application/vnd.docker.container.image.v1+json"}
)


def config_descriptor(manifest: ManifestV2) -> Descriptor | None:
    """What has to be read beside the manifest; None for artifacts, whose configuration is anything."""
    content = manifest.content
    if isinstance(content, ImageManifest) and content.config.media_type in _IMAGE_CONFIGS:
        return content.config
    return None


def image_info(asked: ManifestV2, chosen: Resolution, config: ImageConfig | None) -> ImageInfo:
    """What is known of an image.

    Args:
        asked: What the tag or digest named: an index, or the image itself.
        chosen: The image of it that layers, labels and size are taken from.
        config: Its configuration; None when it has none that is an image's.
    """
    image = chosen.image.content
    manifest = image if isinstance(image, ImageManifest) else None
    labels = _labels(config)
    return ImageInfo(
        digest=asked.digest,
        media_type=asked.media_type,
        platforms=tuple(_platforms(chosen, config)),
        created_at=_created(chosen, manifest, config, labels),
        labels=labels,
        layers=tuple(layer.digest for layer in manifest.layers) if manifest else (),
        size=sum(part.size for part in (manifest.config, *manifest.layers)) if manifest else 0,
    )


def _platforms(chosen: Resolution, config: ImageConfig | None) -> Iterator[tuple[str, str]]:
    """From the indexes, the outermost first; from the configuration where there is none."""
    if not chosen.indexes and config is not None and config.platform.is_known:
        yield config.platform.usual_name, chosen.image.digest
    for index in chosen.indexes:
        for entry in index.images:
            if entry.platform is not None and entry.platform.is_known:
                yield entry.platform.usual_name, entry.digest


def _labels(config: ImageConfig | None) -> dict[str, str]:
    section = (config.config if config else None) or {}
    labels = section.get("Labels")
    if not isinstance(labels, dict):
        return {}
    return {name: value for name, value in labels.items() if isinstance(value, str)}


def _created(
    chosen: Resolution, manifest: ImageManifest | None, config: ImageConfig | None, labels: dict[str, str]
) -> datetime | None:
    """The first annotation from the outside to the inside, else the later of configuration and label.

    Labels are inherited from the base image, which is older.
    """
    for places in (*_annotated(chosen), manifest.annotations if manifest else None):
        moment = annotated_creation(places)
        if moment is not None:
            return moment
    said = (creation(config.created) if config else None, annotated_creation(labels))
    return max((moment for moment in said if moment is not None), default=None)


def _annotated(chosen: Resolution) -> Iterator[dict[str, str] | None]:
    """The annotations of each index, then those of the entry that leads to the image."""
    for index in chosen.indexes:
        yield index.annotations
    for index in chosen.indexes[-1:]:
        yield from (entry.annotations for entry in index.images if entry.digest == chosen.image.digest)
