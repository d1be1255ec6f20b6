"""Asks all registries at the same time; one that fails takes nothing from the others."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from slipway.cli.errors import Refused
from slipway.cli.reading import KnownRegistry, OpenRegistry, Reader
from slipway.cli.rows import ImageRow, Place, TagRow
from slipway.cli.turns import in_turns
from slipway.oci.results import TagsList

__all__ = ["Failure", "Found", "find_images", "find_tags", "place_of"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Failure:
    """What is missing from a list."""

    namespace: str
    registry: str
    message: str

    @property
    def where(self) -> str:
        """The Registry, in words."""
        return f"Registry {self.registry} in namespace {self.namespace}"


@dataclass(frozen=True, slots=True)
class Found(Generic[Row]):
    """What registries told, and which of them did not tell all."""

    rows: tuple[Row, ...] = ()
    failures: tuple[Failure, ...] = ()


async def find_images(
    reader: Reader, registries: Sequence[KnownRegistry], search: str, done: Callable[[], None]
) -> Found[ImageRow]:
    """The repositories whose path has a text in it.

    Args:
        reader: opens the registries.
        registries: that are asked.
        search: the text, whatever its case; empty for all.
        done: is told when a registry has answered, or failed to.
    """

    async def ask(registry: KnownRegistry) -> Found[ImageRow]:
        opened = await reader.open(registry)
        catalog = (await opened.repositories()).search(search)
        return Found(tuple(ImageRow.of(place_of(opened), info) for info in catalog))

    return await _ask_all(registries, ask, done)


async def find_tags(
    reader: Reader, registries: Sequence[KnownRegistry], search: str, done: Callable[[], None]
) -> Found[TagRow]:
    """The tags that have a text in `path:tag`; see `find_images`."""

    async def ask(registry: KnownRegistry) -> Found[TagRow]:
        opened = await reader.open(registry)
        names = (await opened.repositories()).names
        listed = await _tags_of(opened, names)
        lists = [one for one in listed if isinstance(one, TagsList)]
        return Found(
            tuple(row for one in lists for row in _matching(opened, one, search)),
            _missing(registry, [one for one in listed if isinstance(one, Refused)], len(names)),
        )

    return await _ask_all(registries, ask, done)


def place_of(opened: OpenRegistry) -> Place:
    """Where the rows of a registry come from."""
    known = opened.known
    return Place(opened.host) if known is None else Place(opened.host, known.namespace, known.name)


async def _ask_all(
    registries: Iterable[KnownRegistry],
    ask: Callable[[KnownRegistry], Awaitable[Found[Row]]],
    done: Callable[[], None],
) -> Found[Row]:
    async def one(registry: KnownRegistry) -> Found[Row]:
        try:
            return await ask(registry)
        except Refused as refusal:
            return Found((), (Failure(registry.namespace, registry.name, str(refusal)),))
        finally:
            done()

    answers = await asyncio.gather(*map(one, registries))
    return Found(
        tuple(row for answer in answers for row in answer.rows),
        tuple(failure for answer in answers for failure in answer.failures),
    )


async def _tags_of(opened: OpenRegistry, names: Sequence[str]) -> list[TagsList | Refused]:
    async def ask(name: str) -> TagsList | Refused:
        try:
            return await opened.tags(name)
        except Refused as refusal:
            return refusal

    return await in_turns(ask, names)


def _matching(opened: OpenRegistry, listing: TagsList, search: str) -> Iterable[TagRow]:
    place, wanted = place_of(opened), search.casefold()
    for info in listing:
        if wanted in f"{listing.repository}:{info.name}".casefold():
            yield TagRow.of(place, listing.repository, info)


def _missing(registry: KnownRegistry, refusals: Sequence[Refused], asked: int) -> tuple[Failure, ...]:
    if not refusals:
        return ()
    message = f"the tags of {len(refusals)} of {asked} repositories are missing: {refusals[0]}"
    return (Failure(registry.namespace, registry.name, message),)
