"""The Warehouse kind: something to watch, and the newest artifact that its policy allows."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference, Resource, Status
from slipway.api.declaration import READY_COLUMNS, Column, Declaration
from slipway.api.markers import Advice, ListMap, Rule, Union
from slipway.api.strings import (
    FoundDigest,
    PositiveDuration,
    RegularExpression,
    Repository,
    ShortName,
    ShortText,
    Tag,
    Time,
    Word,
)

__all__ = [
    "Artifact",
    "ArtifactImage",
    "DigestPolicy",
    "HistoryEntry",
    "ImageSubscription",
    "Policy",
    "SemverPolicy",
    "Subscription",
    "TagFilter",
    "Warehouse",
    "WarehouseSpec",
    "WarehouseStatus",
]

SemverRange = Annotated[
    str,
    Field(min_length=1, max_length=256, pattern=r"^[0-9A-Za-z.*+^~<>=!|, -]+$"),
    Advice("write a range of versions, such as ~1.4, ^2, >=1.2 <2 or *"),
]


Count = Annotated[int, Field(ge=0)]


class SemverPolicy(ApiModel):
    """The highest version within a range."""

    range: SemverRange
    """Range of versions, such as `~1.4`, `^2` or `>=1.2 <2`."""

    prereleases: bool = False
    """Whether versions such as 2.0.0-rc.1 count too."""


class DigestPolicy(ApiModel):
    """One tag, whatever it points to."""

    tag: Tag
    """The tag to follow: each new digest behind it is a new artifact."""


class Policy(ApiModel):
    """Which tag is chosen."""

    union: ClassVar[Union] = Union({"Semver": "semver", "Digest": "digest"})

    type: Literal["Semver", "Digest"]
    """Semver chooses the highest version within a range, Digest follows one tag."""

    semver: SemverPolicy | None = None
    """Goes with type Semver."""

    digest: DigestPolicy | None = None
    """Goes with type Digest."""


class TagFilter(ApiModel):
    """Which tags the policy sees at all."""

    include: Annotated[tuple[RegularExpression, ...], Field(max_length=16)] = ()
    """Regular expressions (RE2, over the whole tag): a tag must match one of them. Empty: all tags."""

    exclude: Annotated[tuple[RegularExpression, ...], Field(max_length=16)] = ()
    """Regular expressions (RE2, over the whole tag): a tag that matches one of them is left out."""


class ImageSubscription(ApiModel):
    """An image repository to watch."""

    repository: Repository
    """Host and path without a tag, such as `registry.example.com/shop/api`."""

    registry_ref: LocalReference | None = None
    """Registry to use. Without it: the one of this namespace that matches the repository, else anonymous."""

    policy: Policy
    """Which tag is chosen."""

    tags: TagFilter | None = None
    """Which tags the policy sees at all; goes with policy type Semver."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.policy.type != 'Digest' || !has(self.tags)",
            "tags has nothing to filter with policy type Digest: remove tags, or set policy.type to Semver",
        ),
    )


class Subscription(ApiModel):
    """One thing to watch."""

    union: ClassVar[Union] = Union({"Image": "image"})

    name: ShortName
    """Name of the subscription: artifacts carry it, and users of the Warehouse refer to it."""

    type: Literal["Image"]
    """What is watched."""

    image: ImageSubscription | None = None
    """Goes with type Image."""


class WarehouseSpec(ApiModel):
    """What to watch, and how often."""

    interval: PositiveDuration = "5m"
    """Time between two looks at the registry; not below the operator's own minimum."""

    subscriptions: Annotated[tuple[Subscription, ...], Field(min_length=1, max_length=1), ListMap("name")]
    """What is watched."""

    suspend: bool = False
    """Stops looking; what was found stays in use."""


class ArtifactImage(ApiModel):
    """An image that was chosen."""

    repository: Annotated[str, Field(max_length=255)]
    """Host and path."""

    tag: Annotated[str, Field(max_length=128)]
    """The tag that the policy chose."""

    digest: FoundDigest
    """What the tag pointed to when it was last looked at."""

    first_seen_at: Time | None = None
    """When this Warehouse first saw the digest."""


class Artifact(ApiModel):
    """What one subscription yields."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the subscription."""

    image: ArtifactImage | None = None
    """The image that was chosen."""

    candidates: Annotated[tuple[Annotated[str, Field(max_length=128)], ...], Field(max_length=10)] = ()
    """The tags that the policy allows, best first."""

    rejected: Annotated[dict[str, Count], Field(max_length=16)] = Field(default_factory=dict)
    """How many tags were left out, by reason."""

    tags: Count | None = None
    """How many tags the repository has."""


class HistoryEntry(ApiModel):
    """One change of an artifact."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the subscription."""

    from_: Annotated[str | None, Field(alias="from", max_length=264)] = None
    """Tag and digest before."""

    to: Annotated[str, Field(max_length=264)]
    """Tag and digest after."""

    at: Time
    """When it was seen."""

    cause: Word
    """Poll or Request."""


class WarehouseStatus(Status):
    """What was found."""

    artifacts: Annotated[tuple[Artifact, ...], Field(max_length=16), ListMap("name")] = ()
    """The newest artifact of each subscription that its policy allows."""

    release: ShortText | None = None
    """Hash over all artifacts: the same set has the same name everywhere."""

    history: Annotated[tuple[HistoryEntry, ...], Field(max_length=50)] = ()
    """The changes of the artifacts, newest first."""


class Warehouse(Resource):
    """Something to watch: an image repository and the policy that chooses from it.

    It yields the newest artifact that the policy allows and says how many tags it left out, and why.
    ManagedImages take their bases and Deployments (deployments.slipway.dev) their image from it.
    """

    declaration: ClassVar[Declaration] = Declaration(
        kind="Warehouse",
        plural="warehouses",
        short_name="wh",
        columns=(
            Column("Repository", ".spec.subscriptions[0].image.repository", "What is watched"),
            Column("Tag", ".status.artifacts[0].image.tag", "The tag that was chosen"),
            Column("Digest", ".status.artifacts[0].image.digest", "What the tag points to", wide=True),
            *READY_COLUMNS,
        ),
    )

    spec: WarehouseSpec
    """What to watch, and how often."""

    status: WarehouseStatus = WarehouseStatus()
    """What was found."""
