"""What an image tells of its bases, by labels and provenance, where nobody else names them."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.build.evidence import (
    Claim,
    Kind,
    Source,
    ToldBase,
    agree,
    only_base,
    read_evidence,
    stood_on,
    told_bases,
    without_inherited,
)
from slipway.build.rebase.bases import highest_base
from slipway.build.rebase.image import Image
from slipway.build.rebase.load import load_image
from slipway.build.rebase.refusal import RebaseRefusedError
from slipway.engine.outcome import Stalled
from slipway.kinds.context import Context
from slipway.kinds.managedimage.builds import source_tag
from slipway.kinds.managedimage.facts import Problem, Told
from slipway.kinds.managedimage.source import base_place, image_client, image_place, problem_of
from slipway.kinds.registry.access import AccessProblem
from slipway.oci.errors import RegistryError
from slipway.oci.reference import ImageReference

__all__ = ["find_told_base", "is_told_by_itself", "read_told"]

_LONGEST = 256
_MOST_DISPUTES = 2
_MOST_BELOW = 4
"""Images that are asked whether they carry a label, too."""


def is_told_by_itself(image: ManagedImage) -> bool:
    """Whether only the image itself can say what it stands on."""
    return not image.spec.bases and image.spec.source is None


async def read_told(
    context: Context, image: ManagedImage, digest: str, *, all_platforms: bool = True
) -> Told:
    """What an image says that it is made from.

    Args:
        context: what everything is asked through.
        image: whose repository holds it.
        digest: of the image or its index.
        all_platforms: whether all images of an index count, or the first, which asks the registry for less.

    Raises:
        AccessProblem: no Registry or no credential that could be used.
        RegistryError: the registry does not give the image.
    """
    target = ImageReference.parse(image.spec.image.repository).with_digest(digest)
    client = await image_client(context, image)
    claims = (await read_evidence(client, target, all_platforms=all_platforms)).claims
    agreement = agree(await _without_inherited(context, image, claims))
    bases = told_bases(agreement)
    if all_platforms and all(base.kind is not Kind.FINAL for base in bases):
        bases = await _proven(context, image, digest, bases)
    disputes = tuple(one[:_LONGEST] for one in agreement.disagreements[:_MOST_DISPUTES])
    return Told(digest, bases, disputes)


async def find_told_base(context: Context, image: ManagedImage) -> Told | Problem | None:
    """What the source build of a rebase says that it stands on: one base.

    Returns:
        None where the status tells of this very source build already.

    Raises:
        KubeError: the API server does not give the Secret of the Registry.
    """
    try:
        place = image_place(await image_client(context, image), image)
        digest = (await place.client.head_manifest(place.path, source_tag(image))).digest
        if _is_known(image, digest):
            return None
        told = await read_told(context, image, digest)
    except (AccessProblem, RegistryError, RebaseRefusedError) as problem:
        return problem_of(problem)
    base = only_base(told.bases)
    if base is None:
        return Stalled(Reason.BASE_UNKNOWN, _untold(image, told))
    return Told(digest, (base,), told.disputes)


def _is_known(image: ManagedImage, digest: str) -> bool:
    source, bases = image.status.source, image.status.bases
    is_told = bool(bases) and all(base.told_by is not None for base in bases)
    return is_told and source is not None and source.digest == digest


def _untold(image: ManagedImage, told: Told) -> str:
    names = ", ".join(base.reference for base in told.bases if base.kind is not Kind.SYNTAX)
    found = f"name several images ({names})" if names else "name no image"
    return (
        f"labels and provenance of {image.spec.image.repository}:{source_tag(image)} {found}, so that "
        "nothing tells what it stands on: write spec.bases, or build it with the label "
        "org.opencontainers.image.base.name"
    )


async def _without_inherited(
    context: Context, image: ManagedImage, claims: tuple[Claim, ...]
) -> tuple[Claim, ...]:
    """The claims without labels that an image only has from what it was made from, as provenance knows."""
    loaded = [
        claim for claim in claims if claim.source is Source.PROVENANCE and claim.kind is not Kind.SYNTAX
    ]
    if all(claim.source is not Source.LABEL for claim in claims):
        return claims
    below: list[Claim] = []
    for claim in loaded[:_MOST_BELOW]:
        with suppress(AccessProblem, RegistryError):
            version = ImageReference.parse(claim.reference)
            version = version.with_digest(claim.digest) if claim.digest else version
            access = await context.registries.client_for(image.metadata.namespace, version)
            below += (await read_evidence(access.client, version, all_platforms=False)).claims
    return without_inherited(claims, below)


async def _proven(
    context: Context, image: ManagedImage, digest: str, bases: tuple[ToldBase, ...]
) -> tuple[ToldBase, ...]:
    """The same, with that among them which the layers of the image prove that it stands on, if any."""
    if not any(_is_candidate(base) for base in bases):
        return bases
    place = image_place(await image_client(context, image), image)
    try:
        built = await load_image(place, digest)
    except RebaseRefusedError:
        return bases
    found = highest_base(built, await _loaded(context, image, built, bases))
    return bases if found is None else stood_on(bases, found.digest)


async def _loaded(
    context: Context, image: ManagedImage, built: Image, bases: Iterable[ToldBase]
) -> list[Image]:
    """Those that can be read: of others nothing can be proven."""
    candidates = []
    wanted = [part.platform for part in built.platforms]
    for base in bases:
        if base.digest is not None and _is_candidate(base):
            with suppress(AccessProblem, RegistryError, RebaseRefusedError):
                where = await base_place(context, image, base.reference)
                candidates.append(await load_image(where, base.digest, wanted))
    return candidates


def _is_candidate(base: ToldBase) -> bool:
    """Whether the image may stand on it."""
    return base.kind is Kind.UNKNOWN and base.digest is not None
