"""The Warehouse kind: something to watch, and the newest artifact that its policy allows."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference, Resource, Status
from slipway.api.declaration import READY_COLUMNS, Column, Declaration
from slipway.api.markers import Advice, ListMap, Rule, Union
from slipway.api.strings import (
    Duration,
    Foreign,
    FoundDigest,
    PositiveDuration,
    RegularExpression,
    Repository,
    ShortName,
    ShortText,
    StatusText,
    Tag,
    Time,
    Word,
)

__all__ = [
    "AlphabeticalPolicy",
    "Artifact",
    "ArtifactChart",
    "ArtifactCommit",
    "ArtifactImage",
    "ChartSubscription",
    "DigestPolicy",
    "GitSubscription",
    "HistoryEntry",
    "ImageSubscription",
    "NewestPolicy",
    "NumericalPolicy",
    "Order",
    "PlatformImage",
    "Policy",
    "Problem",
    "SeenDigest",
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

PlatformName = Annotated[
    str,
    Field(min_length=3, max_length=64, pattern=r"^[a-z0-9]+/[a-z0-9_-]+(/[a-z0-9.]+)?$"),
    Advice("write operating system and architecture, such as linux/amd64 or linux/arm/v7"),
]

_GIT_HOST = r"([A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])"
_GIT_PATH = r"[A-Za-z0-9._~%!$&()+,;=:@/-]+"

GitUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=rf"^(https?://{_GIT_HOST}(:[0-9]{{1,5}})?/{_GIT_PATH}"
        rf"|ssh://([A-Za-z0-9._+-]+@)?{_GIT_HOST}(:[0-9]{{1,5}})?/{_GIT_PATH}"
        # git takes what has :// or :: behind its first word for a URL or for a command of its own
        rf"|([A-Za-z0-9._+-]+@)?{_GIT_HOST}:/?[A-Za-z0-9._~]({_GIT_PATH})?)$",
    ),
    Advice(
        "write https://host/path, ssh://git@host/path or git@host:path, and put passwords into the Secret "
        "that secretRef names"
    ),
]

GitRefName = Annotated[
    str,
    Field(min_length=1, max_length=244, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/+@#-]*$"),
    Advice("write the name of a branch or tag without refs/heads/, such as main or release/1.4"),
]

PathPattern = Annotated[str, Field(min_length=1, max_length=256)]

ChartUrl = Annotated[
    str,
    Field(
        min_length=1,
        max_length=512,
        pattern=r"^(https?://[^\s@]+|oci://[A-Za-z0-9.-]+(:[0-9]{1,5})?(/[a-z0-9._-]+)+)$",
    ),
    Advice("write https:// and the address of a chart repository, or oci://registry/path/of/the/chart"),
]

ChartName = Annotated[
    str,
    Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]*$"),
    Advice("write the name of the chart as the repository's index has it"),
]

Count = Annotated[int, Field(ge=0)]

Order = Literal["Ascending", "Descending"]


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


class NewestPolicy(ApiModel):
    """The tag with the latest time."""

    by: Literal["Pushed", "Created"] = "Created"
    """Created is when the image was built, by its own word; Pushed when the registry got it, which only the
    APIs of some products tell."""


class AlphabeticalPolicy(ApiModel):
    """The tag that comes last in the order of letters."""

    order: Order = "Ascending"
    """Ascending chooses the tag nearest to z, Descending the one nearest to a."""


class NumericalPolicy(ApiModel):
    """The tag with the largest number."""

    order: Order = "Ascending"
    """Ascending chooses the largest number, Descending the smallest."""


class Policy(ApiModel):
    """Which tag is chosen."""

    union: ClassVar[Union] = Union({"Semver": "semver", "Digest": "digest"})

    rules: ClassVar[tuple[Rule, ...]] = Union(
        {"Newest": "newest", "Alphabetical": "alphabetical", "Numerical": "numerical"}, required=False
    ).rules()

    type: Literal["Semver", "Newest", "Digest", "Alphabetical", "Numerical"]
    """Semver chooses the highest version within a range, Newest the latest build or push, Digest follows one
    tag, Alphabetical and Numerical choose the last one in their order."""

    semver: SemverPolicy | None = None
    """Goes with type Semver."""

    newest: NewestPolicy | None = None
    """Goes with type Newest."""

    digest: DigestPolicy | None = None
    """Goes with type Digest."""

    alphabetical: AlphabeticalPolicy | None = None
    """Goes with type Alphabetical."""

    numerical: NumericalPolicy | None = None
    """Goes with type Numerical."""


class TagFilter(ApiModel):
    """Which tags the policy sees at all."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.extract) || size(self.include) > 0",
            "extract takes its text from a group of an include pattern: add an include pattern with a group, "
            "such as ^v(?P<version>.+)$",
        ),
    )

    include: Annotated[tuple[RegularExpression, ...], Field(max_length=16)] = ()
    """Regular expressions (RE2, over the whole tag): a tag must match one of them. Empty: all tags."""

    exclude: Annotated[tuple[RegularExpression, ...], Field(max_length=16)] = ()
    """Regular expressions (RE2, over the whole tag): a tag that matches one of them is left out."""

    extract: Annotated[str | None, Field(min_length=1, max_length=128)] = None
    """What the policy sees of a tag: text with groups of the include pattern, such as `$version`, `${1}`."""


