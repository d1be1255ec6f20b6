"""What the image source offers: digests, newest first, or why there is none. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile
from typing import Final

from slipway.api.conditions import Reason
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.deployment.inputs import pinned
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.warehouse.view import WarehouseView
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = [
    "SPEC_CHANGE",
    "Candidate",
    "Offer",
    "Problem",
    "from_managed_image",
    "from_reference",
    "from_warehouse",
]

SPEC_CHANGE: Final = "spec change"
"""The cause of a revision that nobody but the spec asked for."""

Problem = Waiting | Stalled
"""Why nothing is offered: the outcome of the run, as it stands."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """One image that may run."""

    digest: str
    reference: str
    """The image as people name it."""

    cause: str
    """What to say when it is rolled out."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a source offers."""

    repository: str = ""
    """Registry and path; empty where nothing is known."""

    candidates: tuple[Candidate, ...] = ()
    """Newest first."""

    problem: Problem | None = None
    """Set when there is no candidate."""

    @property
    def newest(self) -> Candidate | None:
        """What would run if nothing stood against it."""
        return self.candidates[0] if self.candidates else None

    def newer_than(self, digest: str) -> tuple[Candidate, ...]:
        """The candidates before this digest, newest first; all where it is not on offer."""
        return tuple(takewhile(lambda candidate: candidate.digest != digest, self.candidates))

    def naming(self, digest: str) -> Candidate | None:
        """The candidate of this digest."""
        return next((candidate for candidate in self.candidates if candidate.digest == digest), None)


def from_reference(reference: str, digest: str) -> Offer:
    """A reference, and the digest it was resolved to."""
    return Offer(_name(reference), (Candidate(digest, reference, SPEC_CHANGE),))


def from_managed_image(name: str, view: ManagedImageView | None) -> Offer:
    """The builds of a ManagedImage."""
    if view is None:
        message = f"There is no ManagedImage {name} in this namespace: create it, or change spec.image"
        return Offer(problem=Waiting(Reason.MANAGED_IMAGE_NOT_FOUND, message))
    if not view.offers:
        message = f"ManagedImage {name} has built nothing yet: `kubectl describe mimg {name}` says why"
        return Offer(problem=Waiting(Reason.MANAGED_IMAGE_NOT_BUILT, message))
    repository = _name(view.image_repository)
    return Offer(
        repository,
        tuple(
            Candidate(
                offer.digest,
                pinned(repository, offer.digest),
                f"ManagedImage {name}: "
                + ("source build" if offer.build is None else f"build {offer.build}"),
            )
            for offer in view.offers
        ),
    )


def from_warehouse(name: str, subscription: str, view: WarehouseView | None) -> Offer:
    """The artifact of a Warehouse's subscription."""
    if view is None:
        message = f"There is no Warehouse {name} in this namespace: create it, or change spec.image"
        return Offer(problem=Waiting(Reason.WAREHOUSE_NOT_FOUND, message))
    if subscription not in {known.name for known in view.subscriptions}:
        message = f"Warehouse {name} has no subscription {subscription}: {_there_are(view)}"
        return Offer(problem=Stalled(Reason.SUBSCRIPTION_NOT_FOUND, message))
    artifact = view.artifact(subscription)
    if artifact is None:
        nothing = f"Warehouse {name} has chosen nothing for subscription {subscription} yet"
        message = f"{nothing}: `kubectl describe wh {name}` says why"
        return Offer(problem=Waiting(Reason.WAREHOUSE_NOT_READY, message))
    cause = f"Warehouse {name}: tag {artifact.tag}"
    candidate = Candidate(artifact.digest, f"{artifact.repository}:{artifact.tag}", cause)
    return Offer(_name(artifact.repository), (candidate,))


def _there_are(view: WarehouseView) -> str:
    names: Sequence[str] = sorted(known.name for known in view.subscriptions)
    return f"it has {', '.join(names)}" if names else "it has none that can be read"


def _name(text: str) -> str:
    try:
        return ImageReference.parse(text).name
    except InvalidReference:
        return text
