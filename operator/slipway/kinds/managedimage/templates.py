"""The template of an image's tags, with what its spec gives to it. Pure."""

from __future__ import annotations

from slipway.api.managedimage import ManagedImageSpec
from slipway.build.tags import TagTemplate

__all__ = ["template_of"]


def template_of(spec: ManagedImageSpec) -> TagTemplate:
    """What names the builds of an image.

    Raises:
        TagTemplateError: the template can make no valid tag; the schema refuses such ones.
    """
    return TagTemplate.parse(spec.image.tag, _version_of(spec))


def _version_of(spec: ManagedImageSpec) -> str | None:
    """What `{version}` stands for: the tag of the source build."""
    rebase = spec.build.rebase if spec.build is not None else None
    return rebase.from_.tag if rebase is not None and rebase.from_ is not None else None
