"""What a look at a subscription found: an artifact, or trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from slipway.api.warehouse import ArtifactChart, ArtifactCommit, ArtifactImage, SeenDigest
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.looks import Look
from slipway.kinds.warehouse.selection import Choice

__all__ = [
    "NOTHING_RIPENS",
    "Content",
    "Evidence",
    "Finding",
    "Found",
    "Ripening",
    "SubscriptionLook",
    "Trouble",
]

Content: TypeAlias = ArtifactImage | ArtifactCommit | ArtifactChart
"""What a subscription chose. Where its `firstSeenAt` is missing, this look was the first sight."""


@dataclass(frozen=True, slots=True)
class Ripening:
    """What must be remembered of things that are too young to be chosen."""

    seen: tuple[SeenDigest, ...] = ()
    """When they were seen for the first time, the first seen first."""

    next_at: datetime | None = None
    """When a better one than the chosen one becomes old enough."""


NOTHING_RIPENS: Final = Ripening()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a choice rests on: while the registry says the same, it stays as it is."""

    listing: int | None
    """Equal for lists of tags that say the same; None where a tag is followed and no list was read."""

    digests: tuple[tuple[str, str], ...]
    """What the tags name that were asked for."""


@dataclass(frozen=True, slots=True)
class Found:
    """The artifact that a subscription chose."""

    name: str
    """Of the subscription."""

    content: Content
    choice: Choice | None = None
    """What became of the others; None when one tag, branch or commit is followed and no list was read."""

    ripening: Ripening = NOTHING_RIPENS
    throttled: str | None = None
    """Why it is looked at more rarely than its interval says; None when it is not."""

    moved_to: str | None = None
    """The digest or commit that the chosen tag, ref or version names by now, where that is not chosen."""

    evidence: Evidence | None = field(default=None, compare=False)
    """None where more than the registry's answers may change the choice, or they are too many to compare."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a subscription has no new artifact now, and who can help."""

    name: str
    """Of the subscription."""

    outcome: Waiting | Stalled
    choice: Choice | None = None
    """What became of the tags, when a list was read and none is allowed."""

    ripening: Ripening | None = None
    """None when nothing was learned: what was remembered before still holds."""

    refused_for: timedelta | None = None
    """How long the registry or git host asked not to be asked again."""

    throttled: str | None = None
    """Why it is looked at more rarely than its interval says; None when it is not."""


Finding: TypeAlias = Found | Trouble
SubscriptionLook: TypeAlias = Look[Finding]
"""One look at one subscription."""
