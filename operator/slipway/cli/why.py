"""`slipway why`: why a Warehouse chose a tag, or did not."""

from __future__ import annotations

import sys
from typing import Final

from slipway.cli.errors import Refused
from slipway.cli.output import print_json, progress
from slipway.cli.plain import printable
from slipway.cli.reading import Reader, Told
from slipway.cli.rows import as_json

__all__ = ["show_why", "warehouse_name"]

_KINDS: Final = frozenset({"warehouse", "warehouses", "warehouses.slipway.dev", "wh"})


async def show_why(
    reader: Reader, target: str, tag: str, subscription: str | None, *, as_document: bool
) -> None:
    """Print one sentence, or all of it as JSON.

    Args:
        reader: looks at the registry now.
        target: `warehouse/NAME`.
        tag: of an image, or version of a chart.
        subscription: its name; None where the Warehouse has only one with tags.
        as_document: whether to print JSON.

    Raises:
        Refused: when it cannot be told.
    """
    name = warehouse_name(target)
    with progress("Looking at the registry", 1) as done:
        told = await reader.explain(name, tag, subscription)
        done()
    if as_document:
        print_json(as_json(told))
    else:
        sys.stdout.write(printable(_sentence(told)) + "\n")


def warehouse_name(target: str) -> str:
    """The name in `warehouse/NAME`; the kind may be short, or left out.

    Raises:
        Refused: when it is of another kind.
    """
    kind, slash, name = target.rpartition("/")
    if (slash and kind.lower() not in _KINDS) or not name:
        msg = f"{target!r} is no Warehouse: write warehouse/NAME"
        raise Refused(msg)
    return name


def _sentence(told: Told) -> str:
    """With the place, unless the sentence has it already."""
    if told.position is None or told.verdict == "Candidate":
        return told.sentence
    return f"{told.sentence} (number {told.position} of {told.candidates} candidates)"
