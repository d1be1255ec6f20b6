"""Layers of an image and its base: which stands on which, and how a layer is named in an OCI manifest.

A layer is its diff ID, the digest of its uncompressed content; the same layer may be compressed in several
ways.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import takewhile

from slipway.build.rebase.image import Image, Layer, PlatformImage
from slipway.build.rebase.refusal import RebaseRefusedError, Refusal, RefusalReason

__all__ = ["oci_layer", "stands_on", "upper_layers", "verify_base"]

_OCI_TYPES = {
    "application/vnd.docker.image.rootfs.diff.tar": "application/vnd.oci.image.layer.v1.tar",
    "application/vnd.docker.image.rootfs.diff.tar.gzip": "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.docker.image.rootfs.diff.tar.zstd": "application/vnd.oci.image.layer.v1.tar+zstd",
}
_KNOWN_TYPES = _OCI_TYPES | {media_type: media_type for media_type in _OCI_TYPES.values()}
_FOREIGN = (
    "application/vnd.docker.image.rootfs.foreign.diff.tar",
    "application/vnd.oci.image.layer.nondistributable.v1.tar",
)


def stands_on(image: PlatformImage, base: PlatformImage) -> bool:
    """Whether the lowest layers of the image are exactly those of the base, which must have at least one."""
    count = len(base.layers)
    return count > 0 and image.diff_ids[:count] == base.diff_ids


def upper_layers(old_base: PlatformImage, image: PlatformImage) -> tuple[Layer, ...]:
    """The layers that the image has above its base, bottom first.

    Raises:
        RebaseRefusedError: BaseEmpty or NotOnBase.
    """
    if not old_base.layers:
        raise RebaseRefusedError(RefusalReason.BASE_EMPTY, _empty(image, old_base))
    if not stands_on(image, old_base):
        raise RebaseRefusedError(RefusalReason.NOT_ON_BASE, _not_on(image, old_base))
    return image.layers[len(old_base.layers) :]


def oci_layer(layer: Layer, image: PlatformImage) -> Layer:
    """The same layer with the OCI name of its media type.

    Raises:
        RebaseRefusedError: ForeignLayer or UnsupportedImage; the image is named in the message.
    """
    media_type = layer.media_type
    if media_type.startswith(_FOREIGN):
        message = f"layer {layer.digest} of {image} is a foreign layer, which may not be pushed to a registry"
        raise RebaseRefusedError(RefusalReason.FOREIGN_LAYER, message)
    if media_type not in _KNOWN_TYPES:
        message = f"layer {layer.digest} of {image} has the unknown type {media_type!r}; rebuild the image"
        raise RebaseRefusedError(RefusalReason.UNSUPPORTED_IMAGE, message)
    return replace(layer, media_type=_KNOWN_TYPES[media_type])


def verify_base(image: Image, base: Image) -> Refusal | None:
    """Prove from diff IDs that an image stands on a base on each of its platforms; None when it does."""
    for platform_image in image.platforms:
        platform_base = base.on(platform_image.platform)
        if platform_base is None:
            message = f"{base} has no image for {platform_image.platform}, a platform of {image}"
            return Refusal(RefusalReason.PLATFORM_MISSING, message)
        if not platform_base.layers:
            return Refusal(RefusalReason.BASE_EMPTY, _empty(platform_image, platform_base))
        if not stands_on(platform_image, platform_base):
            return Refusal(RefusalReason.NOT_ON_BASE, _not_on(platform_image, platform_base))
    return None


def _empty(image: PlatformImage, base: PlatformImage) -> str:
    return f"{base} has no layers, so nothing proves that {image} stands on it; rebuild the image"


def _not_on(image: PlatformImage, base: PlatformImage) -> str:
    pairs = zip(image.diff_ids, base.diff_ids, strict=False)
    shared = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))
    return f"{image} does not stand on {base}: it has {shared} of the {len(base.layers)} layers of the base"
