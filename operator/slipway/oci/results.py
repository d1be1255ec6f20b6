"""What a registry has, as lists that can be searched, sorted and cut into pages.

The same models come out of every product's own API and out of the plain protocol; what only some products
tell is None elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final, Generic, Protocol, Self, TypeVar

__all__ = [
    "ImageInfo",
    "Order",
    "Page",
    "PaginationInfo",
    "RepositoryCatalog",
    "RepositoryInfo",
    "TagInfo",
    "TagsList",
    "in_order",
    "paginated",
]

_NEVER: Final = datetime.min.replace(tzinfo=UTC)


class Order(StrEnum):
    """By what lists are sorted."""

    NAME = "name"
    """Alphabetically."""

    NEWEST = "newest"
    """The latest first; what has no time comes last, alphabetically."""


@dataclass(frozen=True, slots=True)
class PaginationInfo:
    """Which part of a list a page is."""

    total: int
    """Entries in the whole list."""

    page: int
    """The number of the page, from 1."""

    per_page: int

    @property
    def pages(self) -> int:
        """How many pages there are; at least one, for an empty list has an empty page."""
        return max(1, -(-self.total // self.per_page))

    @property
    def has_next(self) -> bool:
        """Whether there is a page after this one."""
        return self.page < self.pages

    @property
    def has_previous(self) -> bool:
        """Whether there is a page before this one."""
        return self.page > 1


class _Entry(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def newest(self) -> datetime | None: ...


Entry = TypeVar("Entry", bound=_Entry)
Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Page(Generic[Item]):
    """One page of a list."""

    items: tuple[Item, ...]
    pagination: PaginationInfo


def paginated(items: Sequence[Item], number: int, per_page: int) -> Page[Item]:
    """One page of anything that is in order; a page behind the last one is empty.

    Args:
        items: the whole list.
        number: of the page, from 1.
        per_page: entries on a page, at least 1.

    Raises:
        ValueError: when one of the numbers is below 1.
    """
    if number < 1 or per_page < 1:
        msg = "pages are counted from 1 and have at least one entry"
        raise ValueError(msg)
    start = (number - 1) * per_page
    return Page(tuple(items[start : start + per_page]), PaginationInfo(len(items), number, per_page))


@dataclass(frozen=True, slots=True)
class RepositoryInfo:
    """One repository of a registry."""

    name: str
    """The path on the registry, without its host."""

    tags: int | None = None
    """How many tags it has."""

    updated_at: datetime | None = None
    """When something was last pushed to it."""

    description: str | None = None

    @property
    def newest(self) -> datetime | None:
        """The time it is sorted by."""
        return self.updated_at


@dataclass(frozen=True, slots=True)
class RepositoryCatalog:
    """All repositories of a registry that the credential shows; a part of them is never given out.

    Its length is their number, iterating gives each, and `in` looks for a name.
    """

    repositories: tuple[RepositoryInfo, ...] = ()

    def __len__(self) -> int:
        return len(self.repositories)

    def __iter__(self) -> Iterator[RepositoryInfo]:
        return iter(self.repositories)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @property
    def names(self) -> tuple[str, ...]:
        """The paths of the repositories."""
        return tuple(repository.name for repository in self.repositories)

    def search(self, text: str) -> Self:
        """Those whose name contains the text, whatever the case."""
        return replace(self, repositories=_containing(self.repositories, text))

    def sorted(self, by: Order = Order.NAME) -> Self:
        """The same ones in an order."""
        return replace(self, repositories=in_order(self.repositories, by))

    def page(self, number: int, per_page: int = 50) -> Page[RepositoryInfo]:
        """One page of them; see `paginated`."""
        return paginated(self.repositories, number, per_page)


@dataclass(frozen=True, slots=True)
class TagInfo:
    """One tag, and what the registry told about it with its name."""

    name: str
    digest: str | None = None
    """Of the manifest or index that the tag points at."""

    pushed_at: datetime | None = None
    """When the tag was last pushed, by the registry's clock."""

    created_at: datetime | None = None
    """When the image was built, by its own word."""

    size: int | None = None
    """Bytes of the compressed layers, of all platforms where the registry adds them up."""

    immutable: bool = False
    """Whether the registry promises that the tag never points at anything else."""

    @property
    def newest(self) -> datetime | None:
        """The time it is sorted by: of the push, else of the build."""
        return self.pushed_at or self.created_at


@dataclass(frozen=True, slots=True)
class TagsList:
    """All tags of a repository; a part of them is never given out.

    Its length is their number, iterating gives each with its details, and `in` looks for a name.
    """

    repository: str
    names: tuple[str, ...] = ()
    """Each once, in the order of the registry."""

    details: Mapping[str, TagInfo] = field(default_factory=dict)
    """What is known of tags beside their names, by name; the plain protocol tells nothing."""

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[TagInfo]:
        return (self.info(name) for name in self.names)

    def __contains__(self, name: object) -> bool:
        return name in self.names

    @classmethod
    def of(cls, repository: str, tags: Iterable[TagInfo]) -> Self:
        """The list of tags with their details; of several of one name the first counts."""
        details: dict[str, TagInfo] = {}
        for tag in tags:
            details.setdefault(tag.name, tag)
        return cls(repository, tuple(details), details)

    def info(self, name: str) -> TagInfo:
        """What is known of a tag."""
        return self.details.get(name) or TagInfo(name)

    def search(self, text: str) -> Self:
        """Those whose name contains the text, whatever the case."""
        wanted = text.casefold()
        return replace(self, names=tuple(name for name in self.names if wanted in name.casefold()))

    def sorted(self, by: Order = Order.NAME) -> Self:
        """The same ones in an order."""
        if by is Order.NAME:
            return replace(self, names=tuple(sorted(self.names)))
        return replace(self, names=tuple(tag.name for tag in in_order(tuple(self), by)))

    def page(self, number: int, per_page: int = 50) -> Page[TagInfo]:
        """One page of them; see `paginated`."""
        names = paginated(self.names, number, per_page)
        return Page(tuple(map(self.info, names.items)), names.pagination)


@dataclass(frozen=True, slots=True)
class ImageInfo:
    """What a manifest and its configuration say of an image. It belongs to a digest and never changes."""

    digest: str
    """What was asked for: of an index, or of the image itself."""

    media_type: str
    platforms: tuple[tuple[str, str], ...] = ()
    """The platforms, such as `linux/arm64`, each with the digest of its image, in the order of the index."""

    created_at: datetime | None = None
    """When it was built; None where the image does not say, or gives the date of reproducible builds."""

    labels: Mapping[str, str] = field(default_factory=dict)
    """Of the image for the platform that was asked for, else of the first one; so are layers and size."""

    layers: tuple[str, ...] = ()
    """Digests of the compressed layers, the lowest first."""

    size: int = 0
    """Bytes of the layers and the configuration, as they are stored."""


def _containing(entries: tuple[Entry, ...], text: str) -> tuple[Entry, ...]:
    wanted = text.casefold()
    return tuple(entry for entry in entries if wanted in entry.name.casefold())


def in_order(entries: Iterable[Entry], by: Order) -> tuple[Entry, ...]:
    """Entries of any kind, sorted."""
    by_name = sorted(entries, key=lambda entry: entry.name)
    if by is Order.NAME:
        return tuple(by_name)
    return tuple(sorted(by_name, key=lambda entry: entry.newest or _NEVER, reverse=True))
