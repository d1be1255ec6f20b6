"""The ManagedImage kind: an image that we build, or only track, and what it stands on."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, ClassVar, Final, Literal, TypeAlias

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference, Resource, Status, WarehouseReference
from slipway.api.building import BuildSpec, SourceSpec, VerifySpec
from slipway.api.declaration import PHASE, READY_COLUMNS, Column, Declaration
from slipway.api.markers import Advice, ListMap, ListSet, Rule
from slipway.api.rebuilding import RebuildSpec
from slipway.api.strings import (
    DIGEST_LENGTH,
    REPOSITORY_LENGTH,
    FoundDigest,
    ImageReference,
    Reference,
    Repository,
    StatusText,
    Tag,
    Time,
    Word,
)

__all__ = [
    "Base",
    "BaseStatus",
    "BaseUse",
    "Build",
    "BuildBase",
    "BuildPhase",
    "BuildPipeline",
    "BuildRun",
    "BuiltImage",
    "GraphStatus",
    "ImageTarget",
    "ManagedImage",
    "ManagedImagePhase",
    "ManagedImageSpec",
    "ManagedImageStatus",
    "RebuildReason",
    "RebuildStatus",
    "SourceStatus",
]

TEMPLATE_LENGTH: Final = 128 - 18 + len("{build}")
"""A tag has 128 characters, and 18 digits must fit in the place of {build}."""

_KEY: Final = r"\{(commit|date|version)\}"
_REST: Final = rf"([A-Za-z0-9._-]|{_KEY})*"

TagTemplate = Annotated[
    str,
    Field(
        min_length=1,
        max_length=TEMPLATE_LENGTH,
        pattern=rf"^([A-Za-z0-9_][A-Za-z0-9._-]*|(([A-Za-z0-9_]|{_KEY}){_REST})?\{{build\}}{_REST})$",
    ),
    Advice(
        "write a tag with {build} in it exactly once, such as 1.4.0-{build}, so that each build gets one of "
        "its own ({date}, {commit} and {version} may stand beside it); or, for an image that is only "
        "tracked, the tag to track"
    ),
    Rule(
        "['{commit}', '{date}', '{version}'].all(key, self.indexOf(key) == self.lastIndexOf(key))",
        "write each of {commit}, {date} and {version} at most once",
    ),
    Rule(
        f"size(self) + (self.contains('{{commit}}') ? 4 : 0) + (self.contains('{{date}}') ? 2 : 0) <= "
        f"{TEMPLATE_LENGTH}",
        "the tag could have more than 128 characters (a number takes 18, a date 8, a commit 12): shorten it",
    ),
]

_HAS_FROM: Final = "(has(self.build) && has(self.build.rebase) && has(self.build.rebase.from))"

Role: TypeAlias = Literal["Managed", "Base", "External"]

BuildKey = Annotated[str, Field(max_length=64)]

CommitName = Annotated[str, Field(max_length=64, pattern="^[0-9a-f]+$")]

FoundName = Annotated[str, Field(max_length=253, pattern=r"^[a-z0-9.-]*$")]

BaseReference = Annotated[
    str,
    Field(max_length=REPOSITORY_LENGTH + len("@") + DIGEST_LENGTH, pattern=r"^[A-Za-z0-9._:/@\[\]-]*$"),
]
"""A repository with either a tag or a digest."""


class ImageTarget(ApiModel):
    """Where builds go."""

    repository: Repository
    """Host and path without a tag, such as `registry.example.com/shop/api`."""

    tag: TagTemplate
    """Tag of each build, as in `1.4.0-{build}`; a tag is never overwritten. {build} becomes the number of the
    build, {date} the day in UTC on which it was begun (20261122), {commit} the first 12 characters of the
    source commit, {version} build.rebase.from.tag. With role Base or External the tag to track; if it has
    {build}, the first of floatingTags is tracked."""

    floating_tags: Annotated[tuple[Tag, ...], Field(max_length=10), ListSet()] = ()
    """Tags that follow the newest image, `status.image`, such as `latest`."""

    registry_ref: LocalReference | None = None
    """Registry to use. Without it: the one of this namespace that matches the repository, else anonymous."""


class Base(ApiModel):
    """An image that this one stands on: either `reference` or `warehouse`."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "has(self.reference) != has(self.warehouse)",
            "write exactly one of reference and warehouse for each entry of bases",
        ),
        Rule(
            "!has(self.reference) || !self.reference.contains('@')",
            "reference names a digest, and a digest never moves: write repository:tag without the digest",
        ),
    )

    reference: ImageReference | None = None
    """Image with its tag. Who tells its digest: the ManagedImage of this namespace that keeps the tag, else a
    Warehouse that follows it; where there is none, one is made."""

    warehouse: WarehouseReference | None = None
    """Warehouse whose newest artifact is the base."""


