"""How the artifacts of a Warehouse changed: entry of the history, event, and name of the set. Pure."""

from __future__ import annotations

import json
from collections.abc import Sequence
from hashlib import sha256
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.warehouse import (
    Artifact,
    ArtifactChart,
    ArtifactCommit,
    ArtifactImage,
    HistoryEntry,
    Subscription,
    WarehouseStatus,
)
from slipway.engine.outcome import EventNote
from slipway.kinds.sizes import Droppable, Trimmable
from slipway.kinds.warehouse.findings import Content, SubscriptionLook

__all__ = [
    "HISTORY_LIMIT",
    "TRIMMABLE",
    "artifact_change",
    "change_note",
    "content_of",
    "full_name",
    "is_promise",
    "overwriting_note",
    "release_of",
    "with_change",
]

HISTORY_LIMIT: Final = 50
"""Entries a history keeps; the oldest go first."""

TRIMMABLE: Final = (
    Trimmable(("history",)),
    Trimmable(("artifacts", "candidates"), newest=1),
    Trimmable(("artifacts", "seen"), newest=3),  # the first seen are the next to be old enough: they stay
    Droppable(("artifacts", "rejected")),
    Droppable(("artifacts", "git", "message")),
    Droppable(("artifacts", "git", "author")),
    Trimmable(("artifacts", "image", "platforms")),
    Droppable(("artifacts", "problem", "message")),
    Trimmable(("artifacts", "candidates")),
    Trimmable(("artifacts", "seen")),
)
"""What gives way, in this order, in a status that grows too large."""

_RELEASE_LENGTH: Final = 40
"""Hexadecimal digits: as long as the name of a git commit, and as unlikely to meet another."""


def content_of(artifact: Artifact | None) -> Content | None:
    """What was chosen, whatever it is."""
    return None if artifact is None else artifact.image or artifact.git or artifact.chart


def full_name(content: Content) -> str:
    """What was chosen, with the place where it was found."""
    match content:
        case ArtifactImage():
            return f"{content.repository}:{content.tag}@{content.digest}"
        case ArtifactCommit():
            return f"{content.url} {content.ref}@{content.commit}"
        case ArtifactChart():
            place = content.url if content.name is None else f"{content.url} {content.name}"
            return f"{place} {_name(content)}"


def artifact_change(old: Artifact | None, new: Artifact, look: SubscriptionLook) -> HistoryEntry | None:
    """The history entry for what a look changed; None when what is chosen is as before."""
    before, after = content_of(old), content_of(new)
    if after is None or (before is not None and _name(after) == _name(before)):
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
    before, after = content_of(old), content_of(new)
    if after is None:
        msg = "there is no change without an artifact"
        raise ValueError(msg)
    if before is None:
        return _changed(f"{new.name}: found {full_name(after)}")
    what, once, now = _label(before), _version(before), _version(after)
    if once != now:
        return _changed(f"{new.name}: {what} {once} -> {now}, now {_identity(after)}")
    change = f"{new.name}: {what} {now} moved from {_identity(before)} to {_identity(after)}"
    # That of an overwritten version which was refused at first was told by then.
    if is_promise(subscription) and not (old is not None and old.overwritten_by == _identity(after)):
        message = f"{change}: a version was overwritten"
        return EventNote(Reason.TAG_MUTATED, message, "Warning", action="Poll")
    return _changed(change)


def overwriting_note(old: Artifact | None, new: Artifact) -> EventNote | None:
    """What is told once when the chosen version was overwritten by something that is not chosen."""
    chosen, told = content_of(new), old.overwritten_by if old is not None else None
    if chosen is None or new.overwritten_by in {None, told}:
        return None
    message = (
        f"{new.name}: {_label(chosen)} {_version(chosen)} was overwritten by {new.overwritten_by}, "
        f"which is not chosen: {_identity(chosen)} stays"
    )
    return EventNote(Reason.TAG_MUTATED, message, "Warning", action="Poll")


def is_promise(subscription: Subscription) -> bool:
    """Whether a version stands for one content for ever: one of a range, a chart, or a git tag."""
    if subscription.image is not None:
        return subscription.image.policy.type == "Semver"
    if subscription.git is not None:
        return bool(subscription.git.tag or subscription.git.semver)
    return True


def release_of(artifacts: Sequence[Artifact]) -> str | None:
    """The name of a set of artifacts: a hash of what they are, the same everywhere; None for an empty set."""
    content = [
        [artifact.name, *_parts(chosen)]
        for artifact in sorted(artifacts, key=lambda artifact: artifact.name)
        if (chosen := content_of(artifact)) is not None
    ]
    if not content:
        return None
    return sha256(json.dumps(content, separators=(",", ":")).encode()).hexdigest()[:_RELEASE_LENGTH]


def _changed(message: str) -> EventNote:
    return EventNote(Reason.ARTIFACT_CHANGED, message, action="Poll")


def _name(content: Content) -> str:
    """What the history calls it: the version and, where there is one, what it stands for."""
    return "@".join(filter(None, (_version(content), _identity(content))))


def _label(content: Content) -> str:
    match content:
        case ArtifactImage():
            return "tag"
        case ArtifactCommit():
            return "ref"
        case ArtifactChart():
            return "version"


def _version(content: Content) -> str:
    match content:
        case ArtifactImage():
            return content.tag
        case ArtifactCommit():
            return content.ref
        case ArtifactChart():
            return content.version


def _identity(content: Content) -> str:
    match content:
        case ArtifactImage():
            return content.digest
        case ArtifactCommit():
            return content.commit
        case ArtifactChart():
            return content.digest or ""


def _parts(content: Content) -> tuple[str, ...]:
    """What tells one artifact from another, wherever it is found."""
    return (*_place(content), _version(content), _identity(content))


def _place(content: Content) -> tuple[str, ...]:
    match content:
        case ArtifactImage():
            return (content.repository,)
        case ArtifactCommit():
            return (content.url,)
        case ArtifactChart():
            return (content.url, content.name or "")
