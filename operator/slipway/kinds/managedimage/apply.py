"""Everything that is done for a ManagedImage."""

from __future__ import annotations

from slipway.engine.key import Key
from slipway.kinds.context import Context
from slipway.kinds.managedimage.automatic import manifest_of
from slipway.kinds.managedimage.facts import Facts
from slipway.kinds.managedimage.ordering import Orderer
from slipway.kinds.managedimage.rebasing import Rebaser
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.warehouse.view import AUTOMATIC_LABEL
from slipway.kube.resources import WAREHOUSES

__all__ = ["Effects"]


class Effects:
    """Brings about what plans call for. A crash anywhere is harmless: the next run finds what was done."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rebaser = Rebaser(context)
        self._orderer = Orderer(context)

    async def apply(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        """All effects of a plan, and the plan that is concluded from what came of them.

        Raises:
            AccessProblem, BuilderError, RegistryError, KubeError: it is tried again.
        """
        await self._keep_tracking(facts)
        plan = await self._rebaser.apply(facts, plan)
        return await self._orderer.apply(facts, plan)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._orderer.forget(key)

    async def _keep_tracking(self, facts: Facts) -> None:
        """Join the Warehouses that the bases need, and leave those that are needed no more."""
        owner, shared, tracking = facts.observed, self._context.children.shared, facts.tracking
        for wanted in tracking.join:
            await shared.join(owner, WAREHOUSES, manifest_of(wanted), AUTOMATIC_LABEL)
        for name in tracking.leave:
            await shared.leave(owner, WAREHOUSES, name)
