"""What the choice of a tag wants to know of the registry, and what it is told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from slipway.oci.results import ImageInfo

__all__ = ["Answer", "Describe", "Question", "Resolve"]


@dataclass(frozen=True, slots=True)
class Resolve:
    """What these tags point at: one HEAD for each. They may be asked for at the same time."""

    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Describe:
    """What these images are: manifest and configuration, which never change for a digest."""

    digests: tuple[str, ...]


Question: TypeAlias = Resolve | Describe


@dataclass(frozen=True, slots=True)
class Answer:
    """What the registry said. Any other trouble than a 404 is raised where it happens, never answered."""

    digests: Mapping[str, str] = field(default_factory=dict)
    """To `Resolve`: the digest of each tag; a tag whose manifest is missing (404) is left out."""

    images: Mapping[str, ImageInfo] = field(default_factory=dict)
    """To `Describe`: by digest; left out is what is missing (404), or no image."""
