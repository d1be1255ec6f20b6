"""The history of an application: entries that begin, end, and push the oldest out. Pure.

How they end::

Create, Update, Rollback ──▶ Promoted    all replicas of the revision are ready
         │         └───────▶ Failed      the progress deadline passed; ready after all: Promoted
         ├─ another one began before it was ready ──▶ Superseded
         └─ a rollback left its revision ───────────▶ RolledBack, whatever it was before

Scale ───▶ Promoted, or Superseded by the next Scale

What an autoscaler does would soon be all that there is to read. Of its changes in a row only the last stays,
since the newest entry has to tell what was last asked for; each of them has an Event.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final, TypeAlias

from slipway.api.deployment import HistoryAction, HistoryEntry, HistoryOutcome
from slipway.api.lengths import shortened
from slipway.kinds.deployment.autoscaler import AUTOSCALER
from slipway.kinds.sizes import Trimmable

__all__ = [
    "LIMIT",
    "TRIMMABLE",
    "History",
    "begin",
    "fail",
    "finish",
    "newest_rollout",
    "rollout_under_way",
    "scaling_under_way",
    "start_of",
    "unrecorded",
]

History: TypeAlias = tuple[HistoryEntry, ...]
"""Newest first."""

LIMIT: Final = 50
"""Entries that are kept."""

TRIMMABLE: Final = Trimmable(("history",), keep=lambda entry: entry.get("outcome") is None, newest=1)
"""What gives way in a status that grows too large: neither what runs now nor what is under way."""


def start_of(entry: HistoryEntry) -> HistoryEntry:
    """The entry as it was when it began."""
    return entry.model_copy(update={"finished_at": None, "outcome": None, "error": None})


def unrecorded(history: History, change: HistoryEntry | None) -> HistoryEntry | None:
    """The change that the workload shows, when the history lacks it: the operator died before it could write.

    An older change than the newest one recorded is none: somebody undid the workload by hand.
    """
    if change is None or any(_begun_alike(entry, change) for entry in history):
        return None
    return None if history and change.started_at < history[0].started_at else change


def _begun_alike(entry: HistoryEntry, change: HistoryEntry) -> bool:
    # Secrets are taken out of the status, but not out of what an earlier version wrote into the annotation.
    uncaused = {"cause": None}
    return start_of(entry).model_copy(update=uncaused) == change.model_copy(update=uncaused)


def begin(history: History, entry: HistoryEntry) -> History:
    """The history after a change began."""
    if history and _is_autoscaling(entry) and _is_autoscaling(history[0]):
        history = history[1:]
    newest = newest_rollout(history)
    before = tuple(_displaced(known, entry, newest=known is newest) for known in history)
    return (entry, *before)[:LIMIT]


def finish(history: History, now: datetime) -> History:
    """The history after all replicas became ready: whatever is under way has got where it wanted."""
    newest = newest_rollout(history)
    return tuple(
        entry.model_copy(update={"outcome": HistoryOutcome.PROMOTED, "finished_at": now, "error": None})
        if entry.outcome is None or (entry is newest and entry.outcome == HistoryOutcome.FAILED)
        else entry
        for entry in history
    )


def fail(history: History, error: str, now: datetime) -> History:
    """The history after the rollout under way passed its deadline; one that failed before stays as it was."""
    update = {"outcome": HistoryOutcome.FAILED, "finished_at": now, "error": _cut(error)}
    under_way = rollout_under_way(history)
    return tuple(entry.model_copy(update=update) if entry is under_way else entry for entry in history)


def newest_rollout(history: History) -> HistoryEntry | None:
    """The last change of what runs, ended or not."""
    return next((entry for entry in history if not _is_scale(entry)), None)


def rollout_under_way(history: History) -> HistoryEntry | None:
    """The rollout that has not ended."""
    newest = newest_rollout(history)
    return newest if newest is not None and newest.outcome is None else None


def scaling_under_way(history: History) -> HistoryEntry | None:
    """The change of replicas that has not ended."""
    return next((entry for entry in history if _is_scale(entry) and entry.outcome is None), None)


def _displaced(known: HistoryEntry, entry: HistoryEntry, *, newest: bool) -> HistoryEntry:
    if _is_scale(known) != _is_scale(entry):
        return known
    if newest and entry.action == HistoryAction.ROLLBACK:
        return _ended(known, HistoryOutcome.ROLLED_BACK, entry.started_at)
    if known.outcome is None:
        return _ended(known, HistoryOutcome.SUPERSEDED, entry.started_at)
    return known


def _ended(entry: HistoryEntry, outcome: HistoryOutcome, at: datetime) -> HistoryEntry:
    return entry.model_copy(update={"outcome": outcome, "finished_at": entry.finished_at or at})


def _is_scale(entry: HistoryEntry) -> bool:
    return entry.action == HistoryAction.SCALE


def _is_autoscaling(entry: HistoryEntry) -> bool:
    return _is_scale(entry) and entry.cause == AUTOSCALER


def _cut(text: str) -> str:
    # model_copy does not validate, so the limit of the field is kept here.
    return shortened(text, 256)
