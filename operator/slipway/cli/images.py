"""`slipway images`: what all Connected registries have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from slipway.cli.errors import Refused
from slipway.cli.gathering import Failure, Found, find_images, find_tags
from slipway.cli.output import Answer, print_answer, progress, say
from slipway.cli.paging import Paging
from slipway.cli.reading import KnownRegistry, Reader
from slipway.cli.tables import FOUND_TAG_COLUMNS, IMAGE_COLUMNS
from slipway.clock import Clock

__all__ = ["Question", "show_images"]

Row = TypeVar("Row")


@dataclass(frozen=True, slots=True)
class Question:
    """What is looked for."""

    search: str = ""
    with_tags: bool = False
    """Whether it is looked for in tags, too, and tags are listed."""

    registries: tuple[str, ...] = ()
    """Names; empty: all."""

    everywhere: bool = False
    """Whether Registries of all namespaces are asked."""


async def show_images(reader: Reader, question: Question, paging: Paging, clock: Clock) -> None:
    """Print repositories, or tags, of all registries that are meant.

    Raises:
        Refused: when the Registries cannot be read, or one that is named does not exist.
    """
    asked, left_out = _sorted_out(await _meant(reader, question), question)
    if question.with_tags:
        tags = await _found(find_tags, reader, asked, question.search)
        tagged = Answer(paging.of(tags.rows), (*left_out, *tags.failures))
        print_answer(tagged, FOUND_TAG_COLUMNS, paging.form, clock.now(), across=question.everywhere)
    else:
        images = await _found(find_images, reader, asked, question.search)
        listed = Answer(paging.of(images.rows), (*left_out, *images.failures))
        print_answer(listed, IMAGE_COLUMNS, paging.form, clock.now(), across=question.everywhere)


async def _found(
    find: Callable[[Reader, Sequence[KnownRegistry], str, Callable[[], None]], Awaitable[Found[Row]]],
    reader: Reader,
    asked: Sequence[KnownRegistry],
    search: str,
) -> Found[Row]:
    with progress("Asking registries", len(asked)) as done:
        return await find(reader, asked, search, done)


async def _meant(reader: Reader, question: Question) -> Sequence[KnownRegistry]:
    """The Registries that are named, or all."""
    known = await reader.registries(None if question.everywhere else reader.namespace)
    place = "any namespace" if question.everywhere else f"namespace {reader.namespace}"
    names = {registry.name for registry in known}
    for name in question.registries:
        if name not in names:
            msg = f"There is no Registry {name} in {place}: there is {', '.join(sorted(names)) or 'none'}"
            raise Refused(msg)
    if not known:
        say(f"There is no Registry in {place}: make one, or name another namespace with -n, or all with -A.")
    return [one for one in known if not question.registries or one.name in question.registries]


def _sorted_out(
    meant: Iterable[KnownRegistry], question: Question
) -> tuple[list[KnownRegistry], list[Failure]]:
    """Those that are asked, and those of which the operator says that they fail.

    One that is named is asked in any case: from here it may answer.
    """
    asked, left_out = [], []
    for registry in meant:
        if registry.trouble is None or question.registries:
            asked.append(registry)
        else:
            message = f"was not asked, for the operator says: {registry.trouble}"
            left_out.append(Failure(registry.namespace, registry.name, message))
    return asked, left_out
