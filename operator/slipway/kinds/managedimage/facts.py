"""What a decision about a ManagedImage rests on, and what it may ask to be done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from slipway.api.managedimage import ManagedImage
from slipway.engine.outcome import EventNote, Stalled, Waiting
from slipway.engine.reconcile import Observed
from slipway.engine.requests import Request

__all__ = [
    "Action",
    "Built",
    "Facts",
    "GivenUp",
    "KnownBase",
    "NumberTaken",
    "Problem",
    "PromoteAction",
    "RebaseAction",
    "RebaseResult",
    "Refused",
    "Source",
    "Tracking",
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


@dataclass(frozen=True, slots=True)
class Tracking:
    """Which Warehouses that the operator makes are to have this image among their users."""

    join: tuple[WantedWarehouse, ...] = ()
    leave: tuple[str, ...] = ()
    """Names of those that it needs no more."""


@dataclass(frozen=True, slots=True)
class WantedWarehouse:
    """A Warehouse that follows one tag."""

    name: str
    """The same for the same tag and Registry, within a namespace."""
    repository: str
    tag: str
    registry: str | None = None
    """The Registry that it names."""


@dataclass(frozen=True, slots=True)
class Source:
    """The source build as it stands in the registry."""

    digest: str
    base_digest: str
    """The base that it stands on."""
    next_number: int
    """The number that a build begun now gets."""


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
    claimed_by: str | None = None
    """Who keeps one of its tags with a better right, in words for a message."""
    source: Source | Problem | None = None
    """None where nothing asked for a look at the registry."""
    requests: tuple[Request, ...] = ()
    """New requests, oldest first."""
    complaints: tuple[EventNote, ...] = ()
    """About request annotations that cannot be read."""


@dataclass(frozen=True, slots=True)
class RebaseAction:
    """One rebase: a pure function of three digests, so doing it again does no harm."""

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


@dataclass(frozen=True, slots=True)
class PromoteAction:
    """What has to hold in the registry before an image that exists is called the newest."""

    digest: str
    build: int | None
    """Number of the build; None for the source build."""
    floating_tags: tuple[str, ...]
    """Have to point at it."""


Action: TypeAlias = RebaseAction | PromoteAction


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
