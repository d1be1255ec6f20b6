"""Builds in Gitea Actions."""

from __future__ import annotations

from slipway.api.pipelines import GiteaWorkflow
from slipway.build.builders.actions import Workflow
from slipway.build.builders.contract import Builder
from slipway.build.builders.gitea import GiteaBuilder
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.way import way_to

__all__ = ["gitea_builder"]


async def gitea_builder(context: Context, namespace: str, wanted: GiteaWorkflow) -> Builder:
    """The builder of a workflow.

    Raises:
        BuilderError, SecretUnavailable, KubeError: as `way_to` says.
    """
    way = await way_to(context, namespace, wanted, "gitea")
    workflow = Workflow(wanted.owner, wanted.repository, wanted.workflow, wanted.ref, wanted.inputs)
    token = way.secret.token("token")
    return way.patient(GiteaBuilder(way.http, workflow, token, wanted.url, context.clock))
