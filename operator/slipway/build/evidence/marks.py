"""Whether an image says of which build it is. Pure.

Jobs annotate what they push with the key of the build, and pipelines may do so. An annotation is of the
manifest: unlike a label it is no part of what runs, so that two builds of the same content stay the same.
"""

from __future__ import annotations

from collections.abc import Mapping

from slipway.build.builders.job.naming import KEY_LABEL
from slipway.build.rebase.image import Image

__all__ = ["is_marked"]


def is_marked(image: Image, key: str) -> bool:
    """Whether an image, or each of its platforms, is annotated with the key of a build.

    Args:
        image: as the registry has it.
        key: of the build; pipelines are told it with a hyphen and the time of their attempt behind it.
    """
    if _names(image.annotations, key):
        return True
    return bool(image.platforms) and all(_names(part.annotations, key) for part in image.platforms)


def _names(annotations: Mapping[str, str], key: str) -> bool:
    return annotations.get(KEY_LABEL, "").partition("-")[0] == key
