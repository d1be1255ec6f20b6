"""Builds as Jobs, with what the operator's settings and the Registries of the namespace give."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, ManagedImage
from slipway.build.builders.job.builder import JobBuilder
from slipway.build.builders.job.settings import JobSettings
from slipway.engine.outcome import Stalled
from slipway.kinds.context import Context
from slipway.kinds.managedimage.guards import may_build_by_jobs
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.pullsecret import pull_secret_name
from slipway.kinds.registry.view import RegistryView
from slipway.oci.reference import ImageReference

__all__ = ["job_builder"]

_RECHECK: Final = timedelta(minutes=5)


async def job_builder(context: Context, image: ManagedImage, build: Build) -> JobBuilder:
    """The builder of Jobs in the namespace of the image.

    Raises:
        AccessProblem: nobody can build it as things are; the outcome says what to do.
    """
    if (refusal := await may_build_by_jobs(context)) is not None:
        raise AccessProblem(Stalled(Reason.POLICY_MISSING, refusal, _RECHECK))
    return JobBuilder(context.kube, context.children, _job_settings(context, image, build))


def _job_settings(context: Context, image: ManagedImage, build: Build) -> JobSettings:
    settings, job = context.settings, image.spec.build.job if image.spec.build else None
    if not settings.builder_image or not settings.git_image:
        message = (
            "This operator has no images for build Jobs: set SLIPWAY_BUILDER_IMAGE and SLIPWAY_GIT_IMAGE "
            "(docs/managedimage.md, section Jobs), or choose another build.type"
        )
        raise AccessProblem(Stalled(Reason.BUILDER_NOT_CONFIGURED, message, _RECHECK))
    target = _registry(context, image)
    return JobSettings(
        git_image=settings.git_image,
        builder_image=settings.builder_image,
        buildkit_address=settings.buildkit_address or None,
        resources=job.resources.model_dump(exclude_defaults=True) if job else {},
        insecure_registries=tuple(dict.fromkeys(_insecure(context, image, build))),
        registry_secret=_secret(target),
        cache=job.cache if job else None,
    )


def _registry(context: Context, image: ManagedImage) -> RegistryView | None:
    target = image.spec.image
    registry = target.registry_ref.name if target.registry_ref else None
    reference = ImageReference.parse(target.repository)
    return context.registries.registry_for(image.metadata.namespace, reference, registry)


def _secret(registry: RegistryView | None) -> str | None:
    """The Secret that Jobs push with: the one that pods pull with has the same credential."""
    if registry is None or registry.secret is None:
        return None
    if not registry.keeps_pull_secret:
        message = (
            f"Jobs push with the pull Secret of Registry {registry.key.name}, and that keeps none: "
            "set pullSecret.enabled to true there"
        )
        raise AccessProblem(Stalled(Reason.BUILDER_NOT_CONFIGURED, message, _RECHECK))
    return pull_secret_name(registry.key.name)


def _insecure(context: Context, image: ManagedImage, build: Build) -> Iterable[str]:
    """Hosts that the namespace has a Registry without TLS for."""
    registries = [_registry(context, image)]
    for base in build.bases:
        reference = ImageReference.parse(base.reference)
        registries.append(context.registries.registry_for(image.metadata.namespace, reference))
    for registry in registries:
        if registry is not None and registry.url.startswith("http://"):
            yield registry.host
