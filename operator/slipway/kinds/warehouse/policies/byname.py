"""What policies share that put all tags in an order by their names alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slipway.kinds.warehouse.policies.policy import Needs

__all__ = ["ByName"]


@dataclass(frozen=True, slots=True)
class ByName:
    """Chooses the last tag of the order: `Ascending` the greatest, `Descending` the least."""

    order: Literal["Ascending", "Descending"] = "Ascending"

    @property
    def follows(self) -> None:
        """No single tag: the choice needs the whole list."""
        return

    @property
    def needs(self) -> Needs:
        """The name is enough."""
        return Needs.NOTHING
