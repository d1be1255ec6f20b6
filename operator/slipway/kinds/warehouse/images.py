"""Between what the status says of an image and what the choice works with. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.warehouse import Artifact, ArtifactImage, ImageSubscription, PlatformImage, SeenDigest
from slipway.kinds.warehouse.sightings import Sighting
from slipway.kinds.warehouse.verdicts import Picked, Rules
from slipway.oci.errors import InvalidReference
from slipway.oci.platform import Platform
from slipway.oci.results import ImageInfo

__all__ = ["picked_before", "recorded", "rules_of", "sightings", "to_seen", "was_scanned"]

_MOST_PLATFORMS: Final = 32

_WHOLE_SCANS: Final = frozenset({Reason.NO_TAGS, Reason.NO_TAG_MATCHES, Reason.TAG_NOT_FOUND})
"""What can be said only by who has seen all there is."""


def rules_of(spec: ImageSubscription, minimum_age: timedelta) -> Rules:
    """What an image must be beside its tag.

    Raises:
        InvalidReference: for a platform that is none, which the schema does not let through.
    """
    return Rules(tuple(map(Platform.parse, spec.platforms)), minimum_age, spec.limit)


def picked_before(image: ArtifactImage | None) -> Picked | None:
    """What was chosen, out of the status."""
    if image is None:
        return None
    return Picked(
        tag=image.tag,
        digest=image.digest,
        first_seen_at=image.first_seen_at,
        pushed_at=image.pushed_at,
        created_at=image.created_at,
        platforms={platform.name: platform.digest for platform in image.platforms},
        age_unknown=image.age_unknown is True,
    )


def sightings(seen: Sequence[SeenDigest]) -> tuple[Sighting, ...]:
    """What was seen, out of the status."""
    return tuple(Sighting(one.digest, one.at) for one in seen)


def to_seen(seen: Iterable[Sighting]) -> tuple[SeenDigest, ...]:
    """What was seen, for the status: the first seen first, for they are the next to be old enough."""
    return tuple(SeenDigest(digest=one.digest, at=one.at) for one in seen)


def was_scanned(before: Artifact | None) -> bool:
    """Whether everything was listed before, also where nothing was chosen: what came since has an age."""
    if before is None:
        return False
    found_nothing = before.problem is not None and before.problem.reason in _WHOLE_SCANS
    return before.tags is not None or found_nothing


def recorded(
    repository: str, picked: Picked, known: ArtifactImage | None, info: ImageInfo | None
) -> ArtifactImage:
    """What the status says of the chosen image.

    Args:
        repository: host and path.
        picked: what was chosen.
        known: what the status says of this very digest already.
        info: what its manifest says; None when it was not asked.
    """
    platforms: Mapping[str, str] = dict(picked.platforms) or (_platforms(info) if info is not None else {})
    kept = known.platforms if known is not None else ()
    listed = tuple(PlatformImage(name=name, digest=digest) for name, digest in sorted(platforms.items()))
    created_at = picked.created_at or (info.created_at if info is not None else None)
    return ArtifactImage(
        repository=repository,
        tag=picked.tag,
        digest=picked.digest,
        created_at=created_at or (known.created_at if known is not None else None),
        pushed_at=picked.pushed_at,
        first_seen_at=picked.first_seen_at,
        platforms=(listed or kept)[:_MOST_PLATFORMS],
        age_unknown=True if picked.age_unknown else None,
    )


def _platforms(info: ImageInfo) -> dict[str, str]:
    """By the usual names, so that one platform never stands there twice; the first image of each counts."""
    found: dict[str, str] = {}
    for name, digest in info.platforms:
        try:
            platform = Platform.parse(name)
        except InvalidReference:
            continue
        if platform.is_known:
            found.setdefault(platform.usual_name, digest)
    return found
