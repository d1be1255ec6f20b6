"""Whether a build that is due may begin: a person may have to ask for it, or its time has not come. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from slipway.api.base import parse_duration
from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImagePhase
from slipway.api.rebuilding import Freeze as FreezeSpec
from slipway.api.rebuilding import RebuildSpec
from slipway.clock import format_time
from slipway.engine.outcome import EventNote, Settled, Stalled, Waiting
from slipway.kinds.managedimage.builds import REASONS
from slipway.kinds.managedimage.changes import known_status, reaction_to
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.facts import Facts, KnownBase
from slipway.kinds.managedimage.keys import is_asked_for, is_emergency
from slipway.kinds.managedimage.loops import keeps_distance, runs_in_circles
from slipway.kinds.managedimage.situation import ImagePlan, Situation, plan
from slipway.kinds.managedimage.timing.beginning import NotYet, Terms, beginning
from slipway.kinds.managedimage.timing.coordination import BaseState
from slipway.kinds.managedimage.timing.errors import TimingError
from slipway.kinds.managedimage.timing.freezes import Freeze, parse_period, parse_recurring
from slipway.kinds.managedimage.timing.windows import parse_window

__all__ = ["awaited", "emergency_notes", "keep_distance", "wait_for_person", "wait_for_time"]

_HOW_TO_ASK: Final = 'Ask for it with the annotation slipway.dev/rebuild="<time of asking, RFC 3339>"'

_NOTHING_IN_SIGHT: Final = timedelta(days=1)
"""When it is looked again where no window opens as far as can be seen."""


def wait_for_person(at: Situation) -> ImagePlan | None:
    """Policy Manual or Notify, or a reaction Notify, and nobody asked yet."""
    policy, leads = at.spec.rebuild.policy, _leads_to_build(at)
    if is_asked_for(at) or (policy == "Automatic" and leads):
        return None
    why = f"rebuild.policy is {policy}" if leads else "rebuild.on says Notify"
    message = f"{at.why}; {why}. {_HOW_TO_ASK}"
    notes = (EventNote(Reason.OUTDATED, message),) if _is_to_be_told(at) else ()
    status = at.due(f"waits for a person: {why}")
    return plan(at, status, Settled(Reason.OUTDATED, message), ManagedImagePhase.OUTDATED, notes)


def emergency_notes(at: Situation, build: Build) -> tuple[EventNote, ...]:
    """The Event of a build that somebody demanded at once: who, and why."""
    demanded = at.emergency
    if demanded is None:
        return ()
    by = demanded.by or "somebody who is not known"
    message = f"Emergency rebuild {build.number} was demanded by {by}: {demanded.reason}"
    return (EventNote(Reason.EMERGENCY_REBUILD, message, "Warning"),)


def _leads_to_build(at: Situation) -> bool:
    return any(one.reaction == "Rebuild" for one in at.changes)


def _is_to_be_told(at: Situation) -> bool:
    """Whether an Event tells of it: each change once."""
    before = at.before.rebuild.reasons if at.before.rebuild else ()
    is_news = {reason.detail for reason in at.reasons[:REASONS]} - {reason.detail for reason in before}
    return bool(is_news) and at.spec.rebuild.policy != "Manual"


def keep_distance(at: Situation) -> ImagePlan | None:
    """A base that moves again and again, such as a tag that names another digest at each look."""
    if at.asked is not None or any(reason.type != "Base" for reason in at.reasons):
        return None
    circles = runs_in_circles(at.status.bases, at.now)
    if circles is not None:
        message, over_in = circles
        status = at.due(f"stopped: {message}")
        return plan(at, status, Stalled(Reason.REBUILD_LOOP, message, over_in), ManagedImagePhase.FAILED)
    until = keeps_distance(at.status.bases, at.before.builds, at.now)
    if until is None:
        return None
    why = f"its bases move so often that builds keep a distance: the next one begins at {format_time(until)}"
    status = at.due(why, until=until)
    outcome = Waiting(Reason.REBUILD_LOOP, f"{at.why}: {why}", until - at.now)
    return plan(at, status, outcome, ManagedImagePhase.WAITING)


def wait_for_time(at: Situation) -> ImagePlan | None:
    """Delay, other bases that may move too, maintenance windows and freezes."""
    try:
        terms = _terms(at.spec.rebuild)
    except TimingError as error:
        return plan(at, at.status, Stalled(Reason.INVALID_SPEC, str(error)), ManagedImagePhase.FAILED)
    found = beginning(terms, tuple(_states(at)), at.now, emergency=is_emergency(at))
    if not isinstance(found, NotYet):
        return None
    pause = found.until - at.now if found.until is not None else _NOTHING_IN_SIGHT
    outcome = Waiting(found.reason, f"{at.why}: {found.why}", min(pause, _NOTHING_IN_SIGHT))
    status = at.due(found.why, until=found.until, blocked_by=found.blocked_by)
    return plan(at, status, outcome, ManagedImagePhase.WAITING)


def awaited(facts: Facts | Leaving | Unheld, concluded: ImagePlan) -> tuple[KnownBase, ...]:
    """The bases whose builds an image waits for; when those come to nothing, its wait is over."""
    if not isinstance(facts, Facts) or concluded.outcome.reason != Reason.COORDINATING:
        return ()
    return tuple(base for base in facts.bases if isinstance(base, KnownBase) and base.is_busy)


def _states(at: Situation) -> Iterator[BaseState]:
    """The bases whose moves lead to a build; none where a person asked, who need not wait for bases."""
    if is_asked_for(at):
        return
    for base in at.known:
        if reaction_to(at, base) == "Rebuild":
            known = known_status(at, base)
            moved = known is not None and known.built_digest not in {None, base.digest}
            moved_at = (known.changed_at or at.now) if known is not None and moved else None
            yield BaseState(base.reference, base.has_builder, base.is_busy, moved_at)


def _terms(spec: RebuildSpec) -> Terms:
    windows = [
        parse_window(f"rebuild.windows[{number}]", one.schedule, parse_duration(one.duration), one.time_zone)
        for number, one in enumerate(spec.windows)
    ]
    return Terms(
        delay=parse_duration(spec.delay),
        coordination_window=parse_duration(spec.coordination_window),
        windows=windows,
        freezes=[_freeze(f"rebuild.freezes[{number}]", one) for number, one in enumerate(spec.freezes)],
    )


def _freeze(place: str, spec: FreezeSpec) -> Freeze:
    if spec.from_ is not None and spec.until is not None:
        return parse_period(place, spec.from_, spec.until, spec.reason)
    duration = parse_duration(spec.duration or "")
    return parse_recurring(place, spec.schedule or "", duration, spec.time_zone or "UTC", spec.reason)