class ManagedImageSpec(ApiModel):
    """The image, what it stands on, and how and when it is built."""

    rules: ClassVar[tuple[Rule, ...]] = (
        Rule(
            "!has(self.build) || !has(self.build.rebase) || !has(self.build.rebase.from) || "
            "!has(self.image.floatingTags) || !(self.build.rebase.from.tag in self.image.floatingTags)",
            "build.rebase.from.tag is in image.floatingTags, so a build would overwrite its own source: "
            "remove it from image.floatingTags",
        ),
        Rule(
            "self.role != 'Managed' || has(self.build)",
            "role Managed needs build: say how builds are made, or track only, with role Base or External",
        ),
        Rule(
            "self.role != 'Managed' || self.image.tag.contains('{build}')",
            "role Managed needs {build} in image.tag, such as 1.4.0-{build}: each build gets its own tag",
        ),
        Rule(
            "self.role != 'Managed' || !self.image.tag.contains('{commit}') || has(self.source)",
            "{commit} in image.tag needs source: nothing else tells a commit; remove it, or write source",
        ),
        Rule(
            f"self.role != 'Managed' || !self.image.tag.contains('{{version}}') || {_HAS_FROM}",
            "{version} in image.tag is build.rebase.from.tag, which only build.type None has: write the "
            "version itself into image.tag",
        ),
        Rule(
            f"self.role != 'Managed' || !self.image.tag.contains('{{version}}') || !{_HAS_FROM} || "
            "size(self.image.tag) + size(self.build.rebase.from.tag) + "
            f"(self.image.tag.contains('{{date}}') ? 2 : 0) <= {TEMPLATE_LENGTH + len('{version}')}",
            "with build.rebase.from.tag in the place of {version}, image.tag could have more than 128 "
            "characters: shorten one of them",
        ),
        Rule(
            "self.role == 'Managed' || !self.image.tag.contains('{build}') || "
            "(has(self.image.floatingTags) && size(self.image.floatingTags) > 0)",
            "nothing tells which tag to track: write it into image.tag, without {build}",
        ),
        Rule(
            "self.role != 'Managed' || !has(self.build) || self.build.type != 'None' || "
            "!has(self.bases) || size(self.bases) <= 1",
            "a rebase exchanges the layers of one base: write one entry of bases, or none where labels or "
            "provenance of the image tell it",
        ),
        Rule(
            "self.role != 'Managed' || !has(self.build) || self.build.type != 'Job' || has(self.source)",
            "build.type Job needs source: say where the Dockerfile is",
        ),
        Rule(
            "!has(self.build) || self.build.type != 'None' || !has(self.source)",
            "build.type None builds nothing from source: remove source, or choose another build.type",
        ),
    )

    role: Role = "Managed"
    """Managed: built by us. Base, External: made elsewhere and only tracked; Base is one that others are
    meant to stand on, External one of somebody else. What does not apply to a role is not looked at."""

    image: ImageTarget
    """Where builds go, or what is tracked."""

    source: SourceSpec | None = None
    """What is built."""

    bases: Annotated[tuple[Base, ...], Field(max_length=16)] = ()
    """What this image stands on; without any, what the Dockerfile of source says, and without that, what the
    image tells by its provenance, else its labels."""

    build: BuildSpec | None = None
    """How a build is made; required with role Managed."""

    rebuild: RebuildSpec = RebuildSpec()
    """When a build is made."""

    verify: VerifySpec = VerifySpec()
    """What a result has to prove before it becomes the image."""

    suspend: bool = False
    """Starts no more builds; a build under way is finished."""


class ManagedImagePhase(StrEnum):
    """What `status.phase` of a ManagedImage can say."""

    CURRENT = "Current"
    OUTDATED = "Outdated"
    WAITING = "Waiting"
    QUEUED = "Queued"
    BUILDING = "Building"
    FAILED = "Failed"
    SUSPENDED = "Suspended"


class BuildPhase(StrEnum):
    """What the phase of one build can say."""

    BUILDING = "Building"
    SUCCEEDED = "Succeeded"
    UNCHANGED = "Unchanged"
    FAILED = "Failed"
    CANCELLED = "Cancelled"


class BuiltImage(ApiModel):
    """The newest image: a build, or the source build itself where that stands on the newest base already."""

    reference: Reference
    """Repository and tag."""

    digest: FoundDigest
    """Digest of the manifest or index."""

    created_at: Time | None = None
    """When the build was finished, or the source build first taken."""

    build: Annotated[int, Field(ge=1)] | None = None
    """Number of the build; the source build has none."""


