"""What the image source offers, read from the store's views, or from the registry where a tag is new."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.deployment import ImageSource
from slipway.engine.outcome import Waiting
from slipway.kinds.context import Context
from slipway.kinds.deployment.facts import Facts
from slipway.kinds.deployment.offer import (
    Offer,
    Problem,
    from_managed_image,
    from_reference,
    from_warehouse,
)
from slipway.kinds.deployment.workload import Resolution
from slipway.kinds.managedimage.view import ManagedImageView, managed_image_key
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.pullsecret import pull_secret_name
from slipway.kinds.registry.view import RegistryView
from slipway.kinds.warehouse.view import WarehouseView, warehouse_key
from slipway.oci.errors import InvalidReference, RegistryError
from slipway.oci.reference import ImageReference

__all__ = ["known_resolution", "with_offer"]

_PAUSE: Final = timedelta(seconds=30)
"""Between two tries to resolve a tag, and between two looks at a Registry in Error."""


async def with_offer(context: Context, facts: Facts) -> Facts:
    """The facts with what the image source offers, whether its Registry works, and what pods pull with.

    Raises:
        KubeError: when the API server does not answer.
    """
    image, namespace = facts.spec.image, facts.observed.key.namespace
    if image.reference is not None:
        found = await _with_reference(context, facts, image.reference)
    else:
        offer = _from_store(context, namespace, image)
        error = _registry_error(context, namespace, offer.repository)
        found = replace(facts, offer=offer, registry_error=error)
    return replace(found, pull_secret=_pull_secret(context, namespace, found.offer.repository))


def known_resolution(facts: Facts, reference: str) -> Resolution | None:
    """What this reference was resolved to when `spec.image` last changed; None when it has changed since.

    The workload remembers it. Where somebody deleted the workload, the status does: its image is called by
    the reference only when it was resolved from it.
    """
    if facts.workload is not None:
        known = facts.workload.resolution
        return known if known is not None and known.reference == reference else None
    image = facts.status.image
    if image is None or image.reference != reference:
        return None
    return Resolution(reference, image.digest)


async def _with_reference(context: Context, facts: Facts, text: str) -> Facts:
    namespace = facts.observed.key.namespace
    reference = ImageReference.parse(text)
    error = _registry_error(context, namespace, reference.name)
    if reference.digest is not None:
        return replace(facts, offer=from_reference(text, reference.digest), registry_error=error)
    known = known_resolution(facts, text)
    if known is None and error is not None:
        problem = Waiting(Reason.REGISTRY_NOT_READY, f"{text} was never resolved here, and {error}", _PAUSE)
        return replace(facts, offer=Offer(reference.name, problem=problem), registry_error=error)
    found = known or await _resolve(context, namespace, text, reference)
    if isinstance(found, Resolution):
        offer = from_reference(text, found.digest)
        return replace(facts, offer=offer, resolution=found, registry_error=error)
    return replace(facts, offer=Offer(reference.name, problem=found), registry_error=error)


async def _resolve(
    context: Context, namespace: str, text: str, reference: ImageReference
) -> Resolution | Problem:
    """Ask the registry which digest a tag has now."""
    try:
        access = await context.registries.client_for(namespace, reference)
        descriptor = await access.client.head_manifest(reference.repository, reference.version)
    except AccessProblem as problem:
        outcome = problem.outcome
        return replace(outcome, until=_PAUSE) if isinstance(outcome, Waiting) else outcome
    except RegistryError as error:
        return Waiting(error.reason, f"{text} could not be resolved: {error}", _PAUSE)
    return Resolution(text, descriptor.digest)


def _from_store(context: Context, namespace: str, image: ImageSource) -> Offer:
    if image.managed_image is not None:
        name = image.managed_image.name
        builds = context.store.get(managed_image_key(namespace, name))
        return from_managed_image(name, builds if isinstance(builds, ManagedImageView) else None)
    if image.warehouse is not None:
        name, subscription = image.warehouse.name, image.warehouse.subscription
        chosen = context.store.get(warehouse_key(namespace, name))
        return from_warehouse(name, subscription, chosen if isinstance(chosen, WarehouseView) else None)
    return Offer(
        problem=Waiting(Reason.INVALID_SPEC, "spec.image names no source: set the field of its type")
    )


def _registry_error(context: Context, namespace: str, repository: str) -> str | None:
    """A sentence while the Registry that serves the repository is in Error."""
    view = _registry(context, namespace, repository)
    if view is None or view.connected is not False:
        return None
    return f"Registry {view.key.name} is in Error: what its Ready condition says has to be put right first"


def _pull_secret(context: Context, namespace: str, repository: str) -> str | None:
    """The name of the Secret that the Registry keeps for pods."""
    view = _registry(context, namespace, repository)
    is_kept = view is not None and view.keeps_pull_secret and not context.registries.is_ambient(view)
    return pull_secret_name(view.key.name) if view is not None and is_kept else None


def _registry(context: Context, namespace: str, repository: str) -> RegistryView | None:
    try:
        return context.registries.registry_for(namespace, ImageReference.parse(repository))
    except (AccessProblem, InvalidReference):
        # Which Registry is meant matters only to those who ask one: they will say so.
        return None
