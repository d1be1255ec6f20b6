"""Which digests are rejected, since when and why. Pure.

A rejection stands in the status, on the ControllerRevisions of its digest (so that it survives the loss of
the status) and, until the status is written, in the change that the workload carries.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Final, TypeAlias

from slipway.api.deployment import HistoryAction, HistoryEntry, RejectedDigest
from slipway.kinds.deployment.inputs import digest_of
from slipway.kinds.deployment.revisions import Revision

__all__ = ["LIMIT", "Rejections", "left_behind", "newest_first", "standing"]

Rejections: TypeAlias = Mapping[str, RejectedDigest]
"""By digest."""

LIMIT: Final = 50
"""Rejections that are kept; the oldest go first."""


def standing(
    recorded: Iterable[RejectedDigest],
    revisions: Iterable[Revision],
    changes: Iterable[HistoryEntry | None],
    accepted: Collection[str],
) -> Rejections:
    """The rejections that count.

    Args:
        recorded: `status.rejected`.
        revisions: those that are kept.
        changes: what the history does not have yet.
        accepted: digests that a person lets run again.
    """
    annotated = (revision.rejected for revision in revisions)
    found: dict[str, RejectedDigest] = {}
    for rejection in (*recorded, *annotated, *map(left_behind, changes)):
        if rejection is not None and rejection.digest not in accepted:
            found.setdefault(rejection.digest, rejection)
    return {rejection.digest: rejection for rejection in newest_first(found)[:LIMIT]}


def left_behind(change: HistoryEntry | None) -> RejectedDigest | None:
    """The rejection that a change brings: a rollback to another digest rejects the one it leaves."""
    if change is None or change.action != HistoryAction.ROLLBACK:
        return None
    left, reached = digest_of(change.old_image or ""), digest_of(change.new_image or "")
    if not left or left == reached:
        return None
    return RejectedDigest(digest=left, reason=change.cause or "rollbackTo", since=change.started_at)


def newest_first(rejections: Rejections) -> tuple[RejectedDigest, ...]:
    """As they stand in the status."""
    return tuple(sorted(rejections.values(), key=lambda item: (-item.since.timestamp(), item.digest)))
