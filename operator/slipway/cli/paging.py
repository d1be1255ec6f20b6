"""Which part of a list is printed, and how. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from slipway.cli.forms import Format
from slipway.oci.results import Order, Page, in_order, paginated

__all__ = ["Paging"]


class _Sortable(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def newest(self) -> datetime | None: ...


Row = TypeVar("Row", bound=_Sortable)


@dataclass(frozen=True, slots=True)
class Paging:
    """What a person asked for."""

    order: Order = Order.NAME
    page: int = 1
    limit: int = 50
    form: Format = Format.TABLE

    def of(self, rows: Iterable[Row]) -> Page[Row]:
        """The page of these rows, in order."""
        return paginated(in_order(rows, self.order), self.page, self.limit)
