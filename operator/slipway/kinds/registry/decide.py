"""What a Registry's status says after a test of its connection, and what becomes of its pull Secret. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.api.registry import KNOWN_URLS, RateLimit, Registry, RegistryPhase, RegistryStatus
from slipway.engine.outcome import EventNote, Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request, handled_requests
from slipway.kinds.looks import Look, Schedule
from slipway.kinds.outcomes import outcome_before
from slipway.kinds.registry.pullsecret import (
    PullFacts,
    PullSecretAction,
    PullSecretTaken,
    plan_pull_secret,
)
from slipway.oci.errors import InvalidReference
from slipway.oci.session import registry_base

__all__ = ["Facts", "Probe", "Seen", "decide"]

_SYNC_EVERY: Final = timedelta(hours=1)
"""How old `lastSyncTime` gets before a test that found nothing new writes it."""

_SECRET_EVERY: Final = timedelta(seconds=60)
"""How soon a changed Secret is noticed."""

_SUSPENDED: Final = "Suspended by spec.suspend: the connection is not tested, and the credential stays in use"


@dataclass(frozen=True, slots=True)
class Seen:
    """What a registry showed of itself."""

    capabilities: tuple[str, ...] = ()
    """In the order of their names."""

    repositories: int | None = None
    """How many it lists; None where it lists none to this credential."""

    rate_limit: str | None = None
    """The state of its quota; None where it tells of none."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What a test of the connection came to."""

    trouble: Waiting | Stalled | None = None
    """Why it failed; None when the registry answered as one and took the credential."""

    seen: Seen = Seen()
    """Only of a test that succeeded."""

    url: str = ""
    """What was called."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known when a Registry is decided."""

    observed: Observed
    registry: Registry
    look: Look[Probe] | None
    """The last test; None when it is suspended."""

    schedule: Schedule
    requests: tuple[Request, ...] = ()
    """What was asked for and is answered by this test."""

    notes: tuple[EventNote, ...] = ()
    """What else is to be told."""

    pull: PullFacts | None = None
    """The pull Secret, looked at with a test that was made just now; None when nothing is to be done."""

    @property
    def url(self) -> str | None:
        """Where the registry's API is called; None where the spec names no such place."""
        spec = self.registry.spec
        try:
            return registry_base(spec.url or KNOWN_URLS.get(spec.type, ""))
        except InvalidReference:
            return None

    @property
    def uses_secrets(self) -> bool:
        """Whether something that is not watched can change how the connection is made."""
        return bool(self.registry.spec.secret_ref or self.registry.spec.cert_secret_ref)


def decide(facts: Facts, now: datetime) -> Plan[PullSecretAction | None]:
    """The status, the outcome, and what to do about the pull Secret."""
    if facts.look is None:
        return Plan(_suspended(facts), Settled(Reason.SUSPENDED, _SUSPENDED), None)
    pause = _pause(facts, facts.look, now)
    if facts.look.result is None:
        kept = _dump(facts.registry.status, facts)
        return Plan(kept, outcome_before(facts.observed, pause), None, facts.notes)
    status = _status(facts, facts.look, facts.look.result)
    outcome = _outcome(facts.look.result, pause)
    if facts.pull is None:
        return Plan(status, _still_taken(facts, outcome, pause), None, facts.notes)
    try:
        action = plan_pull_secret(facts.observed, facts.pull)
    except PullSecretTaken as taken:
        return Plan(status, Stalled(Reason.NAME_CONFLICT, str(taken), pause), None, facts.notes)
    return Plan(status, outcome, action, facts.notes)


def _still_taken(facts: Facts, outcome: Outcome, pause: timedelta) -> Outcome:
    """Between two tests a name that is taken stays what is wrong: nobody has looked at it again."""
    before = outcome_before(facts.observed, pause)
    is_taken = isinstance(before, Stalled) and before.reason == Reason.NAME_CONFLICT
    is_same_spec = facts.registry.status.observed_generation == facts.observed.generation
    return before if is_taken and is_same_spec and isinstance(outcome, Settled) else outcome


def _pause(facts: Facts, look: Look[Probe], now: datetime) -> timedelta:
    """Until the next test is due; with a Secret at most until it is compared with what was tested."""
    pause = max(facts.schedule.next_look(look, now) - now, timedelta(0))
    return min(pause, _SECRET_EVERY) if facts.uses_secrets else pause


def _outcome(probe: Probe, pause: timedelta) -> Outcome:
    match probe.trouble:
        case None:
            return Settled(Reason.CONNECTED, f"Connected to {probe.url}", pause)
        case Waiting(reason, message):
            return Waiting(reason, message, pause, is_trouble=True)
        case Stalled(reason, message, recheck):
            return Stalled(reason, message, min(pause, recheck))


def _suspended(facts: Facts) -> Mapping[str, Any]:
    phase = facts.registry.status.phase or RegistryPhase.PENDING
    return _dump(facts.registry.status.model_copy(update={"phase": phase, "url": facts.url}), facts)


def _status(facts: Facts, look: Look[Probe], probe: Probe) -> Mapping[str, Any]:
    before = _of_this_place(facts)
    if probe.trouble is not None:
        return _dump(before.model_copy(update={"phase": RegistryPhase.ERROR, "url": facts.url}), facts)
    connected = {
        "phase": RegistryPhase.CONNECTED,
        "url": facts.url,
        "last_sync_time": _sync_time(before, look, bool(facts.requests)),
        "capabilities": probe.seen.capabilities,
        "repositories": probe.seen.repositories,
        "rate_limit": RateLimit(state=probe.seen.rate_limit) if probe.seen.rate_limit else None,
    }
    return _dump(before.model_copy(update=connected), facts)


def _of_this_place(facts: Facts) -> RegistryStatus:
    """The status before, without what was found at another address."""
    before = facts.registry.status
    if before.url in {None, facts.url}:
        return before
    found = dict.fromkeys(("last_sync_time", "repositories", "rate_limit"))
    return before.model_copy(update={**found, "capabilities": ()})


def _sync_time(before: RegistryStatus, look: Look[Probe], requested: bool) -> datetime:
    """Told when the outcome changed or somebody asked, else hourly: time alone is no reason to write."""
    known = before.last_sync_time
    if (
        known is None
        or requested
        or before.phase != RegistryPhase.CONNECTED
        or look.at - known >= _SYNC_EVERY
    ):
        return look.at
    return known


def _dump(status: RegistryStatus, facts: Facts) -> Mapping[str, Any]:
    written = status.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude_defaults=True,
        exclude={"conditions", "observed_generation", "handled_requests"},
    )
    before = [handled.model_dump(mode="json", exclude_none=True) for handled in status.handled_requests]
    result = "Succeeded" if status.phase == RegistryPhase.CONNECTED else "Failed"
    handled = handled_requests(before, [request.handled(result) for request in facts.requests])
    return written | ({"handledRequests": handled} if handled else {})
