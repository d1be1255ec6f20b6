"""The Registry kind: a container registry, the credential for it, and whether the two work."""

from __future__ import annotations

from datetime import datetime

from slipway.engine.key import Key
from slipway.engine.reconcile import Plan
from slipway.kinds.context import Context
from slipway.kinds.registry.apply import apply
from slipway.kinds.registry.decide import Facts, decide
from slipway.kinds.registry.gather import RegistryGatherer
from slipway.kinds.registry.pullsecret import PullSecretAction
from slipway.kinds.registry.view import KIND

__all__ = ["RegistryKind"]


class RegistryKind:
    """Ties the four rooms of the kind together for the engine."""

    name = KIND

    def __init__(self, context: Context) -> None:
        self._context = context
        self._gatherer = RegistryGatherer(context)

    async def gather(self, key: Key) -> Facts | None:
        """See `RegistryGatherer.gather`."""
        return await self._gatherer.gather(key)

    def decide(self, facts: Facts, now: datetime) -> Plan[PullSecretAction | None]:
        """See `slipway.kinds.registry.decide.decide`."""
        return decide(facts, now)

    async def apply(self, facts: Facts, plan: Plan[PullSecretAction | None]) -> Plan[PullSecretAction | None]:
        """See `slipway.kinds.registry.apply.apply`; what could not be written is tested anew."""
        try:
            return await apply(self._context, facts, plan)
        except BaseException:
            self._gatherer.repeat(facts.observed.key, facts.observed.uid)
            raise
