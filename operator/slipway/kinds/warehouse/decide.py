"""What a Warehouse's status says after looks at its subscriptions. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from slipway.api.conditions import THROTTLED, Condition, Reason
from slipway.api.warehouse import (
    Artifact,
    ArtifactChart,
    ArtifactCommit,
    ArtifactImage,
    Problem,
    Subscription,
    Warehouse,
    WarehouseStatus,
)
from slipway.engine.outcome import EventNote, Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request, handled_requests
from slipway.kinds.looks import Schedule
from slipway.kinds.outcomes import kept_conditions, outcome_before
from slipway.kinds.sizes import fitted
from slipway.kinds.warehouse.findings import Content, Finding, Found, Ripening, SubscriptionLook, Trouble
from slipway.kinds.warehouse.history import (
    TRIMMABLE,
    artifact_change,
    change_note,
    content_of,
    full_name,
    is_promise,
    overwriting_note,
    release_of,
    with_change,
)
from slipway.kinds.warehouse.places import found_before
from slipway.kinds.warehouse.selection import Choice

__all__ = ["Facts", "Live", "Watched", "decide"]

_SUSPENDED: Final = "Suspended by spec.suspend: nothing is looked at, and what was found stays in use"

_SECRET_EVERY: Final = timedelta(seconds=50)
"""How soon it is looked whether a Secret was mended: it is noticed within 60 s, with what may be shared."""

_FOLLOWED: Final = Choice((), {}, 0)
"""What is followed was not chosen from others."""


@dataclass(frozen=True, slots=True)
class Watched:
    """A subscription with the last look at it."""

    subscription: Subscription
    look: SubscriptionLook
    schedule: Schedule
    uses_secret: bool = False
    """Whether something that is not watched can be what is in the way."""

    @property
    def finding(self) -> Finding | None:
        """What was found; None when the look is only assumed."""
        return self.look.result


@dataclass(frozen=True, slots=True)
class Live:
    """A Warehouse as it was read, and the last looks made for it."""

    warehouse: Warehouse
    watched: tuple[Watched, ...]
    """In the order of the spec."""

    requests: tuple[Request, ...] = ()
    """What was asked for and is answered by these looks."""

    notes: tuple[EventNote, ...] = ()
    """What else is to be told."""

    is_repeated: bool = False
    """Whether all looks found what the looks before them found, and the status tells of those."""


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
    pause = min(_pause(watched, now) for watched in live.watched)
    if live.is_repeated:
        return Plan({}, outcome_before(observed, pause), None, live.notes, keeps_status=True)
    if all(watched.finding is None for watched in live.watched):
        return Plan(
            _kept(observed), outcome_before(observed, pause), None, live.notes, kept_conditions(observed)
        )
    status, changes = _after(live)
    problems = [(artifact.name, artifact.problem) for artifact in status.artifacts if artifact.problem]
    answered = [request.handled("Failed" if problems else "Succeeded") for request in live.requests]
    return Plan(
        _dump(status, answered),
        _outcome(status.artifacts, live, pause),
        None,
        (*live.notes, *changes),
        tuple(_throttled(observed, live, now)),
    )


def _pause(watched: Watched, now: datetime) -> timedelta:
    """Until the next look is due; where a Secret may be what is wrong, at most until it is looked at."""
    pause = max(watched.schedule.next_look(watched.look, now) - now, timedelta(0))
    return min(pause, _SECRET_EVERY) if watched.look.failures and watched.uses_secret else pause


def _after(live: Live) -> tuple[WarehouseStatus, list[EventNote]]:
    """The status after the looks, and what there is to tell about them."""
    status, notes = live.warehouse.status, []
    artifacts = []
    for watched in live.watched:
        old = found_before(live.warehouse, watched.subscription)
        new = _artifact(watched, old)
        if new is None:
            continue
        artifacts.append(new)
        change = artifact_change(old, new, watched.look)
        if change is not None:
            status = with_change(status, change)
            notes.append(change_note(watched.subscription, old, new))
        overwriting = overwriting_note(old, new)
        if overwriting is not None:
            notes.append(overwriting)
    found = {"artifacts": tuple(artifacts), "release": release_of(artifacts)}
    return status.model_copy(update=found), notes


def _artifact(watched: Watched, old: Artifact | None) -> Artifact | None:
    """The artifact after a look: trouble keeps the last good one, and tells what became of the tags."""
    match watched.finding:
        case None:
            return old
        case Found() as found:
            chosen = _with_first_sight(found.content, content_of(old), watched.look.at)
            moved_to = found.moved_to if is_promise(watched.subscription) else None
            return _assembled(found.name, chosen, found.choice or _FOLLOWED, found.ripening, moved_to)
        case Trouble() as trouble:
            return _troubled(trouble, old)


def _troubled(trouble: Trouble, old: Artifact | None) -> Artifact:
    problem = Problem(
        reason=trouble.outcome.reason,
        message=trouble.outcome.message,
        stalled=True if isinstance(trouble.outcome, Stalled) else None,
    )
    before = old or Artifact(name=trouble.name)
    if trouble.choice is None and trouble.ripening is None:
        return before.model_copy(update={"problem": problem})
    choice = trouble.choice or _FOLLOWED
    ripening = trouble.ripening or Ripening(before.seen, before.next_maturity_at)
    artifact = _assembled(trouble.name, content_of(old), choice, ripening, before.overwritten_by)
    return artifact.model_copy(update={"problem": problem})


def _assembled(
    name: str, chosen: Content | None, choice: Choice, ripening: Ripening, overwritten_by: str | None
) -> Artifact:
    return Artifact(
        name=name,
        image=chosen if isinstance(chosen, ArtifactImage) else None,
        git=chosen if isinstance(chosen, ArtifactCommit) else None,
        chart=chosen if isinstance(chosen, ArtifactChart) else None,
        candidates=choice.candidates,
        rejected=dict(choice.rejected),
        tags=choice.tags or None,
        seen=ripening.seen,
        next_maturity_at=ripening.next_at,
        overwritten_by=overwritten_by,
    )


def _with_first_sight(chosen: Content, before: Content | None, seen_at: datetime) -> Content:
    """What was seen before keeps the time of its first sight, also under another tag."""
    if chosen.first_seen_at is not None:
        return chosen
    known = before.first_seen_at if before is not None and _is_same(before, chosen) else None
    return chosen.model_copy(update={"first_seen_at": known or seen_at})


def _is_same(one: Content, other: Content) -> bool:
    match one, other:
        case ArtifactImage(), ArtifactImage():
            return one.digest == other.digest
        case ArtifactCommit(), ArtifactCommit():
            return one.commit == other.commit
        case ArtifactChart(), ArtifactChart():
            return (one.version, one.digest) == (other.version, other.digest)
        case _:
            return False


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


def _outcome(artifacts: Sequence[Artifact], live: Live, pause: timedelta) -> Outcome:
    """The worst of the findings: what a person must mend, before what mends itself, before what is well.

    Messages come from the looks, where there were any: those of the status are cut.
    """
    said = {
        watched.finding.name: watched.finding.outcome.message
        for watched in live.watched
        if isinstance(watched.finding, Trouble)
    }
    problems = [(artifact.name, artifact.problem) for artifact in artifacts if artifact.problem is not None]
    if not problems:
        chosen = [(artifact.name, content_of(artifact)) for artifact in artifacts]
        found = "; ".join(f"{name}: {full_name(content)}" for name, content in chosen if content is not None)
        return Settled(Reason.ARTIFACTS_FOUND, found, pause)
    worst = next((problem for _, problem in problems if problem.stalled), problems[0][1])
    several = len(live.watched) > 1
    words = ((name, said.get(name) or problem.message or problem.reason) for name, problem in problems)
    message = "; ".join(f"{name}: {text}" if several else text for name, text in words)
    if worst.stalled:
        return Stalled(worst.reason, message, pause)
    return Waiting(worst.reason, message, pause, is_trouble=True)


def _throttled(observed: Observed, live: Live, now: datetime) -> Iterable[Condition]:
    """A condition while something is looked at more rarely than the spec asks.

    After a restart it stays until everything was looked at.
    """
    why = [watched.finding.throttled for watched in live.watched if watched.finding is not None]
    messages = tuple(dict.fromkeys(filter(None, why)))
    if messages:
        text = "; ".join(messages)
        yield Condition(THROTTLED, "True", Reason.QUOTA_LOW, text, observed.generation, now)
    elif any(watched.finding is None for watched in live.watched):
        yield from (one for one in kept_conditions(observed) if one.type == THROTTLED)
