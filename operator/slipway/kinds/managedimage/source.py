"""The source build of a ManagedImage: what its tag points to, and which base it stands on."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from slipway.api.managedimage import ManagedImage
from slipway.build.rebase.load import find_old_base, load_image
from slipway.build.rebase.place import Place
from slipway.build.rebase.refusal import RebaseRefusedError
from slipway.build.tags import next_build_number
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builds import source_tag
from slipway.kinds.managedimage.facts import KnownBase, Problem, Source
from slipway.kinds.managedimage.templates import template_of
from slipway.kinds.managedimage.topics import same_repository
from slipway.kinds.registry.access import AccessProblem
from slipway.oci.client import RegistryClient
from slipway.oci.errors import RateLimited, RegistryError, RepositoryNotFound
from slipway.oci.reference import ImageReference

__all__ = ["base_place", "image_client", "image_place", "look_at_source", "next_number", "problem_of"]

_RETRY = timedelta(seconds=15)
"""When a registry that failed, or had no such image, is asked again."""
_LONGEST = timedelta(days=1)
"""The longest pause that a registry may ask for."""
_RECHECK = timedelta(seconds=60)
"""When a Registry that is missing is looked for again, though its coming is news: the host of a base that a
Warehouse chose is listened to only from the first status on."""


async def look_at_source(context: Context, image: ManagedImage, base: KnownBase) -> Source | Problem:
    """Ask the registry for the source build.

    Its manifest and configuration are read only when the tag points to something new.

    Raises:
        KubeError: the API server does not give the Secret of the Registry.
    """
    try:
        return await _look(context, image, base)
    except (AccessProblem, RegistryError, RebaseRefusedError) as problem:
        return problem_of(problem)


def problem_of(error: AccessProblem | RegistryError | RebaseRefusedError) -> Problem:
    """Why a source build cannot be judged, and when it is looked at again."""
    match error:
        case AccessProblem():
            return _looked_at_again(error.outcome)
        case RebaseRefusedError():
            return Stalled(error.refusal.reason, error.refusal.message)
        case _:
            return Waiting(error.reason, str(error), _pause_after(error))


async def image_client(context: Context, image: ManagedImage) -> RegistryClient:
    """A client for the registry of the image.

    Raises:
        AccessProblem: no Registry or no credential that could be used.
    """
    wanted = image.spec.image
    registry = wanted.registry_ref.name if wanted.registry_ref else None
    repository = ImageReference.parse(wanted.repository)
    return (await context.registries.client_for(image.metadata.namespace, repository, registry)).client


def image_place(client: RegistryClient, image: ManagedImage) -> Place:
    """The repository of the image: of the source build as of all builds."""
    return Place(client, ImageReference.parse(image.spec.image.repository))


async def base_place(
    context: Context, image: ManagedImage, reference: str, registry: str | None = None
) -> Place:
    """The repository of the base, with a client that may read it, through the Registry of this name if any.

    Raises:
        AccessProblem: no Registry or no credential that could be used.
    """
    repository = ImageReference.parse(reference)
    access = await context.registries.client_for(image.metadata.namespace, repository, registry)
    return Place(access.client, repository)


async def next_number(image: ManagedImage, client: RegistryClient) -> int:
    """The number of a build begun now: one more than the highest in the status and in the registry.

    Raises:
        RegistryError: the registry does not list its tags.
    """
    template = template_of(image.spec)
    recorded = (image.status.numbers_above or 0, *(build.number for build in image.status.builds))
    try:
        tags = await client.list_tags(ImageReference.parse(image.spec.image.repository).repository)
    except RepositoryNotFound:
        return next_build_number(template, recorded, ())  # the first push makes it
    return next_build_number(template, recorded, tags.names)


async def _look(context: Context, image: ManagedImage, base: KnownBase) -> Source:
    client = await image_client(context, image)
    place = image_place(client, image)
    digest = (await place.client.head_manifest(place.path, source_tag(image))).digest
    return Source(
        digest=digest,
        base_digest=await _base_of(context, image, base, place, digest),
        next_number=await next_number(image, client),
    )


async def _base_of(context: Context, image: ManagedImage, base: KnownBase, place: Place, digest: str) -> str:
    known = image.status.source
    if known is not None and known.digest == digest and _is_of_same_base(image, base) and known.base_digest:
        return known.base_digest
    bases = await base_place(context, image, base.reference, base.registry)
    source = await load_image(place, digest)
    return (await find_old_base(source, bases, _seen(image, base))).digest


def _is_of_same_base(image: ManagedImage, base: KnownBase) -> bool:
    """Whether the source build was last looked at for a base of the same repository."""
    return any(same_repository(known.reference, base.reference) for known in image.status.bases)


def _looked_at_again(outcome: Problem) -> Problem:
    if isinstance(outcome, Waiting) and outcome.until is None:
        return replace(outcome, until=_RECHECK)
    return outcome


def _pause_after(error: RegistryError) -> timedelta:
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return max(_RETRY, timedelta(seconds=min(asked or 0, _LONGEST.total_seconds())))


def _seen(image: ManagedImage, base: KnownBase) -> list[str]:
    """The digests of the base that this object knows, first seen first."""
    status = image.status
    seen = [status.source.base_digest] if status.source and status.source.base_digest else []
    seen += [used.digest for build in reversed(status.builds) for used in build.bases]
    seen += [known for base in status.bases for known in (base.built_digest, base.latest_digest) if known]
    return list(dict.fromkeys([*seen, base.digest]))
