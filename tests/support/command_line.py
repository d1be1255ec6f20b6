"""The commands without a cluster: registries in dictionaries, and what was printed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from typer.testing import CliRunner

from slipway.cli.app import app
from slipway.cli.errors import Refused
from slipway.cli.reading import KnownRegistry, OpenRegistry, Reader, Told, Where
from slipway.oci.reference import ImageReference
from slipway.oci.results import RepositoryCatalog, RepositoryInfo, TagInfo, TagsList

__all__ = ["Connectable", "Printed", "Shelf", "Shelves", "known", "slipway"]


def known(name: str, namespace: str = "shop", host: str = "r.example.com", **more: str) -> KnownRegistry:
    """A Registry of the cluster."""
    return KnownRegistry(namespace, name, host, **more)


@dataclass
class Shelf:
    """A registry with these tags by repository; one that is None cannot be listed."""

    known: KnownRegistry | None
    contents: Mapping[str, Sequence[TagInfo] | None] = field(default_factory=dict)
    details: Mapping[str, RepositoryInfo] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    """By tag, for those that the listing does not tell."""

    refused: str | None = None
    """Why nothing is told."""

    host: str = "r.example.com"
    asked: list[str] = field(default_factory=list)
    at_once: int = 0
    most_at_once: int = 0

    async def repositories(self) -> RepositoryCatalog:
        """All of them."""
        if self.refused is not None:
            raise Refused(self.refused)
        infos = (self.details.get(name) or RepositoryInfo(name) for name in self.contents)
        return RepositoryCatalog(tuple(infos))

    async def tags(self, repository: str) -> TagsList:
        """All of a repository."""
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        found = self.contents.get(repository)
        if found is None:
            msg = f"{repository} cannot be listed"
            raise Refused(msg)
        return TagsList.of(repository, found)

    async def digest(self, repository: str, tag: str) -> str | None:
        """What a tag points at."""
        self.asked.append(tag)
        if self.refused is not None:
            raise Refused(self.refused)
        return self.digests.get(tag)


@dataclass
class Shelves:
    """A cluster; implements `slipway.cli.reading.Reader`."""

    shelves: Sequence[Shelf] = ()
    namespace: str = "shop"
    told: Told | None = None
    where: Where | None = None
    opened: list[tuple[str, str]] = field(default_factory=list)
    """Registry and repository."""

    async def registries(self, namespace: str | None) -> Sequence[KnownRegistry]:
        """The Registries of a namespace, or all."""
        all_known = (shelf.known for shelf in self.shelves)
        return [one for one in all_known if one is not None and namespace in {None, one.namespace}]

    async def open(self, registry: KnownRegistry, repository: str = "") -> OpenRegistry:
        """The shelf of a Registry."""
        self.opened.append((registry.name, repository))
        return next(shelf for shelf in self.shelves if shelf.known == registry)

    async def open_for(self, reference: ImageReference) -> OpenRegistry:
        """The shelf of a host."""
        return next(shelf for shelf in self.shelves if shelf.host == reference.registry)

    async def explain(self, warehouse: str, tag: str, subscription: str | None) -> Told:
        """What was prepared, about this Warehouse and tag."""
        if self.told is None:
            msg = f"There is no Warehouse {warehouse}"
            raise Refused(msg)
        return replace(
            self.told, warehouse=warehouse, tag=tag, subscription=subscription or self.told.subscription
        )

    @asynccontextmanager
    async def connect(self, where: Where) -> AsyncIterator[Reader]:
        """This cluster, whatever is meant."""
        self.where = where
        if where.namespace is not None:
            self.namespace = where.namespace
        yield self


@dataclass(frozen=True)
class Printed:
    """How a command ended."""

    code: int
    output: str
    errors: str

    @property
    def lines(self) -> list[str]:
        """The output without the spaces at the ends of its lines."""
        return [line.rstrip() for line in self.output.splitlines()]


class Connectable(Protocol):
    """A cluster that a command may be connected to."""

    def connect(self, where: Where) -> AbstractAsyncContextManager[Any]:
        """This cluster, whatever is meant."""


def slipway(cluster: Connectable, *arguments: str) -> Printed:
    """Call a command on this cluster."""
    ended = CliRunner().invoke(app, arguments, obj=cluster.connect)
    if ended.exception is not None and not isinstance(ended.exception, SystemExit):
        raise ended.exception
    return Printed(ended.exit_code, ended.stdout, ended.stderr)
