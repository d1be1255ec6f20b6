"""What a decision about a Deployment rests on, and what it may ask to be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeAlias

from slipway.api.deployment import DeploymentSpec, DeploymentStatus, RejectedDigest
from slipway.engine.outcome import EventNote
from slipway.engine.reconcile import Observed, Plan
from slipway.engine.requests import Request
from slipway.kinds.deployment.offer import Offer
from slipway.kinds.deployment.revisions import Revision
from slipway.kinds.deployment.workload import Resolution, Workload

__all__ = ["Actions", "DeploymentPlan", "Facts"]


@dataclass(frozen=True, slots=True)
class Facts:
    """All that was read for one decision."""

    observed: Observed
    spec: DeploymentSpec
    status: DeploymentStatus
    offer: Offer
    autoscaled: bool = False
    """Whether an autoscaler, not a person, chose the number of replicas."""

    resolution: Resolution | None = None
    """What `spec.image.reference` stands for; None for other sources, and while it is not known."""

    registry_error: str | None = None
    """Set while the Registry that serves the offered image is in Error: a sentence."""

    pull_secret: str | None = None
    """Name of the Secret that pods need to pull the offered image; None where anybody may."""

    workload: Workload | None = None
    """The apps/v1 Deployment, where it is ours."""

    service: Mapping[str, Any] | None = None
    """The Service, where it is ours."""

    strangers: frozenset[str] = frozenset()
    """Kinds of the objects that have our name and are not ours: `Deployment`, `Service`."""

    left_over: frozenset[str] = frozenset()
    """Kinds of the objects that a deleted object of our name has left; they go by themselves."""

    unwatched: frozenset[str] = frozenset()
    """Kinds of our children that lost the label they are watched by: nothing would tell of their changes."""

    revisions: tuple[Revision, ...] = ()
    trouble: str | None = None
    """What keeps the pods from being ready, where somebody looked; a short sentence."""

    requests: tuple[Request, ...] = ()
    """New requests, oldest first."""

    notes: tuple[EventNote, ...] = ()
    """Events about requests that cannot be read."""


@dataclass(frozen=True, slots=True)
class Actions:
    """What is to be written, in this order. Each part is idempotent; any may be the last before a crash."""

    now: datetime | None = None
    """The moment of the decision; what is concluded from the writes speaks of the same moment."""

    restore: tuple[tuple[Revision, RejectedDigest | None], ...] = ()
    """Revisions to be stored again, with the rejection of their digest: only the workload still has them."""

    revision: Revision | None = None
    """To be stored."""

    annotate: tuple[tuple[Revision, RejectedDigest | None], ...] = ()
    """Revisions whose annotation about a rejection is to be this, and whose labels are to be ours."""

    service: Mapping[str, Any] | None = None
    """The Service to make or to bring back to this."""

    workload: Mapping[str, Any] | None = None
    """The apps/v1 Deployment to make or to bring back to this."""

    drop_service: bool = False
    prune: tuple[Revision, ...] = ()
    """Revisions to delete."""

    @property
    def nothing(self) -> bool:
        """Whether all is as it should be."""
        children = self.revision or self.service or self.workload
        return not (children or self.restore or self.annotate or self.drop_service or self.prune)


DeploymentPlan: TypeAlias = Plan[Actions]
