"""References of images, compared by what they mean: `python` is `docker.io/library/python:latest`. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from slipway.oci.errors import InvalidReference
from slipway.oci.reference import DOCKER_HUB, ImageReference

__all__ = ["Meant", "meant", "short_name"]

_OFFICIAL = "library/"


@dataclass(frozen=True, slots=True)
class Meant:
    """The image that a reference means."""

    reference: ImageReference
    """With a tag, or with a digest alone."""

    digest: str | None

    @property
    def is_nothing(self) -> bool:
        """Whether it is `scratch`, which a Dockerfile has for an empty image."""
        return self.reference.name == f"{DOCKER_HUB}/{_OFFICIAL}scratch"

    def is_same(self, other: Meant) -> bool:
        """Whether both mean the same image by name: by its tag, or by its digest where one has no tag."""
        if self.reference.name != other.reference.name:
            return False
        if self.reference.tag is None or other.reference.tag is None:
            return self.digest is not None and self.digest == other.digest
        return self.reference.tag == other.reference.tag


def meant(text: str, digest: str | None = None) -> Meant | None:
    """The image that somebody wrote down; None when it is no reference, such as an ARG without a value.

    Args:
        text: The reference, with a digest or without.
        digest: What is known of its digest besides.
    """
    try:
        reference = ImageReference.parse(text)
    except InvalidReference:
        return None
    found = reference.digest or digest
    if reference.tag is None and reference.digest is None:
        reference = replace(reference, tag="latest")
    return Meant(replace(reference, digest=None), found)


def short_name(image: Meant) -> str:
    """The image as people write it: without what is meant anyway, and with its digest if it has no tag."""
    if image.is_nothing:
        return "scratch"
    name = image.reference.name.removeprefix(f"{DOCKER_HUB}/").removeprefix(_OFFICIAL)
    if image.reference.tag is None:
        return f"{name}@{image.digest}"
    return f"{name}:{image.reference.tag}"
