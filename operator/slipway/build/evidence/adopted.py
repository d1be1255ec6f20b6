"""Proves that an image stands on a base: by the digests of their layers, which the registry shows."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.build.rebase.layers import verify_base
from slipway.build.rebase.load import load_image
from slipway.build.rebase.place import Place
from slipway.build.rebase.refusal import RebaseRefusedError, Refusal

__all__ = ["Doubt", "verify_adopted"]


@dataclass(frozen=True, slots=True)
class Doubt:
    """Why an image is not proven to stand on a base."""

    reason: str
    """A `Reason`."""

    message: str
    """One sentence: what was found."""


async def verify_adopted(image: Place, digest: str, base: Place, base_digest: str) -> Doubt | None:
    """Prove that an image stands on a base on all its platforms; None when it does.

    On each platform the lowest diff IDs of the image must be those of the base. Read are manifests and
    configurations, no layer; of the base only the platforms that the image has.

    Args:
        image: The repository of the image.
        digest: Of the image or its index.
        base: The repository of the base.
        base_digest: Of the base or its index.

    Raises:
        RegistryError: the registry does not give one of them.
    """
    try:
        built = await load_image(image, digest)
        stood_on = await load_image(base, base_digest, [part.platform for part in built.platforms])
        refusal: Refusal | None = verify_base(built, stood_on)
    except RebaseRefusedError as refused:
        refusal = refused.refusal
    return Doubt(refusal.reason, refusal.message) if refusal else None
