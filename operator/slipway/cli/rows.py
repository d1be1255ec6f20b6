"""The rows of the lists that commands print. Pure."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from pydantic.alias_generators import to_camel

from slipway.clock import format_time
from slipway.oci.results import RepositoryInfo, TagInfo

__all__ = ["ImageRow", "Place", "TagRow", "as_json"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where rows come from."""

    host: str
    namespace: str | None = None
    registry: str | None = None
    """Name of the Registry; None for a registry that is asked anonymously."""


@dataclass(frozen=True, slots=True)
class ImageRow:
    """A repository."""

    namespace: str | None
    registry: str | None
    repository: str
    """Host and path."""

    tags: int | None = None
    updated_at: datetime | None = None
    description: str | None = None

    @classmethod
    def of(cls, place: Place, info: RepositoryInfo) -> ImageRow:
        """A repository of a registry."""
        repository = f"{place.host}/{info.name}"
        return cls(place.namespace, place.registry, repository, info.tags, info.updated_at, info.description)

    @property
    def name(self) -> str:
        """By what it is sorted."""
        return self.repository

    @property
    def newest(self) -> datetime | None:
        """By what it is sorted, where that is asked for."""
        return self.updated_at


@dataclass(frozen=True, slots=True)
class TagRow:
    """A tag of a repository."""

    namespace: str | None
    registry: str | None
    repository: str
    """Host and path."""

    tag: str
    digest: str | None = None
    pushed_at: datetime | None = None
    created_at: datetime | None = None
    size: int | None = None
    """Bytes."""

    immutable: bool = False

    @classmethod
    def of(cls, place: Place, repository: str, info: TagInfo) -> TagRow:
        """A tag of a repository, which is given without its host."""
        return cls(
            place.namespace,
            place.registry,
            f"{place.host}/{repository}",
            info.name,
            info.digest,
            info.pushed_at,
            info.created_at,
            info.size,
            info.immutable,
        )

    @property
    def name(self) -> str:
        """By what it is sorted."""
        return f"{self.repository}:{self.tag}"

    @property
    def newest(self) -> datetime | None:
        """By what it is sorted, where that is asked for."""
        return self.pushed_at or self.created_at


def as_json(row: Any) -> dict[str, Any]:
    """The fields of a dataclass under camelCase names; what is not known is left out."""
    values = ((field.name, getattr(row, field.name)) for field in fields(row))
    return {
        to_camel(name): format_time(value) if isinstance(value, datetime) else value
        for name, value in values
        if value is not None
    }
