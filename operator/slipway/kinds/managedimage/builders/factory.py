"""Chooses the builder of an image by `build.type`."""

from __future__ import annotations

from slipway.api.managedimage import Build, ManagedImage
from slipway.api.pipelines import GiteaWorkflow, GitHubWorkflow, GitLabPipeline, WebhookReceiver
from slipway.build.builders.contract import Builder
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.gitea import gitea_builder
from slipway.kinds.managedimage.builders.github import github_builder
from slipway.kinds.managedimage.builders.gitlab import gitlab_builder
from slipway.kinds.managedimage.builders.job import job_builder
from slipway.kinds.managedimage.builders.webhook import webhook_builder

__all__ = ["builder_for"]


async def builder_for(context: Context, image: ManagedImage, build: Build) -> Builder:
    """The builder of a build under way. Secrets are read each time, so that a new one is used at once.

    Raises:
        AccessProblem: nobody can build it as things are; the outcome says what to do.
        BuilderError: the Secret cannot be used, or may not be sent there.
        SecretUnavailable: there is no such Secret, or it may not be read.
        KubeError: the API server does not answer.
    """
    namespace = image.metadata.namespace
    match image.spec.build.pipeline if image.spec.build else None:
        case GitHubWorkflow() as workflow:
            return await github_builder(context, namespace, workflow)
        case GitLabPipeline() as pipeline:
            return await gitlab_builder(context, namespace, pipeline)
        case GiteaWorkflow() as workflow:
            return await gitea_builder(context, namespace, workflow)
        case WebhookReceiver() as receiver:
            return await webhook_builder(context, namespace, receiver)
        case None:
            return await job_builder(context, image, build)
