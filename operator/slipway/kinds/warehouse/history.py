"""How the artifacts of a Warehouse changed: entry of the history, event, and name of the set. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactImage, HistoryEntry, Subscription, WarehouseStatus
from slipway.engine.outcome import EventNote
from slipway.kinds.sizes import Trimmable
from slipway.kinds.warehouse.findings import WarehouseLook

__all__ = ["HISTORY_LIMIT", "TRIMMABLE", "artifact_change", "change_note", "release_of", "with_change"]

HISTORY_LIMIT: Final = 50
"""Entries a history keeps; the oldest go first."""

TRIMMABLE: Final = (Trimmable(("history",)), Trimmable(("artifacts", "candidates")))
"""What gives way, in this order, in a status that grows too large."""

_RELEASE_LENGTH: Final = 40
"""Hexadecimal digits: as long as the name of a git commit, and as unlikely to meet another."""


def artifact_change(old: Artifact | None, new: Artifact | None, look: WarehouseLook) -> HistoryEntry | None:
    """The history entry for what a look changed; None when tag and digest are as before."""
    before, after = (artifact.image if artifact is not None else None for artifact in (old, new))
    if new is None or after is None or _name(after) == (_name(before) if before is not None else None):
        return None
    return HistoryEntry(
        name=new.name,
        from_=_name(before) if before is not None else None,
        to=_name(after),
        at=look.at,
        cause=look.cause,
    )


def with_change(status: WarehouseStatus, change: HistoryEntry) -> WarehouseStatus:
    """The status with one more entry, newest first."""
    return status.model_copy(update={"history": (change, *status.history)[:HISTORY_LIMIT]})


def change_note(subscription: Subscription, old: Artifact | None, new: Artifact) -> EventNote:
    """What is told about a change; a version that now means something else is a warning."""
    before, after = (artifact.image if artifact is not None else None for artifact in (old, new))
    if after is None:
        msg = "there is no change without an image"
        raise ValueError(msg)
    if before is None:
        found = f"{new.name}: found {after.repository}:{_name(after)}"
        return EventNote(Reason.ARTIFACT_CHANGED, found, action="Poll")
    if before.tag != after.tag:
        moved = f"{new.name}: tag {before.tag} -> {after.tag}, now {after.digest}"
        return EventNote(Reason.ARTIFACT_CHANGED, moved, action="Poll")
    change = f"{new.name}: tag {after.tag} moved from {before.digest} to {after.digest}"
    if subscription.image is not None and subscription.image.policy.type == "Semver":
        mutated = f"{change}: a version was overwritten in the registry"
        return EventNote(Reason.TAG_MUTATED, mutated, "Warning", action="Poll")
    return EventNote(Reason.ARTIFACT_CHANGED, change, action="Poll")


def release_of(artifacts: Sequence[Artifact]) -> str | None:
    """The name of a set of artifacts: a hash of what they are, the same everywhere; None for an empty set."""
    content = [
        [artifact.name, artifact.image.repository, artifact.image.tag, artifact.image.digest]
        for artifact in sorted(artifacts, key=lambda artifact: artifact.name)
        if artifact.image is not None
    ]
    if not content:
        return None
    return sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:_RELEASE_LENGTH]


def _name(image: ArtifactImage) -> str:
    return f"{image.tag}@{image.digest}"
