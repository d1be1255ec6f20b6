"""What policies share that look at names alone."""

from __future__ import annotations

from slipway.kinds.warehouse.policies.policy import Needs

__all__ = ["ByName"]


class ByName:
    """Chooses from all tags, by their names."""

    __slots__ = ()

    @property
    def follows(self) -> None:
        """No single tag: the choice needs the whole list."""
        return

    @property
    def needs(self) -> Needs:
        """The name is enough."""
        return Needs.NOTHING
