"""Chooses the builder of an image by `build.type`, and who looks after a build that was begun."""

from __future__ import annotations

from slipway.api.managedimage import Build, ManagedImage
from slipway.api.pipelines import GiteaWorkflow, GitHubWorkflow, GitLabPipeline, Pipeline, WebhookReceiver
from slipway.build.builders.contract import Builder, Overseer
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.gitea import gitea_builder
from slipway.kinds.managedimage.builders.github import github_builder
from slipway.kinds.managedimage.builders.gitlab import gitlab_builder
from slipway.kinds.managedimage.builders.job import job_builder, job_overseer
from slipway.kinds.managedimage.builders.webhook import webhook_builder
from slipway.kinds.managedimage.pipelines import started_by

__all__ = ["builder_for", "overseer_for"]


async def builder_for(context: Context, image: ManagedImage, build: Build) -> Builder:
    """The builder that makes a build, by the spec. Secrets are read each time: a new one is used at once.

    Raises:
        AccessProblem: nobody can build it as things are; the outcome says what to do.
        BuilderError: the Secret cannot be used, or may not be sent there.
        SecretUnavailable: there is no such Secret, or it may not be read.
        KubeError: the API server does not answer.
    """
    pipeline = image.spec.build.pipeline if image.spec.build else None
    if pipeline is None:
        return await job_builder(context, image, build)
    return await _pipeline_builder(context, image.metadata.namespace, pipeline)


async def overseer_for(context: Context, image: ManagedImage, build: Build) -> Overseer:
    """Who follows and ends the run of a build under way: whoever it was given to, whatever the spec says.

    Raises:
        BuilderError, SecretUnavailable, KubeError: as `builder_for`.
    """
    pipeline = started_by(image, build)
    if pipeline is None:
        return job_overseer(context)
    return await _pipeline_builder(context, image.metadata.namespace, pipeline)


async def _pipeline_builder(context: Context, namespace: str, pipeline: Pipeline) -> Builder:
    match pipeline:
        case GitHubWorkflow():
            return await github_builder(context, namespace, pipeline)
        case GitLabPipeline():
            return await gitlab_builder(context, namespace, pipeline)
        case GiteaWorkflow():
            return await gitea_builder(context, namespace, pipeline)
        case WebhookReceiver():
            return await webhook_builder(context, namespace, pipeline)
