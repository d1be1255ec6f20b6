"""How ManagedImages, and what tells about their bases, are found in the store. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

from slipway.kinds.warehouse.view import followed_topic, image_topic
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = [
    "base_topic",
    "claim_topic",
    "same_image",
    "same_repository",
    "tracked_tag",
    "with_tag",
]

_DEFAULT_TAG = "latest"


def base_topic(namespace: str, reference: str) -> Hashable:
    """The topic under which a Warehouse that follows this image is found.

    Raises:
        InvalidReference: when the text is no image reference.
    """
    image = ImageReference.parse(reference)
    return image_topic(namespace, image.registry, image.repository, image.tag or _DEFAULT_TAG)


def claim_topic(reference: str) -> Hashable:
    """The topic of the ManagedImages, of all namespaces, that keep a tag or a template of tags.

    Args:
        reference: repository and tag, or repository and template.

    Raises:
        InvalidReference: when its repository is none.
    """
    repository, colon, tag = reference.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = reference, _DEFAULT_TAG
    image = ImageReference.parse(repository)
    return followed_topic(image.registry, image.repository, tag)


def tracked_tag(tag: str, floating_tags: Sequence[str]) -> str:
    """The tag of an image that is only tracked: its own, or the first floating one where it is a template."""
    return floating_tags[0] if "{build}" in tag and floating_tags else tag


def with_tag(reference: str) -> str:
    """The reference with the tag that it means, as its author spelled it otherwise.

    Raises:
        InvalidReference: when the text is no image reference.
    """
    image = ImageReference.parse(reference)
    return reference if image.tag or image.digest else f"{reference}:{_DEFAULT_TAG}"


def same_repository(one: str, other: str) -> bool:
    """Whether two references name the same repository, however they are spelled."""
    try:
        return ImageReference.parse(one).name == ImageReference.parse(other).name
    except InvalidReference:
        return False


def same_image(one: str, other: str) -> bool:
    """Whether two references name the same tag of the same repository, however they are spelled."""
    try:
        return base_topic("", one) == base_topic("", other)
    except InvalidReference:
        return one == other
