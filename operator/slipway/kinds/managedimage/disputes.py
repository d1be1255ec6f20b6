"""What a build tells of its bases, by labels and provenance, against what its spec or Dockerfile says."""

from __future__ import annotations

from collections.abc import Iterator

from slipway.api.managedimage import Build, ManagedImage
from slipway.build.evidence import Claim, Kind, Source, agree, read_evidence, without_inherited
from slipway.kinds.managedimage.reading import Reading
from slipway.oci.reference import ImageReference

__all__ = ["find_disputes"]

_KINDS = {kind.value: kind for kind in Kind}
_LONGEST = 256
_MOST = 2


async def find_disputes(reading: Reading, build: Build, digest: str) -> tuple[str, ...]:
    """Sentences that say who says what; empty where all agree, or there is nothing to compare with.

    Raises:
        AccessProblem: no Registry or no credential that could be used.
        RegistryError: the registry does not give the image.
    """
    image = reading.image
    written = tuple(_written(image, build))
    if not written:
        return ()
    target = ImageReference.parse(image.spec.image.repository)
    told = (await read_evidence(await reading.of_image(), target.with_digest(digest))).claims
    if any(claim.source is Source.LABEL for claim in told):
        told = without_inherited(told, await _told_below(reading, build))
    return tuple(one[:_LONGEST] for one in agree((*written, *told)).disagreements[:_MOST])


def _written(image: ManagedImage, build: Build) -> Iterator[Claim]:
    """What the spec says, or the Dockerfile of the build, as it was read."""
    used = {base.reference for base in build.bases}
    if image.spec.bases:
        for reference in sorted(used):
            yield Claim(Source.SPEC, reference, None, Kind.FINAL, "spec.bases")
        return
    speaker = f"the Dockerfile at {(build.commit or '')[:7]}"
    for base in image.status.bases:
        if base.reference in used:
            for use in base.uses:
                yield Claim(
                    Source.DOCKERFILE, base.reference, None, _KINDS.get(use.kind, Kind.UNKNOWN), speaker
                )


async def _told_below(reading: Reading, build: Build) -> tuple[Claim, ...]:
    """What the base tells: labels are inherited."""
    stood_on = {
        base.reference
        for base in reading.image.status.bases
        if not base.uses or any(use.kind == "Final" for use in base.uses)
    }
    for used in build.bases:
        if used.reference in stood_on:
            below = ImageReference.parse(used.reference).with_digest(used.digest)
            return (await read_evidence(await reading.of_base(used.reference), below)).claims
    return ()