class BaseUse(ApiModel):
    """One use of a base in the Dockerfile."""

    stage: Annotated[str, Field(max_length=63)]
    """Name or index of the stage; empty for the syntax, and where no Dockerfile tells."""

    kind: Annotated[str, Field(max_length=8)]
    """Final: the image stands on it. Builder: another stage does. CopyFrom: files come from it. Syntax: it
    reads the Dockerfile. Unknown: it was loaded, and what for is not told."""


class BaseStatus(ApiModel):
    """What is known of one base."""

    reference: BaseReference
    """The base: repository and tag."""

    uses: Annotated[tuple[BaseUse, ...], Field(max_length=4)] = ()
    """Where the Dockerfile uses it; empty for bases of the spec, which the image stands on."""

    told_by: Annotated[str, Field(max_length=10, pattern="^[A-Za-z]*$")] | None = None
    """Provenance or Label: what of the image names it, where neither spec nor Dockerfile does."""

    producer: FoundName | None = None
    """The ManagedImage of this namespace that keeps this tag."""

    built_digest: FoundDigest | None = None
    """The base that the newest image stands on."""

    latest_digest: FoundDigest | None = None
    """What its producer offers, or its Warehouse sees, now."""

    warehouse: FoundName | None = None
    """The Warehouse that watches this base, where no ManagedImage tells its digest."""

    changed_at: Time | None = None
    """When the base first moved away from what the newest image stands on."""

    moves: Annotated[int, Field(ge=1)] | None = None
    """How often it has moved since movesSince."""

    moves_since: Time | None = None
    """The first move of the hour in which moves are counted."""


class RebuildReason(ApiModel):
    """Why a build is due."""

    type: Word
    """Base, Configuration, Source, Request or Emergency."""

    detail: StatusText
    """What changed from what to what, or who asked."""

    since: Time | None = None
    """Since when."""


class RebuildStatus(ApiModel):
    """What is due."""

    message: StatusText | None = None
    """Why now, or why not yet and what it waits for, in one sentence."""

    reasons: Annotated[tuple[RebuildReason, ...], Field(max_length=6)] = ()
    """Why a build is due; empty when none is."""

    eligible_at: Time | None = None
    """When a build may begin at the earliest, where a time is waited for."""

    blocked_by: Annotated[tuple[BaseReference, ...], Field(max_length=4)] = ()
    """The bases that are waited for; of more the first four."""

    attempts: Annotated[int, Field(ge=1)] | None = None
    """How often the build that is due was tried, with an attempt under way; left out before the first one."""

    tried: Annotated[tuple[BuildKey, ...], Field(max_length=50)] = ()
    """Keys of builds that failed by themselves or were cancelled, and are not begun again, newest first."""


class BuildBase(ApiModel):
    """A base that a build was made with."""

    reference: BaseReference
    """Repository and tag."""

    digest: FoundDigest
    """What it was resolved to when the build was begun."""


class BuildRun(ApiModel):
    """The run of a builder outside of the cluster."""

    id: Annotated[str, Field(max_length=512)]
    """What the builder knows it by: a number, or the status URL of a webhook's receiver."""

    url: Annotated[str, Field(max_length=512)] | None = None
    """Where its log is read."""


class BuildPipeline(ApiModel):
    """Who a build under way was given to, outside of the cluster."""

    type: Word
    """GitHub, GitLab, Gitea or Webhook."""

    url: Annotated[str, Field(max_length=512)]
    """The server."""

    project: Annotated[str, Field(max_length=255)] | None = None
    """The project, or owner and repository."""

    workflow: Annotated[str, Field(max_length=255)] | None = None
    """Name of the workflow file."""

    ref: Annotated[str, Field(max_length=255)] | None = None
    """The branch or tag whose file runs."""

    secret: Annotated[str, Field(max_length=253)]
    """Name of the Secret that opens it."""


