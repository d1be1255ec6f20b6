"""Versions of charts as tags of a registry.

A tag has no `+`, so Helm writes `1.2.0+build.7` as `1.2.0_build.7` (https://helm.sh/docs/topics/registries/).
"""

from __future__ import annotations

__all__ = ["tag_of_version", "version_of_tag"]


def version_of_tag(tag: str) -> str:
    """The version that a tag stands for."""
    return tag.replace("_", "+")


def tag_of_version(version: str) -> str:
    """The tag under which a version is pushed."""
    return version.replace("+", "_")
