"""The columns of each list, and how their cells read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final, Generic, TypeVar

from slipway.cli.rows import ImageRow, TagRow
from slipway.clock import format_time

__all__ = [
    "FOUND_TAG_COLUMNS",
    "IMAGE_COLUMNS",
    "TAG_COLUMNS",
    "Column",
    "Shown",
    "age",
    "cells",
    "size",
    "took",
]

Row = TypeVar("Row")

_UNKNOWN: Final = "-"
_DIGEST: Final = len("sha256:") + 12


class Shown(Enum):
    """When a column is shown."""

    ALWAYS = auto()
    NARROW = auto()
    """Not where there is room for more."""

    WIDE = auto()
    """Only where there is room."""

    ACROSS = auto()
    """Where the rows come from several namespaces."""


@dataclass(frozen=True, slots=True)
class Column(Generic[Row]):
    """One column."""

    title: str
    text: Callable[[Row, datetime], str]
    """The cell of a row, at a time that ages are told for."""

    shown: Shown = Shown.ALWAYS


def cells(
    columns: Sequence[Column[Row]],
    rows: Sequence[Row],
    now: datetime,
    *,
    wide: bool = False,
    across: bool = False,
) -> tuple[list[str], list[list[str]]]:
    """The titles, and the cells of each row.

    Args:
        columns: all that there are.
        rows: what is listed.
        now: what ages are told for.
        wide: whether there is room.
        across: whether the rows come from several namespaces.
    """
    hidden = {Shown.NARROW if wide else Shown.WIDE} | (set() if across else {Shown.ACROSS})
    visible = [column for column in columns if column.shown not in hidden]
    return [column.title for column in visible], [
        [column.text(row, now) or _UNKNOWN for column in visible] for row in rows
    ]


def age(moment: datetime | None, now: datetime) -> str:
    """How long ago something was, in the largest unit that fits: `40s`, `5m`, `3h`, `12d`."""
    if moment is None:
        return ""
    seconds = max(0, int((now - moment) / timedelta(seconds=1)))
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds >= length:
            return f"{seconds // length}{unit}"
    return f"{seconds}s"


def took(seconds: float) -> str:
    """How long something takes, in its two largest units: `40s`, `5m 10s`, `2h 5m`."""
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole}s"
    unit, length, smaller, part = ("m", 60, "s", 1) if whole < 3_600 else ("h", 3_600, "m", 60)
    rest = whole % length // part
    return f"{whole // length}{unit}" + (f" {rest}{smaller}" if rest else "")


def size(number: int | None) -> str:
    """Bytes as people read them: `512 B`, `3.4 MiB`."""
    if number is None:
        return ""
    amount = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < 1024:
            return f"{amount:.1f} {unit}" if unit != "B" else f"{number} B"
        amount /= 1024
    return f"{amount:.1f} TiB"


def _count(number: int | None) -> str:
    return "" if number is None else str(number)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else format_time(moment)


IMAGE_COLUMNS: Final[tuple[Column[ImageRow], ...]] = (
    Column("NAMESPACE", lambda row, _: row.namespace or "", Shown.ACROSS),
    Column("REGISTRY", lambda row, _: row.registry or ""),
    Column("REPOSITORY", lambda row, _: row.repository),
    Column("TAGS", lambda row, _: _count(row.tags)),
    Column("UPDATED", lambda row, now: age(row.updated_at, now), Shown.NARROW),
    Column("UPDATED", lambda row, _: _time(row.updated_at), Shown.WIDE),
    Column("DESCRIPTION", lambda row, _: row.description or "", Shown.WIDE),
)

TAG_COLUMNS: Final[tuple[Column[TagRow], ...]] = (
    Column("TAG", lambda row, _: row.tag),
    Column("DIGEST", lambda row, _: (row.digest or "")[:_DIGEST], Shown.NARROW),
    Column("PUSHED", lambda row, now: age(row.pushed_at, now), Shown.NARROW),
    Column("CREATED", lambda row, now: age(row.created_at, now), Shown.NARROW),
    Column("PUSHED", lambda row, _: _time(row.pushed_at), Shown.WIDE),
    Column("CREATED", lambda row, _: _time(row.created_at), Shown.WIDE),
    Column("SIZE", lambda row, _: size(row.size), Shown.WIDE),
    Column("DIGEST", lambda row, _: row.digest or "", Shown.WIDE),
)
"""Of one repository."""

FOUND_TAG_COLUMNS: Final[tuple[Column[TagRow], ...]] = (
    Column("NAMESPACE", lambda row, _: row.namespace or "", Shown.ACROSS),
    Column("REGISTRY", lambda row, _: row.registry or ""),
    Column("REPOSITORY", lambda row, _: row.repository),
    *TAG_COLUMNS,
)
"""Of many repositories."""
