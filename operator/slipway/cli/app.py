"""The commands. What they do is imported when one of them runs, see the package: hence the `PLC0415`."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from slipway.cli.answering import end
from slipway.cli.asking import asking
from slipway.cli.building.commands import building
from slipway.cli.forms import Format
from slipway.cli.options import (
    Limit,
    OutputAs,
    PageNumber,
    Sort,
    SortBy,
)
from slipway.clock import SystemClock

if TYPE_CHECKING:
    from slipway.cli.paging import Paging
    from slipway.cli.reading import Connect, Reader

__all__ = ["app", "main"]

_INTERRUPTED: Final = 130
_PLUGIN: Final = "kubectl-slipway"

app: Final = typer.Typer(
    help="Slipway: what registries have, why Warehouses choose what they choose, how images are built on "
    "each other, and the operator itself.",
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(building)


def _connect() -> Connect:
    from slipway.cli.cluster import connect  # noqa: PLC0415

    return connect


_asking: Final = asking(_connect)


class _Answer(StrEnum):
    TEXT = "text"
    JSON = "json"


def main() -> int:
    """Run the command of this process's arguments; the exit code, where typer does not exit by itself.

    0: told, even where single registries failed. 1: not told, and the message says what to do. 2: wrong
    arguments. 130: interrupted.
    """
    name = Path(sys.argv[0]).name
    try:
        app(prog_name=name.replace("-", " ") if name == _PLUGIN else "slipway")
    except KeyboardInterrupt:
        return _INTERRUPTED
    except Exception as error:  # noqa: BLE001  # nobody at a keyboard is helped by a traceback
        return end(f"Unexpected {type(error).__name__}: {error}")
    return 0


def _tell_version(wanted: bool) -> None:
    if wanted:
        typer.echo(version("slipway"))
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _slipway(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_tell_version, help="Print the version.")
    ] = False,
) -> None:
    """Print the help, when no command is named."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command("run")
def _run() -> None:
    """Run the operator until SIGTERM or SIGINT. Its settings are environment variables."""
    # In place of this process: what only commands need takes none of the operator's memory, and signals
    # arrive where they belong. -P: a folder named slipway in the working directory is not the operator.
    os.execv(sys.executable, [sys.executable, "-P", "-m", "slipway"])  # noqa: S606 - no shell is wanted


@app.command("images")
@_asking
async def _images(
    reader: Reader,
    *,
    search: Annotated[str, typer.Argument(help="A text in the name, whatever its case.")] = "",
    registry: Annotated[
        list[str] | None,
        typer.Option("--registry", help="Ask only the Registry of this name; may be given several times."),
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Ask the Registries of all namespaces.")
    ] = False,
    with_tags: Annotated[
        bool,
        typer.Option("--tags", help="List tags, and search in repository:tag. Asks for each repository."),
    ] = False,
    limit: Limit = 50,
    page: PageNumber = 1,
    sort: SortBy = Sort.NAME,
    output: OutputAs = Format.TABLE,
) -> None:
    """List the repositories of all connected registries, or search in them.

    A registry that fails is a warning; the exit code stays 0.
    """
    from slipway.cli.images import Question, show_images  # noqa: PLC0415

    question = Question(search, with_tags, tuple(registry or ()), everywhere)
    paging = _paging(sort, page, limit, output)
    await show_images(reader, question, paging, SystemClock())


@app.command("tags")
@_asking
async def _tags(
    reader: Reader,
    *,
    repository: Annotated[
        str, typer.Argument(help="Host and path; the path alone with --registry.", show_default=False)
    ],
    search: Annotated[str, typer.Argument(help="A text in the tag, whatever its case.")] = "",
    registry: Annotated[
        str | None,
        typer.Option(
            "--registry", help="Ask through the Registry of this name. Default: the one that fits best."
        ),
    ] = None,
    limit: Limit = 50,
    page: PageNumber = 1,
    sort: SortBy = Sort.NAME,
    output: OutputAs = Format.TABLE,
) -> None:
    """List the tags of a repository, with digests, and times where the registry tells them."""
    from slipway.cli.tags import show_tags  # noqa: PLC0415

    paging = _paging(sort, page, limit, output)
    await show_tags(reader, repository, paging, SystemClock(), registry=registry, search=search)


@app.command("why")
@_asking
async def _why(
    reader: Reader,
    *,
    warehouse: Annotated[str, typer.Argument(help="warehouse/NAME", show_default=False)],
    tag: Annotated[str, typer.Argument(help="A tag, or the version of a chart.", show_default=False)],
    subscription: Annotated[
        str | None,
        typer.Option("--subscription", "-s", help="Name of the subscription, where there are several."),
    ] = None,
    output: Annotated[
        _Answer, typer.Option("--output", "-o", help="How the answer is printed.")
    ] = _Answer.TEXT,
) -> None:
    """Tell why a Warehouse chose a tag, or did not, by looking at the registry now."""
    from slipway.cli.why import show_why  # noqa: PLC0415

    as_document = output is _Answer.JSON
    await show_why(reader, warehouse, tag, subscription, as_document=as_document)


def _paging(sort: Sort, page: int, limit: int, form: Format) -> Paging:
    from slipway.cli.paging import Paging  # noqa: PLC0415
    from slipway.oci.results import Order  # noqa: PLC0415

    return Paging(Order(sort.value), page, limit, form)
