"""Builds outside of the cluster: the pipelines of a CI system, or whoever takes a webhook."""

from __future__ import annotations

from typing import Annotated, Final, TypeAlias

from pydantic import Field

from slipway.api.base import ApiModel, LocalReference
from slipway.api.markers import Advice, Rule

__all__ = ["GitHubWorkflow", "GitLabPipeline", "GiteaWorkflow", "Pipeline", "WebhookReceiver"]

_MOST_INPUTS: Final = 18
"""GitHub takes 25, and seven are Slipway's own."""

_ADDRESS: Final = r"^https?://([A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?"

ServerUrl = Annotated[
    str,
    Field(min_length=1, max_length=512, pattern=rf"{_ADDRESS}(/[A-Za-z0-9._~-]+)*/?$"),
    Advice("write https://, the host and the path if there is one, without a user name and a query"),
]

ReceiverUrl = Annotated[
    str,
    Field(
        min_length=1, max_length=512, pattern=rf"{_ADDRESS}(/[A-Za-z0-9._~%/-]*)?(\?[A-Za-z0-9._~%&=+-]*)?$"
    ),
    Advice("write https://, the host and the path, without a user name and a fragment"),
]

Owner = Annotated[
    str,
    Field(min_length=1, max_length=39, pattern=r"^[A-Za-z0-9_]([A-Za-z0-9._-]*[A-Za-z0-9_])?$"),
    Advice("write the name of a user or an organisation alone; the repository goes into repository"),
]

RepositoryName = Annotated[
    str,
    Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$"),
    Advice("write the name of the repository alone; its owner goes into owner"),
]

WorkflowFile = Annotated[
    str,
    Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._ -]*$"),
    Advice("write the name of the workflow file without its folder, such as image.yml"),
]

ProjectPath = Annotated[
    str,
    Field(
        min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._-]*(/[A-Za-z0-9_][A-Za-z0-9._-]*)*$"
    ),
    Advice("write the path of the project with its groups, such as shop/api, or its number"),
]

GitRef = Annotated[
    str,
    Field(min_length=1, max_length=255, pattern=r"^[A-Za-z0-9_][A-Za-z0-9._/+@#-]*$"),
    Advice("write the name of a branch or tag without refs/heads/, such as main or release/1.4"),
]

Inputs = Annotated[
    dict[str, Annotated[str, Field(max_length=1024)]],
    Field(max_length=_MOST_INPUTS),
    Rule(
        "self.all(name, name.size() <= 100 && name.matches('^[A-Za-z_][A-Za-z0-9_-]*$'))",
        "write names of inputs with letters, digits, _ and -, at most 100 of them, such as channel",
    ),
    Rule(
        "self.all(name, name.size() > 100 || !name.matches('^(?i)slipway_'))",
        "names that begin with slipway_ are Slipway's own: give the input another name",
    ),
]


class _Workflow(ApiModel):
    """A workflow of Actions that is started by workflow_dispatch."""

    owner: Owner
    """User or organisation that the repository belongs to."""

    repository: RepositoryName
    """The repository with the workflow, without its owner."""

    workflow: WorkflowFile
    """Name of the workflow file, such as image.yml."""

    ref: GitRef = "main"
    """The branch or tag whose workflow file runs."""

    inputs: Inputs = Field(default_factory=dict)
    """Inputs of your own, which the workflow has to declare beside those of Slipway."""

    secret_ref: LocalReference
    """Secret with the key `token`. Its annotation slipway.dev/allowed-hosts must name the host of url."""


class GitHubWorkflow(_Workflow):
    """A workflow of GitHub Actions."""

    url: ServerUrl = "https://api.github.com"
    """The API; of GitHub Enterprise Server https://HOST/api/v3."""


class GiteaWorkflow(_Workflow):
    """A workflow of Gitea Actions."""

    url: ServerUrl
    """The server, such as https://gitea.example.com."""


class GitLabPipeline(ApiModel):
    """A pipeline of GitLab."""

    project: ProjectPath
    """Path of the project with its groups, such as shop/api, or its number."""

    ref: GitRef = "main"
    """The branch or tag whose .gitlab-ci.yml runs."""

    inputs: Inputs = Field(default_factory=dict)
    """Pipeline variables of your own, beside those of Slipway."""

    url: ServerUrl = "https://gitlab.com"
    """The server."""

    secret_ref: LocalReference
    """Secret with the key `token`, or `triggerToken`, or both. Its annotation slipway.dev/allowed-hosts must
    name the host of url."""


class WebhookReceiver(ApiModel):
    """Whoever takes a signed POST."""

    url: ReceiverUrl
    """Where orders are sent."""

    inputs: Inputs = Field(default_factory=dict)
    """What is passed on as it is."""

    secret_ref: LocalReference
    """Secret with the key `secret`, by which orders are signed. Its annotation slipway.dev/allowed-hosts must
    name the host of url."""


Pipeline: TypeAlias = GitHubWorkflow | GitLabPipeline | GiteaWorkflow | WebhookReceiver
"""What builds outside of the cluster."""
