"""Reading a Warehouse, and looking at what it watches when that is due."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from slipway.api.base import parse_duration
from slipway.api.conditions import Reason
from slipway.api.durations import format_duration
from slipway.api.warehouse import Artifact, Subscription, Warehouse
from slipway.engine.key import Key
from slipway.engine.outcome import EventNote, Stalled, Waiting
from slipway.engine.reconcile import Observed
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.looks import Cause, Look, Looks, Schedule, why_look
from slipway.kinds.warehouse.decide import Facts, Live, Watched
from slipway.kinds.warehouse.findings import Finding, Found, SubscriptionLook, Trouble
from slipway.kinds.warehouse.places import found_before
from slipway.kinds.warehouse.prompts import Prompt, Prompts, prompted_at, reminded
from slipway.kinds.warehouse.subscriptions.factory import watch_for
from slipway.kinds.warehouse.subscriptions.trouble import FORESEEN, trouble_of
from slipway.kinds.warehouse.subscriptions.watch import Dependency, Moment, Watch
from slipway.kinds.warehouse.view import WarehouseView
from slipway.kube.resources import WAREHOUSES
from slipway.kube.status import observed_from

__all__ = ["WarehouseGatherer"]

_LONGEST_REFUSAL: Final = timedelta(hours=1)
"""What a registry may keep us away with one answer."""

_ASSUMED_FAILURES: Final = 5
"""After a restart trouble is looked at again within about a minute, not all of it at once."""

_SLOWDOWN: Final = 4
"""How much longer the interval gets while a registry's quota is low."""

_SECRETS_SHARED: Final = timedelta(seconds=5)
"""How long a Secret that was read for one routine look serves those that follow; trouble has it read anew."""

_SHORTEST_WAIT: Final = timedelta(seconds=1)


