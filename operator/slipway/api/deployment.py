"""The Deployment kind (`deployments.slipway.dev`): an application that runs an image."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference, Resource, Status, WarehouseReference
from slipway.api.container import Argument, Port, Resources
from slipway.api.declaration import PHASE, READY_COLUMNS, Column, Declaration, Scale
from slipway.api.markers import ListMap, ListSet, Rule, Union
from slipway.api.strings import (
    Digest,
    FoundDigest,
    ImageReference,
    IntOrPercent,
    Message,
    PositiveDuration,
    Reference,
    StatusText,
    Time,
    Word,
)

__all__ = [
    "CurrentImage",
    "Deployment",
    "DeploymentPhase",
    "DeploymentSpec",
    "DeploymentStatus",
    "HistoryAction",
    "HistoryEntry",
    "HistoryOutcome",
    "ImageSource",
    "Port",
    "RejectedDigest",
    "Resources",
    "RevisionStatus",
    "RollbackTo",
    "RollingStrategy",
    "Strategy",
]

Replicas = Annotated[int, Field(ge=0, le=2_147_483_647)]

RevisionNumber = Annotated[int, Field(ge=1)]


class ImageSource(ApiModel):
    """Where the image comes from."""

    union: ClassVar[Union] = Union(
        {"Reference": "reference", "ManagedImage": "managedImage", "Warehouse": "warehouse"}
    )

    type: Literal["Reference", "ManagedImage", "Warehouse"]
    """Reference names an image, ManagedImage takes the newest build, Warehouse the newest artifact."""

    reference: ImageReference | None = None
    """Goes with type Reference. A tag is resolved to its digest once, when this field changes."""

    managed_image: LocalReference | None = None
    """Goes with type ManagedImage."""

    warehouse: WarehouseReference | None = None
    """Goes with type Warehouse."""


class RollingStrategy(ApiModel):
    """How many pods more, and how many fewer, than wanted there may be during a rollout."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!(string(self.maxSurge) in ['0', '0%'] && string(self.maxUnavailable) in ['0', '0%'])",
            "maxSurge and maxUnavailable are both 0, so no pod could ever be replaced: raise one of them",
        ),
    )

    max_surge: IntOrPercent = "25%"
    """Pods above the wanted number: a number, or a percentage such as 25%, rounded up."""

    max_unavailable: IntOrPercent = 0
    """Pods below the wanted number: a number, or a percentage such as 25%, rounded down."""


class Strategy(ApiModel):
    """How a new revision replaces the old one."""

    union: ClassVar[Union] = Union({"Rolling": "rolling"}, required=False)

    type: Literal["Rolling"] = "Rolling"
    """Rolling replaces pod by pod."""

    # A factory keeps this default out of the schema: there it would contradict another type.
    rolling: RollingStrategy = Field(default_factory=RollingStrategy)
    """Goes with type Rolling."""


class RollbackTo(ApiModel):
    """The revision to run until this is removed."""

    revision: RevisionNumber
    """Number of the revision, as in status.history."""

    reason: Annotated[str, Field(max_length=256)] | None = None
    """Why, for status.history and status.rejected."""


