"""What a Warehouse's status says after a look at its registry. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactImage, Subscription, Warehouse, WarehouseStatus
from slipway.engine.outcome import EventNote, Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request, handled_requests
from slipway.kinds.looks import Schedule
from slipway.kinds.outcomes import outcome_before
from slipway.kinds.sizes import fitted
from slipway.kinds.warehouse.findings import Finding, Findings, Found, Trouble, WarehouseLook
from slipway.kinds.warehouse.history import TRIMMABLE, artifact_change, change_note, release_of, with_change
from slipway.kinds.warehouse.selection import Choice

__all__ = ["Facts", "Live", "decide"]

_SUSPENDED: Final = "Suspended by spec.suspend: the registry is not asked, and what was found stays in use"

_FOLLOWED: Final = Choice((), {}, 0)
"""A tag that is followed was not chosen from others."""


@dataclass(frozen=True, slots=True)
class Live:
    """A Warehouse as it was read, and the last look made for it."""

    warehouse: Warehouse
    look: WarehouseLook
    schedule: Schedule
    requests: tuple[Request, ...] = ()
    """What was asked for and is answered by this look."""

    notes: tuple[EventNote, ...] = ()
    """What else is to be told."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known when a Warehouse is decided."""

    observed: Observed
    live: Live | None = None
    """None when it is suspended."""


def decide(facts: Facts, now: datetime) -> Plan[None]:
    """The status, the outcome and the events. A look that was written before changes nothing."""
    if facts.live is None:
        return Plan(_kept(facts.observed), Settled(Reason.SUSPENDED, _SUSPENDED), None)
    return _looked(facts.observed, facts.live, now)


def _kept(observed: Observed) -> dict[str, Any]:
    """The status as it is, without what the engine itself writes."""
    ours = {"conditions", "observedGeneration"}
    return {name: value for name, value in (observed.status or {}).items() if name not in ours}


def _looked(observed: Observed, live: Live, now: datetime) -> Plan[None]:
    pause = max(live.schedule.next_look(live.look, now) - now, timedelta(0))
    if live.look.result is None:
        return Plan(_kept(observed), outcome_before(observed, pause), None, live.notes)
    status, changes = _after(live.warehouse, live.look, live.look.result)
    failed = any(isinstance(finding, Trouble) for finding in live.look.result)
    answered = [request.handled("Failed" if failed else "Succeeded") for request in live.requests]
    return Plan(_dump(status, answered), _outcome(live.look.result, pause), None, (*live.notes, *changes))


def _after(
    warehouse: Warehouse, look: WarehouseLook, findings: Findings
) -> tuple[WarehouseStatus, list[EventNote]]:
    """The status after a look, and what there is to tell about it."""
    status, notes = warehouse.status, []
    known = {artifact.name: artifact for artifact in status.artifacts}
    artifacts = []
    for subscription, finding in zip(warehouse.spec.subscriptions, findings, strict=True):
        old = _still_meant(subscription, known.get(subscription.name))
        new = _artifact(finding, old, look.at)
        if new is None:
            continue
        artifacts.append(new)
        change = artifact_change(old, new, look)
        if change is not None:
            status = with_change(status, change)
            notes.append(change_note(subscription, old, new))
    found = {"artifacts": tuple(artifacts), "release": release_of(artifacts)}
    return status.model_copy(update=found), notes


def _still_meant(subscription: Subscription, known: Artifact | None) -> Artifact | None:
    """What was found before, unless the subscription has come to mean another repository."""
    if known is None or known.image is None or subscription.image is None:
        return known
    return known if known.image.repository == subscription.image.repository else None


def _artifact(finding: Finding, old: Artifact | None, seen_at: datetime) -> Artifact | None:
    """The artifact after a look: trouble keeps the last good one, and tells what became of the tags."""
    image = old.image if old is not None else None
    if isinstance(finding, Found):
        image = _image(finding, image, seen_at)
    elif finding.choice is None:
        return old
    choice = finding.choice or _FOLLOWED
    return Artifact(
        name=finding.name,
        image=image,
        candidates=choice.candidates,
        rejected=dict(choice.rejected),
        tags=choice.tags or None,
    )


def _image(found: Found, before: ArtifactImage | None, seen_at: datetime) -> ArtifactImage:
    """A digest that was seen before keeps the time of its first sight, also under another tag."""
    first = before.first_seen_at if before is not None and before.digest == found.digest else seen_at
    return ArtifactImage(
        repository=found.repository, tag=found.tag, digest=found.digest, first_seen_at=first or seen_at
    )


def _dump(status: WarehouseStatus, answered: Sequence[Mapping[str, str]]) -> Mapping[str, Any]:
    written = status.model_dump(
        mode="json",
        by_alias=True,
        exclude_none=True,
        exclude_defaults=True,
        exclude={"conditions", "observed_generation", "handled_requests"},
    )
    before = [handled.model_dump(mode="json", exclude_none=True) for handled in status.handled_requests]
    handled = handled_requests(before, answered)
    return fitted(written | ({"handledRequests": handled} if handled else {}), *TRIMMABLE)


def _outcome(findings: Sequence[Finding], pause: timedelta) -> Outcome:
    """The worst of the findings: what a person must mend, before what mends itself, before what is well."""
    troubles = [finding.outcome for finding in findings if isinstance(finding, Trouble)]
    found = [finding for finding in findings if isinstance(finding, Found)]
    if not troubles:
        return Settled(Reason.ARTIFACTS_FOUND, "; ".join(map(_found_words, found)), pause)
    worst = next((trouble for trouble in troubles if isinstance(trouble, Stalled)), troubles[0])
    message = "; ".join(trouble.message for trouble in troubles)
    if isinstance(worst, Stalled):
        return Stalled(worst.reason, message, pause)
    return Waiting(worst.reason, message, pause)


def _found_words(found: Found) -> str:
    return f"{found.name}: {found.repository}:{found.tag}@{found.digest}"
