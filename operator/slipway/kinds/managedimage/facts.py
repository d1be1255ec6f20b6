"""What a decision about a ManagedImage rests on, and what it may ask to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeAlias

from slipway.api.managedimage import BaseUse, ManagedImage
from slipway.build.builders.contract import Progress, Run
from slipway.build.builders.order import BuildOrder
from slipway.build.evidence import Doubt, ToldBase
from slipway.engine.outcome import EventNote, Stalled, Waiting
from slipway.engine.reconcile import Observed
from slipway.engine.requests import Request
from slipway.kinds.managedimage.departure import ArchiveAction, FinalizersAction

__all__ = [
    "Action",
    "BeginAction",
    "Built",
    "CancelAction",
    "Commit",
    "Facts",
    "GivenUp",
    "KnownBase",
    "NotStarted",
    "NumberTaken",
    "Position",
    "Problem",
    "PromoteAction",
    "Pushed",
    "RebaseAction",
    "RebaseResult",
    "Refused",
    "RenumberAction",
    "Running",
    "Sight",
    "Source",
    "StartAction",
    "TagTaken",
    "Told",
    "Tracking",
    "Unclear",
    "UnknownBase",
    "WantedWarehouse",
]

Problem: TypeAlias = Waiting | Stalled
"""Why something could not be found out: the outcome of the run, as it stands."""


@dataclass(frozen=True, slots=True)
class KnownBase:
    """A base, as who keeps or watches it has it now."""

    reference: str
    """Repository and tag."""
    digest: str
    warehouse: str | None = None
    """Name of the Warehouse that watches it; None where its producer tells."""
    registry: str | None = None
    """The Registry that the Warehouse names; None when the image's own host decides."""
    producer: str | None = None
    """Name of the ManagedImage of this namespace that keeps the tag."""
    uses: tuple[BaseUse, ...] = ()
    """Where the Dockerfile uses it; empty for a base of the spec, which the image stands on."""
    has_builder: bool = False
    """Whether a ManagedImage is known to build it: its producer, or whoever is proven to build what its
    Warehouse follows, in whatever namespace. Its next move can be foreseen."""
    told_by: str | None = None
    """What of the image names it, where neither spec nor Dockerfile does."""
    is_busy: bool = False
    """Whether who builds it, or builds one that it stands on, is about to."""

    @property
    def is_stood_on(self) -> bool:
        """Whether the layers of the image begin with those of the base."""
        return not self.uses or any(use.kind == "Final" for use in self.uses)

    @property
    def teller(self) -> str:
        """Who says so, for messages."""
        return f"ManagedImage {self.producer}" if self.producer else f"Warehouse {self.warehouse}"


@dataclass(frozen=True, slots=True)
class UnknownBase:
    """A base whose digest nobody tells now."""

    reference: str
    """Repository and tag; empty where a Warehouse is named that has found nothing yet."""
    problem: Problem
    uses: tuple[BaseUse, ...] = ()
    """As of `KnownBase`."""
    told_by: str | None = None
    """As of `KnownBase`."""


@dataclass(frozen=True, slots=True)
class Told:
    """What an image tells of its bases by labels and provenance."""

    digest: str
    """Of the image."""
    bases: tuple[ToldBase, ...]
    """What it stands on first."""
    disputes: tuple[str, ...] = ()
    """Where labels and provenance disagree."""


@dataclass(frozen=True, slots=True)
class Tracking:
    """Which Warehouses that the operator makes are to have this image among their users."""

    join: tuple[WantedWarehouse, ...] = ()
    leave: tuple[str, ...] = ()
    """Names of those that it needs no more."""


@dataclass(frozen=True, slots=True)
class WantedWarehouse:
    """A Warehouse that follows one tag, or one branch."""

    name: str
    """The same for the same subscription, within a namespace."""
    interval: str
    subscription: Mapping[str, Any]
    """The one entry of its `subscriptions`, as JSON."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source build as it stands in the registry."""

    digest: str
    base_digest: str
    """The base that it stands on."""
    next_number: int
    """The number that a build begun now gets."""
    disputes: tuple[str, ...] = ()
    """What it tells of its bases that disagrees."""


@dataclass(frozen=True, slots=True)
class Commit:
    """The newest commit of the branch that is built."""

    commit: str
    """Full object id."""
    ref: str
    """Where it was found: `refs/heads/main`."""


@dataclass(frozen=True, slots=True)
class NotStarted:
    """No run of the build under way is to be found."""

    refusal: Unclear | None = None
    """Why its builder did not take it, when it was given to it last."""


@dataclass(frozen=True, slots=True)
class Running:
    """A run is to be found, and is not over, or has failed."""

    run: Run
    progress: Progress


