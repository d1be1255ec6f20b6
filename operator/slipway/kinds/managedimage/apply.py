"""Everything that is done for a ManagedImage."""

from __future__ import annotations

import structlog

from slipway.api.conditions import Reason
from slipway.engine.key import Key
from slipway.kinds.context import Context
from slipway.kinds.managedimage.archiving import Archivist
from slipway.kinds.managedimage.automatic import manifest_of
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import Facts
from slipway.kinds.managedimage.leaving import at_once, told_of_run, wait_for_run
from slipway.kinds.managedimage.ordering import Orderer
from slipway.kinds.managedimage.rebasing import Rebaser
from slipway.kinds.managedimage.recalling import Recaller
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.warehouse.view import AUTOMATIC_LABEL
from slipway.kube.resources import WAREHOUSES
from slipway.redact import redact

__all__ = ["Effects"]

_log = structlog.get_logger(__name__)


class Effects:
    """Brings about what plans call for. A crash anywhere is harmless: the next run finds what was done."""

    def __init__(self, context: Context, dispatches: Dispatches) -> None:
        self._context = context
        self._rebaser = Rebaser(context)
        self._orderer = Orderer(context, dispatches)
        self._archivist = Archivist(context)
        self._recaller = Recaller(context, dispatches)

    async def apply(self, facts: Facts | Leaving | Unheld, plan: ImagePlan) -> ImagePlan:
        """All effects of a plan, and the plan that is concluded from what came of them.

        Raises:
            AccessProblem, BuilderError, RegistryError, KubeError: it is tried again.
        """
        if isinstance(facts, Leaving):
            return await self._let_go(facts, plan)
        if isinstance(facts, Unheld):
            return await self._archivist.apply(facts, plan)
        try:
            await self._keep_tracking(facts)
            plan = await self._rebaser.apply(facts, plan)
        except BaseException:
            self._orderer.stand_back(facts.observed.key)
            raise
        plan = await self._orderer.apply(facts, plan)
        _record_emergencies(facts, plan)
        return at_once(plan) if facts.is_restored else plan

    async def _let_go(self, facts: Leaving, plan: ImagePlan) -> ImagePlan:
        """First the run is ended, as long as that takes a moment; then the record is written."""
        problem = await self._recaller.recall(facts.built_outside) if facts.built_outside else None
        waiting = wait_for_run(facts, problem, self._context.clock.now())
        return waiting or told_of_run(await self._archivist.apply(facts, plan), problem)

    def forget(self, key: Key) -> None:
        """The object is gone."""
        self._orderer.forget(key)

    def stand_back(self, key: Key) -> None:
        """The object could not be read."""
        self._orderer.stand_back(key)

    async def _keep_tracking(self, facts: Facts) -> None:
        """Join the Warehouses that the bases need, and leave those that are needed no more."""
        owner, shared, tracking = facts.observed, self._context.children.shared, facts.tracking
        for wanted in tracking.join:
            await shared.join(owner, WAREHOUSES, manifest_of(wanted), AUTOMATIC_LABEL)
        for name in tracking.leave:
            await shared.leave(owner, WAREHOUSES, name)


def _record_emergencies(facts: Facts, plan: ImagePlan) -> None:
    """What skips every rule stands in the log too, which nobody who may write the object can change."""
    for note in plan.events:
        if note.reason == Reason.EMERGENCY_REBUILD:
            _log.warning("Emergency rebuild", key=facts.observed.key.label, message=redact(note.message))
