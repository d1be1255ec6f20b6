"""What is built for a ManagedImage, and by whom: `spec.source`, `spec.build` and `spec.verify`."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference
from slipway.api.container import Resources
from slipway.api.markers import ListMap, ListSet, Rule, Union
from slipway.api.pipelines import GiteaWorkflow, GitHubWorkflow, GitLabPipeline, Pipeline, WebhookReceiver
from slipway.api.strings import PositiveDuration, Repository, Tag
from slipway.api.warehouse import GitRefName, GitUrl, PathPattern, PlatformName

__all__ = [
    "BuildArgument",
    "BuildHistory",
    "BuildSpec",
    "GitBuildSource",
    "JobBuilder",
    "Rebase",
    "RebaseSource",
    "SourceSpec",
    "VerifySpec",
]

ArgumentName = Annotated[str, Field(min_length=1, max_length=128, pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]

RelativePath = Annotated[
    str,
    Field(max_length=256, pattern=r"^[^/\x00-\x1f].*$|^$"),
    Rule(
        "!self.split('/').exists(part, part in ['..', '.git'])",
        "write a path inside of the repository, without .. and .git",
    ),
]


class GitBuildSource(ApiModel):
    """A branch of a git repository."""

    url: GitUrl
    """Where the repository is: https://, ssh:// or user@host:path."""

    branch: GitRefName = "main"
    """The branch whose newest commit is built."""

    path: RelativePath = ""
    """The build context, relative to the root of the repository; empty is the root itself."""

    secret_ref: LocalReference | None = None
    """Secret with the credential: kubernetes.io/basic-auth, or kubernetes.io/ssh-auth with `known_hosts`. Its
    annotation slipway.dev/allowed-hosts must name the host."""

    include_paths: Annotated[tuple[PathPattern, ...], Field(max_length=30)] = ()
    """Globs such as `libs/**`, beside the context and the Dockerfile: commits count if they touch one."""

    window: PositiveDuration = "10s"
    """Pushes that follow a first one within this time are one build. Shorter than that of a Warehouse: what
    comes later takes the place of the build under way."""


class BuildArgument(ApiModel):
    """A value for an ARG of the Dockerfile; visible to everybody who sees the image."""

    name: ArgumentName
    """Name of the ARG."""

    value: Annotated[str, Field(max_length=1024)]
    """Its value; no secret, for it stays in the history of the image."""


class SourceSpec(ApiModel):
    """What is built."""

    git: GitBuildSource
    """Where the source is."""

    dockerfile: RelativePath = "Dockerfile"
    """The Dockerfile, relative to `git.path`."""

    target: Annotated[str, Field(max_length=128, pattern=r"^[A-Za-z0-9._-]*$")] = ""
    """The stage to build; without it the last one."""

    build_args: Annotated[tuple[BuildArgument, ...], Field(max_length=32), ListMap("name")] = ()
    """Values for ARGs."""

    platforms: Annotated[tuple[PlatformName, ...], Field(max_length=8), ListSet()] = ()
    """What the image is built for, such as linux/amd64; without it, what the builder runs on."""


class RebaseSource(ApiModel):
    """The source build: the image as its own pipeline pushed it."""

    tag: Tag
    """Tag of the source build, in the same repository."""


class Rebase(ApiModel):
    """How layers of the old base are exchanged for those of the new one."""

    from_: RebaseSource | None = Field(default=None, alias="from")
    """The source build, with build.type None. Each rebase starts from it, never from an earlier rebase. With
    any other type it is the last build from source."""

    allow_run: bool = False
    """Allows upper layers made by RUN. Such a layer may hold copies of what the new base has fixed."""


class BuildHistory(ApiModel):
    """How many finished builds the status keeps."""

    succeeded: Annotated[int, Field(ge=1, le=20)] = 10
    """Number of succeeded builds."""

    failed: Annotated[int, Field(ge=1, le=20)] = 5
    """Number of failed builds."""


class JobBuilder(ApiModel):
    """Builds as Jobs in the namespace of the image."""

    resources: Resources = Resources()
    """What the pod of a build reserves, and may use at most."""

    cache: Repository | None = None
    """A repository that keeps layers from build to build, such as registry.example.com/shop/api-cache."""

    secrets: Annotated[tuple[LocalReference, ...], Field(max_length=8), ListMap("name")] = ()
    """Secrets of this namespace whose keys `RUN --mount=type=secret,id=KEY` may read."""


class BuildSpec(ApiModel):
    """How a build is made."""

    union: ClassVar[Union] = Union(
        {"GitHub": "github", "GitLab": "gitlab", "Gitea": "gitea", "Webhook": "webhook"}
    )

    rules: ClassVar[tuple[Rule, ...]] = (
        *Union({"Job": "job"}, required=False).rules(),
        Rule(
            "self.type != 'None' || self.baseChange == 'Rebase'",
            "type None builds nothing, so that only a rebase is left: set baseChange to Rebase",
        ),
        Rule(
            "self.type != 'None' || (has(self.rebase) && has(self.rebase.from))",
            "type None needs rebase.from.tag: the tag under which the image's own pipeline pushes it",
        ),
        Rule(
            "self.type == 'None' || !has(self.rebase) || !has(self.rebase.from)",
            "rebase.from goes with type None: any other type rebases its own last build from source",
        ),
    )

    type: Literal["None", "Job", "GitHub", "GitLab", "Gitea", "Webhook"]
    """Who builds from source. None: nobody here; the image's own pipeline does, and Slipway only rebases.
    Job: a Job in this namespace. GitHub, GitLab, Gitea: a pipeline there. Webhook: who takes signed POSTs."""

    job: JobBuilder | None = None
    """Goes with type Job; may be left out."""

    github: GitHubWorkflow | None = None
    """Goes with type GitHub."""

    gitlab: GitLabPipeline | None = None
    """Goes with type GitLab."""

    gitea: GiteaWorkflow | None = None
    """Goes with type Gitea."""

    webhook: WebhookReceiver | None = None
    """Goes with type Webhook."""

    base_change: Literal["Rebuild", "Rebase", "RebaseOrRebuild"] = "Rebuild"
    """What a new base leads to. Rebase exchanges the layers of the base in the registry, without a build, and
    is exact or refused; RebaseOrRebuild builds from source where it is refused."""

    rebase: Rebase | None = None
    """How layers of the old base are exchanged for those of the new one."""

    timeout: PositiveDuration = "30m"
    """How long one attempt may take."""

    retries: Annotated[int, Field(ge=0, le=10)] = 2
    """How often a build that failed by itself is tried again; failures of the infrastructure do not count."""

    history: BuildHistory = BuildHistory()
    """How many finished builds the status keeps."""

    @property
    def pipeline(self) -> Pipeline | None:
        """What builds outside of the cluster; None where nothing does."""
        return self.github or self.gitlab or self.gitea or self.webhook


class VerifySpec(ApiModel):
    """What a result has to prove before it becomes the image."""

    base_adopted: Literal["Require", "Warn", "Ignore"] = "Require"
    """Whether its lowest layers are those of the base, on each platform."""