class ImageSubscription(ApiModel):
    """An image repository to watch."""

    repository: Repository
    """Host and path without a tag, such as `registry.example.com/shop/api`."""

    registry_ref: LocalReference | None = None
    """Registry to use. Without it: the one of this namespace that matches the repository, else anonymous."""

    policy: Policy
    """Which tag is chosen."""

    tags: TagFilter | None = None
    """Which tags the policy sees at all; goes with every policy type but Digest."""

    platforms: Annotated[tuple[PlatformName, ...], Field(max_length=16)] = ()
    """What the image must run on, all of them. An index counts as changed only where one of these changed."""

    limit: Annotated[int, Field(ge=1, le=100)] = 20
    """How many of the tags that the policy allows are looked at, best first, until one has the platforms and
    the age that are wanted."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.policy.type != 'Digest' || !has(self.tags)",
            "tags has nothing to filter with policy type Digest: remove tags, or choose another policy.type",
        ),
    )


class GitSubscription(ApiModel):
    """A git repository to watch."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "[has(self.branch), has(self.tag), has(self.semver)].filter(given, given).size() <= 1",
            "branch, tag and semver exclude each other: keep one of them, or none for the default branch",
        ),
    )

    url: GitUrl
    """Where the repository is: https://, ssh:// or user@host:path."""

    branch: GitRefName | None = None
    """The branch to follow. Without branch, tag and semver: the default branch of the repository."""

    tag: GitRefName | None = None
    """The tag to follow."""

    semver: SemverPolicy | None = None
    """The tag with the highest version within a range."""

    secret_ref: LocalReference | None = None
    """Secret with the credential: kubernetes.io/basic-auth, kubernetes.io/ssh-auth with `known_hosts`, or
    Opaque. Its annotation slipway.dev/allowed-hosts must name the host."""

    include_paths: Annotated[tuple[PathPattern, ...], Field(max_length=32)] = ()
    """Globs such as `apps/api/**`: commits count only if they touch such a path. Empty: all paths."""

    exclude_paths: Annotated[tuple[PathPattern, ...], Field(max_length=32)] = ()
    """Globs such as `**/*.md`: commits that touch only such paths do not count."""

    window: PositiveDuration = "30s"
    """Pushes that follow a first one within this time are one change."""


