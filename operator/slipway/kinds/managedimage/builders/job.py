"""Builds as Jobs, with what the operator's settings and the Registries of the namespace give."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.job.builder import JobBuilder, JobOverseer
from slipway.build.builders.job.settings import JobSettings
from slipway.engine.outcome import Stalled
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builders.registries import job_registries
from slipway.kinds.managedimage.builders.secrets import ensure_secrets
from slipway.kinds.managedimage.guards import may_build_by_jobs
from slipway.kinds.registry.access import AccessProblem

__all__ = ["job_builder", "job_overseer"]

_RECHECK: Final = timedelta(minutes=5)


async def job_builder(context: Context, image: ManagedImage, build: Build) -> JobBuilder:
    """The builder of Jobs in the namespace of the image.

    Raises:
        AccessProblem, SecretMissing: nobody can build it as things are; it says what to do.
        KubeError: when the API server does not answer.
    """
    if (refusal := await may_build_by_jobs(context)) is not None:
        raise AccessProblem(Stalled(Reason.POLICY_MISSING, refusal, _RECHECK))
    settings = _job_settings(context, image, build)
    await ensure_secrets(context.kube, image, settings.registries)
    return JobBuilder(context.kube, context.children, context.clock, settings)


def job_overseer(context: Context) -> JobOverseer:
    """Who follows Jobs that were made, and deletes them, however the operator is set up by now."""
    return JobOverseer(context.kube, context.children, context.clock)


def _job_settings(context: Context, image: ManagedImage, build: Build) -> JobSettings:
    settings, job = context.settings, image.spec.build.job if image.spec.build else None
    if not settings.builder_image or not settings.git_image:
        message = (
            "This operator has no images for build Jobs: set SLIPWAY_BUILDER_IMAGE and SLIPWAY_GIT_IMAGE "
            "(docs/managed-image.md, section Jobs), or choose another build.type"
        )
        raise AccessProblem(Stalled(Reason.BUILDER_NOT_CONFIGURED, message, _RECHECK))
    return JobSettings(
        git_image=settings.git_image,
        builder_image=settings.builder_image,
        buildkit_address=settings.buildkit_address or None,
        resources=job.resources.model_dump(exclude_defaults=True) if job else {},
        registries=job_registries(context, image, build),
        cache=job.cache if job else None,
    )