class Build(ApiModel):
    """One build."""

    number: Annotated[int, Field(ge=1)]
    """One more than that of the build before; it stands in the tag."""

    key: BuildKey
    """Hash over all that goes into the build; no two builds of the list have the same."""

    phase: Word
    """Building, Succeeded, Unchanged (the image is the one of before, so that it was not promoted), Failed or
    Cancelled."""

    reference: Reference
    """Where the result goes: repository and tag."""

    reasons: Annotated[tuple[RebuildReason, ...], Field(max_length=6)] = ()
    """Why it was made."""

    requested_by: StatusText | None = None
    """Who asked for it, where the admission policy of docs/requests.md is installed."""

    started_at: Time
    """When this attempt was begun."""

    finished_at: Time | None = None
    """When it ended."""

    method: Annotated[str, Field(max_length=8)] = "Rebase"
    """Build: from source. Rebase: the layers of the base were exchanged."""

    attempts: Annotated[int, Field(ge=1)] | None = None
    """How often it was tried; left out for the first time."""

    failures: Annotated[int, Field(ge=1)] | None = None
    """How many of the attempts failed by themselves: failures of the infrastructure do not count."""

    run: BuildRun | None = None
    """Who works on it, where that is not a Job."""

    pipeline: BuildPipeline | None = None
    """Where that runs, as long as it is under way: the spec may name another place by now."""

    commit: CommitName | None = None
    """The commit that it is built from."""

    configuration: Annotated[str, Field(max_length=32)] | None = None
    """Hash over the settings of the spec that change the result."""

    source_digest: FoundDigest | None = None
    """The source build that a rebase started from."""

    bases: Annotated[tuple[BuildBase, ...], Field(max_length=16), ListMap("reference")] = ()
    """The bases that it was made with."""

    digest: FoundDigest | None = None
    """What it yielded."""

    same_as: FoundDigest | None = None
    """The image of then, which it yielded once more but for times; only of one that is Unchanged."""

    reason: Word | None = None
    """Why it failed, in one word."""

    message: StatusText | None = None
    """Why it failed, and what to do about it."""


class SourceStatus(ApiModel):
    """What is built, as it was last looked at: a commit, or the source build of a rebase."""

    digest: FoundDigest | None = None
    """What `build.rebase.from.tag` pointed to."""

    base_digest: FoundDigest | None = None
    """The base it stands on."""

    commit: CommitName | None = None
    """The newest commit of the branch."""

    built_commit: CommitName | None = None
    """The commit that the newest image is built from."""

    built_configuration: Annotated[str, Field(max_length=32)] | None = None
    """Hash over the settings that it is built with."""

    disputes: Annotated[tuple[StatusText, ...], Field(max_length=2)] = ()
    """What labels, provenance, and Dockerfile or spec of the newest build say against each other."""

    told_digest: FoundDigest | None = None
    """The tracked image whose labels and provenance were read last."""


class GraphStatus(ApiModel):
    """Where the image is among those of its namespace."""

    depth: Annotated[int, Field(ge=0)] | None = None
    """How many images are below it, on the longest way; left out in a cycle."""

    dependents: Annotated[int, Field(ge=0)] = 0
    """How many images of the namespace stand on it."""

    cycle: Annotated[tuple[FoundName, ...], Field(max_length=16)] = ()
    """The images of the cycle that it is in, each standing on the next; empty where there is none."""


class ManagedImageStatus(Status):
    """What was built, what it stands on, and what is due."""

    phase: Word | None = None
    """Current, Outdated, Waiting, Queued, Building, Failed or Suspended."""

    image: BuiltImage | None = None
    """The newest image: a build, or the source build itself where that stands on the newest base already."""

    source: SourceStatus | None = None
    """What is built: a commit, or the source build that rebases start from."""

    bases: Annotated[tuple[BaseStatus, ...], Field(max_length=16), ListMap("reference")] = ()
    """What is known of the bases."""

    rebuild: RebuildStatus | None = None
    """What is due."""

    graph: GraphStatus | None = None
    """Where it is among the images of its namespace."""

    builds: Annotated[tuple[Build, ...], Field(max_length=50)] = ()
    """The builds that build.history keeps, newest first."""

    numbers_above: Annotated[int, Field(ge=1)] | None = None
    """Builds get numbers above this one: the highest of an earlier enrolment whose record is of no use."""


class ManagedImage(Resource):
    """An image that is kept on the newest state of its base.

    When a Warehouse sees a new base, the layers of the old base are exchanged for those of the new one, in
    the registry and without a container runtime; the result gets a tag and a build number of its own.
    """

    declaration: ClassVar[Declaration] = Declaration(
        kind="ManagedImage",
        plural="managedimages",
        short_name="mimg",
        columns=(
            Column("Phase", PHASE, "Where the image stands"),
            Column("Image", ".status.image.reference", "The newest image"),
            Column("Build", ".status.image.build", "Number of its build", type="integer"),
            Column("Base", ".status.bases[0].reference", "What it stands on", wide=True),
            Column("Digest", ".status.image.digest", "Digest of the newest image", wide=True),
            *READY_COLUMNS,
        ),
        selectable=(PHASE,),
    )

    spec: ManagedImageSpec
    """The image, what it stands on, and how and when it is built."""

    status: ManagedImageStatus = ManagedImageStatus()
    """What was built, what it stands on, and what is due."""
