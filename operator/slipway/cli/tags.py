"""`slipway tags`: what the tags of one repository point at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from slipway.cli.errors import Refused
from slipway.cli.gathering import place_of
from slipway.cli.output import Answer, print_answer, progress, warn
from slipway.cli.paging import Paging
from slipway.cli.reading import OpenRegistry, Reader
from slipway.cli.rows import TagRow
from slipway.cli.tables import TAG_COLUMNS
from slipway.cli.turns import in_turns
from slipway.clock import Clock
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["show_tags"]


async def show_tags(
    reader: Reader, repository: str, paging: Paging, clock: Clock, *, registry: str | None, search: str
) -> None:
    """Print the tags of a repository.

    Args:
        reader: opens its registry.
        repository: host and path; the path alone, when the Registry is named.
        paging: which part of the list.
        clock: tells what ages are told for.
        registry: name of the Registry; None for the one that serves the repository best.
        search: a text that the tags must have in them, whatever its case; empty for all.

    Raises:
        Refused: when the tags cannot be listed.
    """
    if registry is None:
        reference = _reference(repository)
        opened, path = await reader.open_for(reference), reference.repository
    else:
        opened, path = await _named(reader, registry, repository)
    with progress("Asking for tags and digests", 2) as done:
        listing = (await opened.tags(path)).search(search)
        done()
        place = place_of(opened)
        page = paging.of(TagRow.of(place, path, info) for info in listing)
        rows, refusals = await _with_digests(opened, path, page.items)
    if refusals:
        warn(f"{len(refusals)} of {len(rows)} digests are missing: {refusals[0]}")
    print_answer(Answer(replace(page, items=rows)), TAG_COLUMNS, paging.form, clock.now())


async def _named(reader: Reader, name: str, repository: str) -> tuple[OpenRegistry, str]:
    known = {one.name: one for one in await reader.registries(reader.namespace)}
    if name not in known:
        others = ", ".join(sorted(known)) or "none"
        msg = f"There is no Registry {name} in namespace {reader.namespace}: there is {others}"
        raise Refused(msg)
    path = repository.removeprefix(f"{known[name].host}/")
    return await reader.open(known[name], path), path


def _reference(repository: str) -> ImageReference:
    try:
        reference = ImageReference.parse(repository)
    except InvalidReference as error:
        raise Refused(str(error)) from error
    if reference.tag is not None or reference.digest is not None:
        msg = f"{repository!r} is one image: write {reference.name}, and what to search for behind it"
        raise Refused(msg)
    return reference


async def _with_digests(
    opened: OpenRegistry, path: str, rows: Sequence[TagRow]
) -> tuple[tuple[TagRow, ...], list[Refused]]:
    """The rows with the digests that the listing did not tell, and why some of them are still missing."""
    refusals: list[Refused] = []

    async def with_digest(row: TagRow) -> TagRow:
        if row.digest is not None:
            return row
        try:
            return replace(row, digest=await opened.digest(path, row.tag))
        except Refused as refusal:
            refusals.append(refusal)
            return row

    return tuple(await in_turns(with_digest, rows)), refusals
