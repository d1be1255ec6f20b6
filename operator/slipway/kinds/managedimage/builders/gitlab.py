"""Builds in GitLab pipelines."""

from __future__ import annotations

from slipway.api.pipelines import GitLabPipeline
from slipway.build.builders.contract import Builder
from slipway.build.builders.gitlab import GitLabBuilder, Pipeline
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.way import way_to

__all__ = ["gitlab_builder"]


async def gitlab_builder(context: Context, namespace: str, wanted: GitLabPipeline) -> Builder:
    """The builder of a pipeline.

    Raises:
        BuilderError, SecretUnavailable, KubeError: as `way_to` says.
    """
    way = await way_to(context, namespace, wanted, "gitlab")
    builder = GitLabBuilder(
        way.http,
        Pipeline(wanted.project, wanted.ref, wanted.inputs),
        way.secret.optional_token("token"),
        trigger_token=way.secret.optional_token("triggerToken"),
        base=wanted.url,
        clock=context.clock,
    )
    return way.patient(builder)
