"""What a Registry brings about in the world: nothing, its status is all it yields."""

from __future__ import annotations

from slipway.engine.reconcile import Plan
from slipway.kinds.registry.decide import Facts

__all__ = ["apply"]


async def apply(facts: Facts, plan: Plan[None]) -> Plan[None]:  # noqa: ARG001 - the protocol of all kinds
    """The plan as it was decided."""
    return plan