@dataclass(frozen=True, slots=True)
class Pushed:
    """A build is over, and its result is in the registry."""

    digest: str
    doubt: Doubt | None
    """Why it is not proven to stand on its base; None when it is, or when that is not looked at."""
    is_unchanged: bool
    """Whether it is the image of before, but for times."""
    disputes: tuple[str, ...] = ()
    """What it tells of its bases against its Dockerfile, or by two ways."""
    run: Run | None = None
    told: Told | None = None
    """What it tells of its bases, where neither spec nor Dockerfile does."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The builder, or the registry that has the result, does not tell now."""

    reason: str
    message: str
    pause: timedelta
    """When to ask again."""
    for_person: bool = False
    """Whether a person has to act before it can go on."""
    is_unsent: bool = False
    """Whether the build was surely not given to its builder yet."""


@dataclass(frozen=True, slots=True)
class TagTaken:
    """No run of the build is to be found, and its tag is there: nothing proves that the build pushed it."""


Sight: TypeAlias = NotStarted | Running | Pushed | Unclear | TagTaken
"""What a look at the build under way has shown."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where an image is among those of its namespace."""

    depth: int | None = 0
    """How many images are below it, on the longest way; None in a cycle."""
    dependents: int = 0
    """How many images stand on it."""
    cycle: tuple[str, ...] = ()
    """The images of the cycle that it is in, each standing on the next."""


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read for one decision."""

    observed: Observed
    image: ManagedImage
    """The object; with a blank status where it was not read."""
    bases: tuple[KnownBase | UnknownBase, ...] = ()
    """What it stands on; of an image that is only tracked, the image itself. Empty where it is suspended."""
    tracking: Tracking = Tracking()
    """What is to change about the Warehouses that the operator makes."""
    position: Position | None = None
    """None where the image is not known to the graph yet."""
    claimed_by: str | None = None
    """Who keeps one of its tags with a better right, in words for a message."""
    commit: Commit | Problem | None = None
    """None where nothing is built from source here."""
    source: Source | Problem | None = None
    """The source build; None where nothing asked for a look at the registry."""
    told: Told | None = None
    """What an image that is only tracked tells of its bases; None where that was not looked at."""
    is_restored: bool = False
    """Whether the status of the image is that of its archive, and not written yet."""
    sight: Sight | None = None
    """None where no builder has anything under way."""
    requests: tuple[Request, ...] = ()
    """New requests, oldest first."""
    refused: Mapping[str, str] = field(default_factory=dict)
    """What became of requests that must not be followed, by verb."""
    complaints: tuple[EventNote, ...] = ()
    """About request annotations that cannot be read, and about what became of an archive."""


@dataclass(frozen=True, slots=True)
class RebaseAction:
    """One rebase: a pure function of three digests and a commit, so doing it again does no harm."""

    tag: str
    """The tag of the build; never overwritten."""
    floating_tags: tuple[str, ...]
    source_digest: str
    old_base_digest: str
    base_reference: str
    base_registry: str | None
    """The Registry to read the base through; None when its host decides."""
    base_digest: str
    allow_run: bool
    commit: str | None = None
    """What the source build was built from; None where nothing is built from source here."""


@dataclass(frozen=True, slots=True)
class PromoteAction:
    """What has to hold in the registry before an image that exists is called the newest."""

    digest: str
    build: int | None
    """Number of the build; None for the source build."""
    floating_tags: tuple[str, ...]
    """Have to point at it."""


@dataclass(frozen=True, slots=True)
class BeginAction:
    """A build is wanted and may begin, if it is its turn: it gets a number, and is written down."""

    needs_turn: bool = True
    """Whether it counts among the builds that run at the same time; a rebase does not."""


@dataclass(frozen=True, slots=True)
class StartAction:
    """The build under way is given to its builder."""

    order: BuildOrder


@dataclass(frozen=True, slots=True)
class CancelAction:
    """The run of a build that is wanted no more is ended."""

    order: BuildOrder
    run: Run | None


@dataclass(frozen=True, slots=True)
class RenumberAction:
    """The build under way goes on under the next number that is free."""

    order: BuildOrder


Action: TypeAlias = (
    RebaseAction
    | PromoteAction
    | BeginAction
    | StartAction
    | CancelAction
    | RenumberAction
    | FinalizersAction
    | ArchiveAction
)


@dataclass(frozen=True, slots=True)
class Built:
    """The rebase is in the registry, tagged and proven to stand on the new base."""

    digest: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The rebase would be a guess."""

    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class NumberTaken:
    """The tag of the build exists with other content: the build takes the next free number."""

    next_number: int


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What stopped the rebase is no fault of it, but by now something else is wanted."""

    reason: str
    message: str


RebaseResult: TypeAlias = Built | Refused | NumberTaken | GivenUp
