"""Reading a Warehouse, and looking at its registry when that is due."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from datetime import UTC, datetime, timedelta
from typing import Final

from slipway.api.base import parse_duration
from slipway.api.conditions import Reason
from slipway.api.durations import format_duration
from slipway.api.warehouse import ImageSubscription, Warehouse
from slipway.engine.key import Key
from slipway.engine.outcome import EventNote
from slipway.engine.reconcile import Observed
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.looks import Cause, Look, Looks, Schedule, why_look
from slipway.kinds.outcomes import is_ready
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.warehouse.decide import Facts, Live
from slipway.kinds.warehouse.findings import Findings, Trouble, WarehouseLook
from slipway.kinds.warehouse.poll import poll
from slipway.kinds.warehouse.view import WarehouseView
from slipway.kube.resources import WAREHOUSES
from slipway.kube.status import observed_from
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["WarehouseGatherer"]

_LONGEST_REFUSAL: Final = timedelta(hours=1)
"""What a registry may keep us away with one answer."""

_ASSUMED_FAILURES: Final = 5
"""After a restart trouble is looked at again within about a minute, not all of it at once."""

_UNKNOWN_TIME: Final = datetime(1970, 1, 1, tzinfo=UTC)


class WarehouseGatherer:
    """Gathers, and remembers the last look of each Warehouse."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks: Looks[Findings] = Looks()
        self._asked = Asked()

    async def gather(self, key: Key) -> Facts | None:
        """Everything a decision needs; None when the Warehouse is gone.

        Raises:
            KubeError: when the API server does not answer.
        """
        view = self._context.store.get(key)
        if isinstance(view, WarehouseView) and self._is_decided_from(view):
            self._forget(key)
            return Facts(_observed_in(view))
        body = await self._context.kube.get(WAREHOUSES, key.namespace, key.name)
        if body is None:
            self._forget(key)
            return None
        warehouse, observed = Warehouse.model_validate(body), observed_from(key, body)
        if warehouse.spec.suspend:
            self._forget(key)
            return Facts(observed)
        return Facts(observed, await self._live(warehouse, observed))

    def _is_decided_from(self, view: WarehouseView) -> bool:
        """A suspended Warehouse that never found anything needs no read: it has nothing that must be kept."""
        return view.suspended and view.bare and not self._context.store.must_read_live(view.key)

    async def _live(self, warehouse: Warehouse, observed: Observed) -> Live:
        now = self._context.clock.now()
        wanted = parse_duration(warehouse.spec.interval)
        schedule = Schedule(observed.uid, max(wanted, self._context.settings.minimum_interval), retry=True)
        requests, notes = self._asked.read(observed, now)
        last, dependency = self._looks.last(observed.key, observed.uid), self._dependency(warehouse)
        cause = why_look(
            last,
            schedule,
            now,
            generation=observed.generation,
            observed_generation=_observed_generation(warehouse),
            requested=bool(requests),
            changed=last is not None and last.failures > 0 and last.dependency != dependency,
        )
        if cause is not None:
            look = await self._look(warehouse, observed, last, cause, dependency)
        else:
            look = last or _assumed(observed, now, dependency)
        self._looks.record(observed.key, look)
        return Live(warehouse, look, schedule, requests, (*notes, *_complaints(warehouse, schedule)))

    async def _look(
        self,
        warehouse: Warehouse,
        observed: Observed,
        last: WarehouseLook | None,
        cause: Cause,
        dependency: Hashable,
    ) -> WarehouseLook:
        """Look at all subscriptions at once; trouble with one is no trouble for the others."""
        looks = (
            poll(self._context.registries, observed.key.namespace, subscription)
            for subscription in warehouse.spec.subscriptions
        )
        findings = tuple(await asyncio.gather(*looks))
        now = self._context.clock.now()
        pauses = [item.refused_for for item in findings if isinstance(item, Trouble) and item.refused_for]
        failures_before = last.failures if last is not None and last.generation == observed.generation else 0
        return Look(
            uid=observed.uid,
            generation=observed.generation,
            at=now,
            cause=cause,
            result=findings,
            failures=failures_before + 1 if any(isinstance(item, Trouble) for item in findings) else 0,
            not_before=now + min(max(pauses), _LONGEST_REFUSAL) if pauses else None,
            dependency=dependency,
        )

    def _dependency(self, warehouse: Warehouse) -> Hashable:
        """The Registries that the subscriptions go through, as they are now."""
        images = (subscription.image for subscription in warehouse.spec.subscriptions)
        return tuple(
            self._registry(warehouse.metadata.namespace, image) for image in images if image is not None
        )

    def _registry(self, namespace: str, image: ImageSubscription) -> Hashable:
        name = image.registry_ref.name if image.registry_ref is not None else None
        try:
            view = self._context.registries.registry_for(
                namespace, ImageReference.parse(image.repository), name
            )
        except (AccessProblem, InvalidReference) as problem:
            return problem.reason
        return (view.uid, view.generation, view.connected) if view is not None else None

    def _forget(self, key: Key) -> None:
        self._looks.forget(key)
        self._asked.forget(key)


def _assumed(observed: Observed, now: datetime, dependency: Hashable) -> WarehouseLook:
    """The look that was made before a restart, as far as the status tells of it."""
    failures = 0 if is_ready(observed) else _ASSUMED_FAILURES
    return Look(observed.uid, observed.generation, now, Cause.POLL, None, failures, dependency=dependency)


def _complaints(warehouse: Warehouse, schedule: Schedule) -> tuple[EventNote, ...]:
    """What is told once for each new spec."""
    if _observed_generation(warehouse) == warehouse.metadata.generation:
        return ()
    if schedule.interval <= parse_duration(warehouse.spec.interval):
        return ()
    message = (
        f"Interval {warehouse.spec.interval} was raised to {format_duration(schedule.interval)}, "
        "the shortest that this operator allows"
    )
    return (EventNote(Reason.INTERVAL_TOO_SHORT, message, "Warning", action="ReadSpec"),)


def _observed_generation(warehouse: Warehouse) -> int:
    observed = warehouse.status.observed_generation
    return -1 if observed is None else observed


def _observed_in(view: WarehouseView) -> Observed:
    """The object as the store knows it: enough to say that it is suspended."""
    return Observed(
        key=view.key,
        uid=view.uid,
        resource_version=str(view.resource_version),
        generation=view.generation,
        status=None,
        status_hash=view.status_hash,
        annotations={},
        created_at=_UNKNOWN_TIME,
    )
