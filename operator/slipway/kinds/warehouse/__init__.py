"""The Warehouse kind: something to watch, and the newest artifact that its policy allows."""

from __future__ import annotations

from datetime import datetime

from slipway.engine.key import Key
from slipway.engine.reconcile import Plan
from slipway.kinds.context import Context
from slipway.kinds.warehouse.apply import apply
from slipway.kinds.warehouse.decide import Facts, decide
from slipway.kinds.warehouse.gather import WarehouseGatherer
from slipway.kinds.warehouse.view import KIND

__all__ = ["WarehouseKind"]


class WarehouseKind:
    """Ties the four rooms of the kind together for the engine."""

    name = KIND

    def __init__(self, context: Context) -> None:
        self._gatherer = WarehouseGatherer(context)

    async def gather(self, key: Key) -> Facts | None:
        """See `WarehouseGatherer.gather`."""
        return await self._gatherer.gather(key)

    def decide(self, facts: Facts, now: datetime) -> Plan[None]:
        """See `slipway.kinds.warehouse.decide.decide`."""
        return decide(facts, now)

    async def apply(self, facts: Facts, plan: Plan[None]) -> Plan[None]:
        """See `slipway.kinds.warehouse.apply.apply`."""
        self._gatherer.note_decided(facts)
        return await apply(facts, plan)
