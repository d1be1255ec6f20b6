"""Which base an image stands on: from its label, else from the base digests seen so far. Pure.

A label is a hint, for labels are inherited: an image built on `python`, itself built on `debian` and
labelled so, carries the label that names `debian`. So a label counts only when it names the repository of
the base, diff IDs must prove every candidate, and of several proven ones the highest is the base: the
others lie below it.
"""

from __future__ import annotations

from collections.abc import Iterable

from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.build.rebase.image import Image, PlatformImage
from slipway.build.rebase.layers import verify_base
from slipway.oci.digest import is_digest
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["highest_base", "labelled_base"]


def labelled_base(image: Image, base: ImageReference) -> str | None:
    """The digest of the old base by the label of the image, where all its platforms agree.

    Args:
        image: whose label counts.
        base: the base it should stand on; a label that names another repository was inherited.
    """
    labels = {_base_labels(part) for part in image.platforms}
    name, digest = labels.pop() if len(labels) == 1 else ("", "")
    return digest if is_digest(digest) and _names(name, base) else None


def highest_base(image: Image, candidates: Iterable[Image]) -> Image | None:
    """The candidate that the image stands on with the most layers; the first of several with the same."""
    proven = [candidate for candidate in candidates if verify_base(image, candidate) is None]
    return max(proven, key=lambda candidate: _height(image, candidate), default=None)


def _base_labels(image: PlatformImage) -> tuple[str, str]:
    labels = image.settings.get("Labels", {})
    return labels.get(BASE_NAME, ""), labels.get(BASE_DIGEST, "")


def _names(name: str, base: ImageReference) -> bool:
    """Whether a label names the repository of the base; without a name there is nothing to contradict."""
    if not name:
        return True
    try:
        named = ImageReference.parse(name)
    except InvalidReference:
        return False
    return (named.registry, named.repository) == (base.registry, base.repository)


def _height(image: Image, base: Image) -> int:
    """Layers of the base below the platforms of the image."""
    parts = (base.on(part.platform) for part in image.platforms)
    return sum(len(part.layers) for part in parts if part is not None)
