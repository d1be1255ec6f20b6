"""What a build tells of its bases, by labels and provenance, against what its Dockerfile says."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.api.managedimage import Build, ManagedImage
from slipway.build.evidence import Claim, Kind, Source, agree, read_evidence, without_inherited
from slipway.kinds.context import Context
from slipway.kinds.managedimage.source import image_client
from slipway.oci.reference import ImageReference

__all__ = ["find_disputes"]

_KINDS = {kind.value: kind for kind in Kind}
_LONGEST = 256
_MOST = 2


async def find_disputes(context: Context, image: ManagedImage, build: Build, digest: str) -> tuple[str, ...]:
    """Sentences that say who says what; empty where all agree, or no Dockerfile is there to compare with.

    Raises:
        AccessProblem: no Registry or no credential that could be used.
        RegistryError: the registry does not give the image.
    """
    written = tuple(_written(image, build))
    if not written:
        return ()
    target = ImageReference.parse(image.spec.image.repository)
    client = await image_client(context, image)
    told = (await read_evidence(client, target.with_digest(digest))).claims
    if any(claim.source is Source.LABEL for claim in told):
        told = without_inherited(told, await _told_below(context, image, build))
    return tuple(one[:_LONGEST] for one in agree((*written, *told)).disagreements[:_MOST])


def _written(image: ManagedImage, build: Build) -> Iterator[Claim]:
    """What the Dockerfile of the build says, as it was read."""
    speaker = f"the Dockerfile at {(build.commit or '')[:7]}"
    used = {base.reference for base in build.bases}
    for base in image.status.bases:
        if base.reference in used:
            for use in base.uses:
                yield Claim(
                    Source.DOCKERFILE, base.reference, None, _KINDS.get(use.kind, Kind.UNKNOWN), speaker
                )


async def _told_below(context: Context, image: ManagedImage, build: Build) -> tuple[Claim, ...]:
    """What the base tells: labels are inherited."""
    stood_on = {
        base.reference for base in image.status.bases if any(use.kind == "Final" for use in base.uses)
    }
    for used in build.bases:
        if used.reference in stood_on:
            below = ImageReference.parse(used.reference).with_digest(used.digest)
            access = await context.registries.client_for(image.metadata.namespace, below)
            return (await read_evidence(access.client, below)).claims
    return ()
