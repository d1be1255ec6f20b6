"""What the examination of an image subscription starts from, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from slipway.kinds.warehouse.policies.policy import Rejection
from slipway.kinds.warehouse.selection import Choice
from slipway.kinds.warehouse.sightings import Sighting
from slipway.oci.platform import Platform
from slipway.oci.results import TagInfo

__all__ = [
    "EXAMINATION_LIMIT",
    "Examined",
    "Kept",
    "ManifestMissing",
    "NothingFits",
    "Picked",
    "Refusal",
    "Rules",
    "Situation",
    "TooManyTags",
    "Verdict",
]

EXAMINATION_LIMIT: Final = 20
"""How many of the best tags are looked at, unless the subscription's `limit` says otherwise."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What an image must be beside its tag."""

    platforms: tuple[Platform, ...] = ()
    """It must have all of them; empty: any will do."""

    minimum_age: timedelta = timedelta(0)
    """How long ago its digest must have been seen first."""

    limit: int = EXAMINATION_LIMIT
    """How many tags are examined at most."""


@dataclass(frozen=True, slots=True)
class Picked:
    """An artifact: what was chosen now, and in the next examination what was chosen before."""

    tag: str
    digest: str
    first_seen_at: datetime | None = None
    """When this Warehouse first saw the digest; None where that was not recorded."""

    pushed_at: datetime | None = None
    created_at: datetime | None = None
    platforms: Mapping[str, str] = field(default_factory=dict)
    """The digest of the image for each wanted platform, by its usual name; empty when none is wanted."""

    age_unknown: bool = False
    """Taken by the first whole scan without knowing its age, and not yet `minimumAge` in our sight."""


@dataclass(frozen=True, slots=True)
class Situation:
    """What was known before."""

    now: datetime
    current: Picked | None = None
    """The recorded artifact; None also when it is one of another repository."""

    seen: tuple[Sighting, ...] = ()
    scanned: bool = False
    """Whether there was a whole scan before, whatever it found."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What was chosen before stays, for nothing that is at least as good may be taken: never a downgrade."""

    current: Picked
    listed: bool
    """False when its tag has gone from the registry; else the tag points at something that was refused."""


@dataclass(frozen=True, slots=True)
class ManifestMissing:
    """The registry lists a tag and has no manifest for it. The next best would be a downgrade by accident."""

    tag: str


@dataclass(frozen=True, slots=True)
class NothingFits:
    """No tag is allowed, and nothing was chosen before that still is."""


@dataclass(frozen=True, slots=True)
class TooManyTags:
    """Each tag would cost requests, and there are too many: `tags.include` has to let fewer pass."""

    passing: int
    limit: int


Verdict: TypeAlias = Picked | Kept | ManifestMissing | NothingFits | TooManyTags


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why an examined tag was not taken."""

    reason: Rejection
    digest: str
    until: datetime | None = None
    """TooYoung: when it will be old enough."""

    missing: tuple[str, ...] = ()
    """PlatformMissing: the platforms it lacks."""


@dataclass(frozen=True, slots=True)
class Examined:
    """The end of an examination."""

    verdict: Verdict
    choice: Choice
    """What to tell of the tags."""

    refusals: Mapping[str, Refusal] = field(default_factory=dict)
    """The tags that were better by name and not taken."""

    seen: tuple[Sighting, ...] = ()
    """To be recorded, also when nothing was chosen."""

    details: Mapping[str, TagInfo] = field(default_factory=dict)
    """What was known of tags beside their names, with the times that had to be asked for."""

    @property
    def moved_to(self) -> str | None:
        """The digest that the tag of an artifact that stays points at by now, and that was refused."""
        refusal = self.refusals.get(self.verdict.current.tag) if isinstance(self.verdict, Kept) else None
        return None if refusal is None else refusal.digest

    @property
    def mature_at(self) -> datetime | None:
        """When the first of those that are too young will be old enough: look again then."""
        return min((refusal.until for refusal in self.refusals.values() if refusal.until), default=None)
