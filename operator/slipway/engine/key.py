"""The name by which every trigger and every worker knows one object."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Key"]


class Key(NamedTuple):
    """One object: its kind, namespace and name; what the store, the queue and the schedule are keyed by."""

    kind: str
    """`<plural>.<group>`, as in `warehouses.slipway.dev`; in the core group the plural alone: `pods`."""

    namespace: str
    """Empty for objects of the whole cluster."""

    name: str

    @property
    def label(self) -> str:
        """As logs and messages write it: `warehouses.slipway.dev shop/api`."""
        place = f"{self.namespace}/" if self.namespace else ""
        return f"{self.kind} {place}{self.name}"
