"""What is printed: rows on standard output, everything about them on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from rich.console import Console
from rich.measure import Measurement
from rich.progress import MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from slipway.cli.forms import Format
from slipway.cli.gathering import Failure
from slipway.cli.plain import one_line, printable
from slipway.cli.rows import as_json
from slipway.cli.tables import Column, cells
from slipway.oci.results import Page

__all__ = ["Answer", "print_answer", "print_json", "print_table", "progress", "say", "state_line", "warn"]

Row = TypeVar("Row")

_BOUNDLESS = 1_000_000


@dataclass(frozen=True, slots=True)
class Answer(Generic[Row]):
    """A page of a list, and what is missing from the list."""

    page: Page[Row]
    failures: tuple[Failure, ...] = ()


def print_answer(
    answer: Answer[Row], columns: Sequence[Column[Row]], form: Format, now: datetime, *, across: bool = False
) -> None:
    """Print a page; what is missing is a line on standard error for each registry.

    Args:
        answer: the page.
        columns: of its table.
        form: how it is printed.
        now: what ages are told for.
        across: whether the rows come from several namespaces.
    """
    for failure in answer.failures:
        warn(f"{failure.where}: {failure.message}")
    if form is Format.JSON:
        print_json(_document(answer))
        return
    titles, rows = cells(columns, answer.page.items, now, wide=form is Format.WIDE, across=across)
    if rows:
        print_table(titles, rows)
    _tell_pages(answer.page)


def print_json(document: Any) -> None:
    """One document. Nothing beyond ASCII is in it, so no terminal obeys it either."""
    sys.stdout.write(json.dumps(document, indent=2) + "\n")


def warn(message: str) -> None:
    """One line on standard error."""
    say(f"Warning: {message}")


def say(message: str) -> None:
    """One line on standard error."""
    sys.stderr.write(one_line(message) + "\n")


@contextmanager
def progress(words: str, total: int) -> Iterator[Callable[[], None]]:
    """A line that moves while somebody waits; only on a terminal, and gone afterwards.

    Args:
        words: what is done.
        total: how many steps there are; what is yielded is called after each of them.
    """
    console = Console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}"), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(words, total=total)
        yield lambda: shown.advance(task)


@contextmanager
def state_line() -> Iterator[Callable[[str], None]]:
    """A line that says how something stands; what is yielded takes its next text.

    On a terminal it moves while somebody waits, and its last text stays; elsewhere each new text is a line.
    """
    console, last = Console(stderr=True), ""
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", total=None)

        def show(text: str) -> None:
            nonlocal last
            if text != last and not console.is_terminal:
                say(text)
            last = text
            shown.update(task, description=one_line(text))

        yield show
    if last and console.is_terminal:
        say(last)


def _document(answer: Answer[Any]) -> dict[str, Any]:
    pagination = answer.page.pagination
    return {
        "items": [as_json(row) for row in answer.page.items],
        "pagination": {
            "total": pagination.total,
            "page": pagination.page,
            "perPage": pagination.per_page,
            "pages": pagination.pages,
        },
        "failures": [as_json(failure) for failure in answer.failures],
    }


def print_table(titles: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """A table as wide as it is: a line that a terminal breaks can be copied whole, one that is cut cannot."""
    table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0), header_style="bold")
    for title in titles:
        table.add_column(title, no_wrap=True, overflow="ignore")
    for row in rows:
        # Texts, for strings would be read as markup.
        table.add_row(*(Text(printable(cell)) for cell in row))
    console = Console(file=sys.stdout, highlight=False)
    boundless = console.options.update(width=_BOUNDLESS)
    console.width = Measurement.get(console, boundless, table).maximum
    console.print(table, crop=False, no_wrap=True, overflow="ignore")


def _tell_pages(page: Page[Any]) -> None:
    pagination, count = page.pagination, len(page.items)
    if not pagination.total:
        say("Nothing was found.")
    elif not count:
        say(f"There is no page {pagination.page}: the last one is {pagination.pages}.")
    elif pagination.has_next:
        first = (pagination.page - 1) * pagination.per_page + 1
        following = f"--page {pagination.page + 1} shows the next"
        say(f"{first} to {first + count - 1} of {pagination.total}: {following}.")
