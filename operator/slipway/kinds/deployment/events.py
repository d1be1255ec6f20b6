"""The Events of a run: what is in the new status and was not in the old one. Pure.

They are derived from the status alone, so that what a killed operator had begun is told by the next one.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.deployment import DeploymentStatus, HistoryAction, HistoryEntry, HistoryOutcome
from slipway.engine.outcome import EventNote
from slipway.kinds.deployment.history import start_of

__all__ = ["events_between"]

_ENDS: Final = {
    HistoryOutcome.PROMOTED: (
        "Promote",
        Reason.ROLLOUT_COMPLETED,
        "All replicas of revision {} became ready",
    ),
    HistoryOutcome.SUPERSEDED: (
        "Supersede",
        Reason.ROLLOUT_SUPERSEDED,
        "Revision {} was superseded before it was ready",
    ),
}


def events_between(before: DeploymentStatus, after: DeploymentStatus) -> tuple[EventNote, ...]:
    """The Events that lead from one status to the next, oldest first."""
    known = {start_of(entry).model_dump_json(): entry for entry in before.history}
    notes: list[EventNote] = []
    last_rollout: HistoryEntry | None = None
    for entry in reversed(after.history):
        old = known.get(start_of(entry).model_dump_json())
        if old is None:
            notes.append(_begun(entry, last_rollout))
        if entry.action != HistoryAction.SCALE:
            last_rollout = entry
        if entry.outcome is not None and (old is None or old.outcome != entry.outcome):
            notes.extend(_ended(entry))
    return (*notes, *_rejections(before, after))


def _begun(entry: HistoryEntry, before: HistoryEntry | None) -> EventNote:
    match entry.action:
        case HistoryAction.SCALE:
            change = f"from {entry.old_replicas} to {entry.new_replicas} replicas"
            message = f"Scaled revision {entry.revision} {change} ({entry.cause})"
            return EventNote(Reason.SCALED, message, action="Scale")
        case HistoryAction.ROLLBACK:
            change = f"Rolled back to revision {entry.revision}, from {entry.old_image} to {entry.new_image}"
            return EventNote(Reason.ROLLED_BACK, f"{change} ({entry.cause})", action="Rollback")
        case _:
            released = before is not None and before.action == HistoryAction.ROLLBACK
            reason = Reason.ROLLBACK_RELEASED if released else Reason.REVISION_CREATED
            after = f" after {entry.old_image}" if entry.old_image else ""
            change = f"Began revision {entry.revision} with {entry.new_image}{after} ({entry.cause})"
            return EventNote(reason, change, action="Release" if released else "RollOut")


def _ended(entry: HistoryEntry) -> Iterable[EventNote]:
    if entry.action == HistoryAction.SCALE or entry.outcome not in _ENDS:
        return
    action, reason, message = _ENDS[HistoryOutcome(entry.outcome)]
    yield EventNote(reason, message.format(entry.revision), action=action)


def _rejections(before: DeploymentStatus, after: DeploymentStatus) -> Iterable[EventNote]:
    known = {rejection.digest for rejection in before.rejected}
    for rejection in after.rejected:
        if rejection.digest not in known:
            message = f"Rejected {rejection.digest} ({rejection.reason})"
            yield EventNote(Reason.DIGEST_REJECTED, message, "Warning", action="Reject")