class DeploymentSpec(ApiModel):
    """The application and how it is rolled out."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.ports) || self.ports.all(p, self.ports.exists_one(q, "
            "(has(q.servicePort) ? q.servicePort : q.containerPort) == "
            "(has(p.servicePort) ? p.servicePort : p.containerPort)))",
            "two entries of ports have the same port in the Service: give each a servicePort of its own",
        ),
    )

    image: ImageSource
    """Where the image comes from."""

    replicas: Replicas = 1
    """Number of pods."""

    ports: Annotated[tuple[Port, ...], Field(max_length=16), ListMap("name")] = ()
    """Ports of the container; with at least one there is a Service of the same name."""

    command: Annotated[tuple[Argument, ...], Field(max_length=32)] = ()
    """Replaces the entrypoint of the image."""

    args: Annotated[tuple[Argument, ...], Field(max_length=64)] = ()
    """Replaces the command of the image."""

    resources: Resources | None = None
    """What the container needs and what it may use at most."""

    strategy: Strategy = Strategy()
    """How a new revision replaces the old one."""

    progress_deadline: PositiveDuration = "10m"
    """Longest time without progress before a rollout counts as failed."""

    paused: bool = False
    """Holds what runs: new images and changed templates are not rolled out until this is false again."""

    rollback_to: RollbackTo | None = None
    """Runs an earlier revision, and rejects the digest it leaves, until this field is removed."""

    accept_digests: Annotated[tuple[Digest, ...], Field(max_length=50), ListSet()] = ()
    """Rejected digests that may run again."""

    revision_history_limit: Annotated[int, Field(ge=1, le=50)] = 10
    """Number of old revisions that are kept to roll back to."""


class DeploymentPhase(StrEnum):
    """What `status.phase` of a Deployment can say."""

    PROGRESSING = "Progressing"
    HEALTHY = "Healthy"
    PAUSED = "Paused"
    DEGRADED = "Degraded"


class HistoryAction(StrEnum):
    """What an entry of the history did."""

    CREATE = "Create"
    UPDATE = "Update"
    SCALE = "Scale"
    ROLLBACK = "Rollback"


class HistoryOutcome(StrEnum):
    """How an entry of the history ended."""

    PROMOTED = "Promoted"
    SUPERSEDED = "Superseded"
    ROLLED_BACK = "RolledBack"
    FAILED = "Failed"


class RevisionStatus(ApiModel):
    """Which revisions run."""

    current: RevisionNumber | None = None
    """The revision that is rolled out now."""

    stable: RevisionNumber | None = None
    """The last revision that became healthy."""


class CurrentImage(ApiModel):
    """The image of the current revision."""

    reference: Reference
    """The image by name."""

    digest: FoundDigest
    """What it is pinned to."""


class HistoryEntry(ApiModel):
    """One change of the application."""

    revision: RevisionNumber
    """The revision that was made or chosen."""

    action: Word
    """Create, Update, Scale or Rollback."""

    old_image: Reference | None = None
    """Image before."""

    new_image: Reference | None = None
    """Image after."""

    old_replicas: Replicas | None = None
    """Number of pods before."""

    new_replicas: Replicas | None = None
    """Number of pods after."""

    started_at: Time
    """When it was begun."""

    finished_at: Time | None = None
    """When it ended."""

    outcome: Word | None = None
    """Promoted, Superseded, RolledBack or Failed; empty while under way."""

    error: StatusText | None = None
    """What went wrong."""

    cause: StatusText | None = None
    """What led to it."""


class RejectedDigest(ApiModel):
    """A digest that is skipped from every source until acceptDigests names it."""

    digest: FoundDigest
    """The digest."""

    reason: StatusText
    """Why it was rejected."""

    since: Time
    """Since when."""


class DeploymentStatus(Status):
    """What runs, and how it came to that."""

    phase: Word | None = None
    """Progressing, Healthy, Paused or Degraded."""

    message: Message | None = None
    """What is going on, in one sentence."""

    replicas: Replicas | None = None
    """Number of pods that exist."""

    ready_replicas: Replicas | None = None
    """Number of pods that are ready."""

    selector: Annotated[str, Field(max_length=1024)] | None = None
    """Label selector of the pods, for autoscalers."""

    revision: RevisionStatus | None = None
    """Which revisions run."""

    image: CurrentImage | None = None
    """The image of the current revision."""

    history: Annotated[tuple[HistoryEntry, ...], Field(max_length=50)] = ()
    """The changes of the application, newest first."""

    rejected: Annotated[tuple[RejectedDigest, ...], Field(max_length=50), ListMap("digest")] = ()
    """Digests that are skipped from every source until acceptDigests names them."""


class Deployment(Resource):
    """An application that runs an image: revisions, a rollout, a history, and rollbacks that hold.

    Not the Deployment of apps/v1: name the group (deployments.slipway.dev) or use the short name sdep.
    """

    declaration: ClassVar[Declaration] = Declaration(
        kind="Deployment",
        plural="deployments",
        short_name="sdep",
        columns=(
            Column("Phase", PHASE, "Progressing, Healthy, Paused or Degraded"),
            Column("Image", ".status.image.reference", "The image that runs"),
            Column(
                "Revision", ".status.revision.current", "The revision that is rolled out now", type="integer"
            ),
            Column("Wanted", ".spec.replicas", "Number of pods that are wanted", type="integer"),
            Column("Up", ".status.readyReplicas", "Number of pods that are ready", type="integer"),
            Column("Digest", ".status.image.digest", "What the image is pinned to", wide=True),
            *READY_COLUMNS,
        ),
        scale=Scale(
            spec_replicas=".spec.replicas",
            status_replicas=".status.replicas",
            label_selector=".status.selector",
        ),
        selectable=(PHASE,),
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.metadata.name.matches(r'^[a-z]([-a-z0-9]{0,61}[a-z0-9])?$')",
            "metadata.name becomes the name of a Service: write at most 63 lower-case letters, digits and "
            "dashes, starting with a letter",
        ),
    )

    spec: DeploymentSpec
    """The application and how it is rolled out."""

    status: DeploymentStatus = DeploymentStatus()
    """What runs, and how it came to that."""
