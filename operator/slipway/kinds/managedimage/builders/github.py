"""Builds in GitHub Actions."""

from __future__ import annotations

from slipway.api.pipelines import GitHubWorkflow
from slipway.build.builders.actions import Workflow
from slipway.build.builders.contract import Builder
from slipway.build.builders.github import GitHubBuilder
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.way import way_to

__all__ = ["github_builder"]


async def github_builder(context: Context, namespace: str, wanted: GitHubWorkflow) -> Builder:
    """The builder of a workflow.

    Raises:
        BuilderError, SecretUnavailable, KubeError: as `way_to` says.
    """
    way = await way_to(context, namespace, wanted, "github")
    workflow = Workflow(wanted.owner, wanted.repository, wanted.workflow, wanted.ref, wanted.inputs)
    token = way.secret.token("token")
    return way.patient(GitHubBuilder(way.http, workflow, token, wanted.url, context.clock))