class WarehouseGatherer:
    """Gathers, and remembers the last look at each subscription."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._looks: dict[Key, Looks[Finding]] = {}
        self._decided: dict[Key, str] = {}
        """The versions of the Warehouses that were decided with the looks that are remembered."""
        self._asked = Asked()
        self._prompts = Prompts(context.store)

    async def gather(self, key: Key) -> Facts | None:
        """Everything a decision needs; None when the Warehouse is gone.

        Raises:
            KubeError: when the API server does not answer.
        """
        view, decided = self._seen(key), self._decided.pop(key, None)
        body = view.body() if view else await self._context.kube.get(WAREHOUSES, key.namespace, key.name)
        if body is None:
            self._forget(key)
            return None
        warehouse = Warehouse.model_validate(body)
        observed = observed_from(key, body, view.status_hash if view else None)
        if warehouse.spec.suspend:
            self._forget(key)
            return Facts(observed)
        # A status that was to be written and was not is read live.
        is_told = view is not None and decided == observed.resource_version
        return Facts(observed, await self._live(warehouse, observed, is_told=is_told))

    def note_decided(self, facts: Facts) -> None:
        """The looks were decided on: if that leads to a write, the Warehouse gets another version."""
        if facts.live is not None:
            self._decided[facts.observed.key] = facts.observed.resource_version

    def _seen(self, key: Key) -> WarehouseView | None:
        """The Warehouse as it was seen last: a write that is decided from an old version is refused."""
        view = self._context.store.get(key)
        if not isinstance(view, WarehouseView) or self._context.store.must_read_live(key):
            return None
        return view

    async def _live(self, warehouse: Warehouse, observed: Observed, *, is_told: bool) -> Live:
        requests, notes = self._asked.read(observed, self._context.clock.now())
        before = self._looks.setdefault(observed.key, Looks())
        looking = _Looking(self._context, warehouse, observed, before, self._prompts, bool(requests), is_told)
        # All at once: what one subscription waits for is no reason for the others to wait.
        watched = await asyncio.gather(
            *map(looking.watched, warehouse.spec.subscriptions), return_exceptions=True
        )
        found, errors = [], []
        looks = self._looks[observed.key] = Looks()
        for subscription, one in zip(warehouse.spec.subscriptions, watched, strict=True):
            if isinstance(one, BaseException):
                errors.append(one)
                look = before.last(subscription.name, observed.uid)
            else:
                found.append(one)
                look = one.look
            if look is not None:
                looks.record(subscription.name, look)
        # What the others found is remembered: it need not be asked for again. Who broke off is still due.
        for error in errors:
            raise error
        is_repeated = is_told and not requests and all(map(looking.is_repeated, found))
        return Live(warehouse, tuple(found), requests, (*notes, *looking.complaints()), is_repeated)

    def _forget(self, key: Key) -> None:
        self._looks.pop(key, None)
        self._asked.forget(key)


@dataclass(frozen=True, slots=True)
class _Looking:
    """One run: looks at the subscriptions that are due."""

    context: Context
    warehouse: Warehouse
    observed: Observed
    looks: Looks[Finding]
    prompts: Prompts
    requested: bool
    is_told: bool
    """Whether the status tells of the last looks."""

    def is_repeated(self, watched: Watched) -> bool:
        """Whether a subscription is as it was found before."""
        last = self.looks.last(watched.subscription.name, self.observed.uid)
        return last is not None and last.result == watched.finding

    async def watched(self, subscription: Subscription) -> Watched:
        """The subscription with a new look, where one is due, else with the last one."""
        watch = watch_for(self.context, self.warehouse, subscription)
        now, last = self.context.clock.now(), self.looks.last(subscription.name, self.observed.uid)
        before = self._before(subscription)
        prompt = self.prompts.prompt(subscription, before, now)
        last = reminded(last, prompt) if last is not None else None
        schedule = self._schedule(watch, last)
        dependency = await watch.dependency(troubled=self._is_troubled(last, before))
        cause = why_look(
            last,
            schedule,
            now,
            generation=self.observed.generation,
            observed_generation=self._observed_generation,
            requested=self.requested,
            changed=last is not None and last.failures > 0 and last.dependency != dependency,
        )
        if cause is None:
            look = last or reminded(self._assumed(before, now, dependency), prompt)
            return Watched(subscription, look, schedule, dependency.by_secret)
        since = self._since(cause, last, schedule, prompt, now)
        moment = self._moment(cause, last, dependency, now, since)
        try:
            finding = await watch.look(moment, before)
        except FORESEEN as error:
            # What was known of a quota holds until a look that succeeds tells another.
            known = last.result.throttled if last is not None and last.result is not None else None
            finding = replace(trouble_of(subscription.name, error), throttled=known)
        look = self._look(cause, finding, last, dependency)
        return Watched(subscription, look, self._schedule(watch, look), dependency.by_secret)

    def complaints(self) -> tuple[EventNote, ...]:
        """What is told once for each new spec."""
        wanted = parse_duration(self.warehouse.spec.interval)
        if self._observed_generation == self.observed.generation or self._interval <= wanted:
            return ()
        message = (
            f"Interval {self.warehouse.spec.interval} was raised to {format_duration(self._interval)}, "
            "the shortest that this operator allows"
        )
        return (EventNote(Reason.INTERVAL_TOO_SHORT, message, "Warning", action="ReadSpec"),)

    @property
    def _interval(self) -> timedelta:
        return max(parse_duration(self.warehouse.spec.interval), self.context.settings.minimum_interval)

    @property
    def _observed_generation(self) -> int:
        observed = self.warehouse.status.observed_generation
        return -1 if observed is None else observed

    def _is_troubled(self, last: SubscriptionLook | None, before: Artifact | None) -> bool:
        """Whether the last look found trouble; after a restart the status tells."""
        if last is not None:
            return last.failures > 0
        is_known = self._observed_generation == self.observed.generation
        return is_known and (before is None or before.problem is not None)

    def _schedule(self, watch: Watch, last: SubscriptionLook | None) -> Schedule:
        result = last.result if last is not None else None
        throttled = result is not None and result.throttled is not None
        # Trying a wrong password again and again gets accounts locked.
        refused = isinstance(result, Trouble) and result.outcome.reason == Reason.AUTHENTICATION_FAILED
        return Schedule(watch.place, self._interval * (_SLOWDOWN if throttled else 1), retry=not refused)

    def _before(self, subscription: Subscription) -> Artifact | None:
        return found_before(self.warehouse, subscription)

    def _moment(
        self,
        cause: Cause,
        last: SubscriptionLook | None,
        dependency: Dependency,
        now: datetime,
        since: datetime,
    ) -> Moment:
        if last is not None and last.dependency != dependency:
            return Moment(now, now)
        is_new = last is None or last.generation != self.observed.generation
        if cause is not Cause.POLL or last is None or is_new or last.failures:
            return Moment(now, since)
        known = last.result if self.is_told and isinstance(last.result, Found) else None
        return Moment(now, since, _SECRETS_SHARED, known)

    def _since(
        self,
        cause: Cause,
        last: SubscriptionLook | None,
        schedule: Schedule,
        prompt: Prompt | None,
        now: datetime,
    ) -> datetime:
        """How old an answer may be: a look that is due takes one that others got when they were due."""
        if cause is Cause.REQUEST:
            return now
        if last is None and self.observed.generation == 1:
            return max(self.observed.created_at, schedule.last_due(now))
        if last is None:
            return now
        moments = (schedule.due_since(last, now), prompted_at(last, prompt, now))
        return max((moment for moment in moments if moment is not None), default=now)

    def _look(
        self, cause: Cause, finding: Finding, last: SubscriptionLook | None, dependency: Dependency
    ) -> SubscriptionLook:
        now, ripening = self.context.clock.now(), finding.ripening
        failures = last.failures if last is not None and last.generation == self.observed.generation else 0
        refused_for = finding.refused_for if isinstance(finding, Trouble) else None
        ripe_at = ripening.next_at if ripening is not None else None
        again_at = _earliest(ripe_at, _recheck_at(finding, now))
        return Look(
            uid=self.observed.uid,
            generation=self.observed.generation,
            at=now,
            cause=cause,
            result=finding,
            failures=failures + 1 if isinstance(finding, Trouble) else 0,
            not_before=now + min(refused_for, _LONGEST_REFUSAL) if refused_for else None,
            look_again_at=max(again_at, now + _SHORTEST_WAIT) if again_at is not None else None,
            dependency=dependency,
        )

    def _assumed(self, before: Artifact | None, now: datetime, dependency: Dependency) -> SubscriptionLook:
        """The look that was made before a restart, as far as the status tells of it."""
        failures = 0 if before is not None and before.problem is None else _ASSUMED_FAILURES
        ripe_at = before.next_maturity_at if before is not None else None
        return Look(
            self.observed.uid,
            self.observed.generation,
            now,
            Cause.POLL,
            None,
            failures,
            look_again_at=ripe_at,
            dependency=dependency,
        )


def _recheck_at(finding: Finding, now: datetime) -> datetime | None:
    """When trouble that hangs on something unwatched, such as a Secret, is looked at again."""
    match finding:
        case Trouble(outcome=Waiting(until=timedelta() as pause)):
            return now + pause
        case Trouble(outcome=Stalled(reason=Reason.CREDENTIAL_NOT_BOUND, recheck=pause)):
            return now + pause
        case _:
            return None


def _earliest(*moments: datetime | None) -> datetime | None:
    return min((moment for moment in moments if moment is not None), default=None)
