"""How rows are written and read again. Nothing that was read is believed without a look.

Every value carries a checksum over itself and the key of its row, so that flipped bits and swapped rows are
found; whoever can compute the checksum as well still gets no further than a value of the right types.
"""

from __future__ import annotations

from datetime import UTC
from hashlib import blake2b
from typing import Annotated, Final

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, NonNegativeInt

from slipway.oci.digest import is_digest
from slipway.oci.results import ImageInfo

__all__ = ["fingerprint", "image_body", "read_image", "sealed", "unsealed"]

_SEAL: Final = 16  # bytes
_LARGEST: Final = 256 * 1024
"""Bytes of a document that are worth keeping: labels are for people, but nothing bounds them."""


def fingerprint(*parts: str) -> bytes:
    """16 bytes that stand for these texts, whatever is in them and however long they are."""
    return _hash(*(part.encode(errors="surrogatepass") for part in parts))


def sealed(content: bytes, *key: bytes) -> bytes:
    """The content with a checksum that binds it to its key."""
    return _hash(content, *key) + content


def unsealed(value: object, *key: bytes) -> bytes | None:
    """The content of a value, when it is one, whole, and was sealed for this key."""
    if not isinstance(value, bytes) or _hash(value[_SEAL:], *key) != value[:_SEAL]:
        return None
    return value[_SEAL:]


def image_body(image: ImageInfo) -> bytes | None:
    """The value to keep of an image; None when it is not worth keeping or could not be read again."""
    if not is_digest(image.digest):
        return None
    try:
        document = _Document(
            media_type=image.media_type,
            platforms=image.platforms,
            created_at=image.created_at,
            labels=dict(image.labels),
            layers=image.layers,
            size=image.size,
        )
        body = document.model_dump_json().encode()
    except ValueError:
        return None
    return sealed(body, image.digest.encode()) if len(body) <= _LARGEST else None


def read_image(digest: str, value: object) -> ImageInfo | None:
    """The image of that digest; None when the value is anything else."""
    body = unsealed(value, digest.encode())
    if body is None:
        return None
    try:
        document = _Document.model_validate_json(body)
        created = document.created_at and document.created_at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return ImageInfo(
        digest,
        document.media_type,
        platforms=document.platforms,
        created_at=created,
        labels=document.labels,
        layers=document.layers,
        size=document.size,
    )


def _digest(text: str) -> str:
    if not is_digest(text):
        msg = "not a digest"
        raise ValueError(msg)
    return text


_Digest = Annotated[str, AfterValidator(_digest)]


class _Document(BaseModel):
    """An `ImageInfo` without its digest, which is the key of the row."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    media_type: str
    platforms: tuple[tuple[str, _Digest], ...]
    created_at: AwareDatetime | None
    labels: dict[str, str]
    layers: tuple[_Digest, ...]
    size: NonNegativeInt


def _hash(*parts: bytes) -> bytes:
    state = blake2b(digest_size=_SEAL)
    for part in parts:
        state.update(len(part).to_bytes(8, "big"))
        state.update(part)
    return state.digest()