class ChartSubscription(ApiModel):
    """A Helm chart to watch."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "self.url.startsWith('oci://') != has(self.name)",
            "name goes with a url of http:// or https:// only: set it to the chart's name there, and leave "
            "it out with oci://, whose path ends with the chart",
        ),
        Rule(
            "self.url.startsWith('oci://') || !has(self.registryRef)",
            "registryRef goes with an oci:// url: use secretRef, or remove it",
        ),
        Rule(
            "!self.url.startsWith('oci://') || !has(self.secretRef)",
            "secretRef goes with an http:// or https:// url: name a Registry in registryRef, or remove it",
        ),
    )

    url: ChartUrl
    """A chart repository (https://), or a chart in a registry (oci://)."""

    name: ChartName | None = None
    """Name of the chart in the repository; not with oci://."""

    range: SemverRange = "*"
    """Range of versions, such as `^2`."""

    prereleases: bool = False
    """Whether versions such as 2.0.0-rc.1 count too."""

    registry_ref: LocalReference | None = None
    """Registry to use with an oci:// url. Without it: the one that matches, else anonymous."""

    secret_ref: LocalReference | None = None
    """Secret of type kubernetes.io/basic-auth for an https:// url. Its annotation slipway.dev/allowed-hosts
    must name the host."""


class Subscription(ApiModel):
    """One thing to watch."""

    union: ClassVar[Union] = Union({"Image": "image", "Git": "git", "Chart": "chart"})

    name: ShortName
    """Name of the subscription: artifacts carry it, and users of the Warehouse refer to it."""

    type: Literal["Image", "Git", "Chart"]
    """What is watched."""

    image: ImageSubscription | None = None
    """Goes with type Image."""

    git: GitSubscription | None = None
    """Goes with type Git."""

    chart: ChartSubscription | None = None
    """Goes with type Chart."""


class WarehouseSpec(ApiModel):
    """What to watch, and how often."""

    interval: PositiveDuration = "5m"
    """Time between two looks at what is watched; not below the operator's own minimum."""

    minimum_age: Duration = "0s"
    """How long ago this Warehouse must have seen a digest, commit or chart for the first time before it
    chooses it."""

    subscriptions: Annotated[tuple[Subscription, ...], Field(min_length=1, max_length=16), ListMap("name")]
    """What is watched."""

    suspend: bool = False
    """Stops looking; what was found stays in use."""


class PlatformImage(ApiModel):
    """The image for one platform."""

    name: Annotated[str, Field(max_length=64)]
    """Operating system, architecture and variant."""

    digest: FoundDigest
    """Of the image for this platform."""


class ArtifactImage(ApiModel):
    """An image that was chosen."""

    repository: Annotated[str, Field(max_length=255)]
    """Host and path."""

    tag: Annotated[str, Field(max_length=128)]
    """The tag that the policy chose."""

    digest: FoundDigest
    """What the tag pointed to when it was last looked at."""

    created_at: Time | None = None
    """When the image was built, by its own word."""

    pushed_at: Time | None = None
    """When the registry got it, where it tells."""

    first_seen_at: Time | None = None
    """When this Warehouse first saw the digest; of one that comes back after another was chosen, when it came
    back, unless it is remembered because of minimumAge."""

    platforms: Annotated[tuple[PlatformImage, ...], Field(max_length=32), ListMap("name")] = ()
    """What the image runs on."""

    age_unknown: bool | None = None
    """True when it was chosen in spite of minimumAge, because nothing told its age at the first look."""


class ArtifactCommit(ApiModel):
    """A commit that was chosen."""

    url: Annotated[str, Field(max_length=512)]
    """The repository."""

    ref: Annotated[str, Field(max_length=255)]
    """The branch or tag."""

    commit: Annotated[str, Field(max_length=64, pattern="^[0-9a-f]+$")]
    """The whole object name."""

    message: StatusText | None = None
    """The first line of the commit's message."""

    author: StatusText | None = None
    """Who wrote the commit, by its own word."""

    created_at: Time | None = None
    """When it was committed, by its own word."""

    first_seen_at: Time | None = None
    """When this Warehouse first saw the commit; of one that comes back after another was chosen, when it came
    back."""

    passed_over: Annotated[str | None, Field(max_length=64, pattern="^[0-9a-f]+$")] = None
    """The commit that the ref points to, when all that it changes is in paths that do not count."""


class ArtifactChart(ApiModel):
    """A version of a chart that was chosen."""

    url: Annotated[str, Field(max_length=512)]
    """The chart repository, or the chart in a registry."""

    name: Annotated[str | None, Field(max_length=253)] = None
    """The chart within the repository."""

    version: Annotated[str, Field(max_length=128)]
    """The version that was chosen."""

    digest: Annotated[str | None, Field(max_length=135)] = None
    """Of the chart's archive as the index names it, or of the manifest in the registry; where an index names
    none, of what it says of this version."""

    app_version: Foreign | None = None
    """What the chart installs, by its own word."""

    created_at: Time | None = None
    """When it was published, by the index."""

    first_seen_at: Time | None = None
    """When this Warehouse first saw this version with this digest; of one that comes back after another was
    chosen, when it came back, unless it is remembered because of minimumAge."""


class SeenDigest(ApiModel):
    """When something was seen for the first time."""

    digest: Annotated[str, Field(max_length=135)]
    """A digest, or the name of a commit."""

    at: Time
    """The first look that saw it."""


class Problem(ApiModel):
    """Why a subscription could not be looked at, or chose nothing, the last time."""

    reason: Word
    """CamelCase word for programs."""

    message: StatusText | None = None
    """What happened and what to do about it."""

    stalled: bool | None = None
    """Whether nothing changes until a person acts."""


class Artifact(ApiModel):
    """What one subscription yields."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the subscription."""

    image: ArtifactImage | None = None
    """The image that was chosen."""

    git: ArtifactCommit | None = None
    """The commit that was chosen."""

    chart: ArtifactChart | None = None
    """The chart that was chosen."""

    problem: Problem | None = None
    """Why the last look found nothing; what was found before stays."""

    candidates: Annotated[tuple[Annotated[str, Field(max_length=128)], ...], Field(max_length=10)] = ()
    """The tags or versions that the policy allows, best first."""

    rejected: Annotated[dict[str, Count], Field(max_length=16)] = Field(default_factory=dict)
    """How many tags or versions were left out, by reason."""

    tags: Count | None = None
    """How many tags or versions there are."""

    seen: Annotated[tuple[SeenDigest, ...], Field(max_length=100)] = ()
    """When the best ones were seen for the first time; kept only with minimumAge."""

    next_maturity_at: Time | None = None
    """When a better one becomes old enough for minimumAge."""

    overwritten_by: Annotated[str | None, Field(max_length=135)] = None
    """The digest or commit that the chosen version names by now, when it was overwritten by something that is
    not chosen."""


class HistoryEntry(ApiModel):
    """One change of an artifact."""

    name: Annotated[str, Field(max_length=63)]
    """Name of the subscription."""

    from_: Annotated[str | None, Field(alias="from", max_length=320)] = None
    """Tag and digest, ref and commit, or version and digest before."""

    to: Annotated[str, Field(max_length=320)]
    """The same after."""

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
    """Something to watch: images, git repositories and Helm charts, and the policies that choose from them.

    It yields the newest artifacts that the policies allow and says how many it left out, and why.
    ManagedImages take their bases and Deployments (deployments.slipway.dev) their image from it.
    """

    declaration: ClassVar[Declaration] = Declaration(
        kind="Warehouse",
        plural="warehouses",
        short_name="wh",
        columns=(
            Column(
                "Image",
                ".spec.subscriptions[*].image.repository",
                "The image that is watched, the first of several",
            ),
            Column("Tag", ".status.artifacts[*].image.tag", "The tag that was chosen"),
            Column("Digest", ".status.artifacts[*].image.digest", "What it points to", wide=True),
            Column("Commit", ".status.artifacts[*].git.commit", "The commit that was chosen", wide=True),
            Column(
                "Chart",
                ".status.artifacts[*].chart.version",
                "The version of the chart that was chosen",
                wide=True,
            ),
            Column("Release", ".status.release", "Name of the set of artifacts", wide=True),
            *READY_COLUMNS,
        ),
    )

    spec: WarehouseSpec
    """What to watch, and how often."""

    status: WarehouseStatus = WarehouseStatus()
    """What was found."""
