"""Content digests (OCI image-spec, descriptor.md): `sha256:<hex>`."""

from __future__ import annotations

import hashlib
import re
from typing import Final

from slipway.oci.errors import DigestMismatch, InvalidReference

__all__ = ["Verifier", "digest_of", "is_digest", "require_digest"]

_LENGTHS: Final = {"sha256": 64, "sha384": 96, "sha512": 128}
_DIGEST: Final = re.compile(r"(sha256|sha384|sha512):([0-9a-f]+)")


def is_digest(text: str) -> bool:
    """Whether this is a digest in one of the registered algorithms, in canonical (lower-case) form."""
    match = _DIGEST.fullmatch(text)
    return match is not None and len(match[2]) == _LENGTHS[match[1]]


def require_digest(text: str) -> str:
    """The text, when it is a digest.

    Raises:
        InvalidReference: when it is none.
    """
    if not is_digest(text):
        msg = f"{text[:160]!r} is not a digest: write it like sha256:<64 hexadecimal digits>"
        raise InvalidReference(msg)
    return text


def digest_of(content: bytes, algorithm: str = "sha256") -> str:
    """The digest of these bytes."""
    return f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"


class Verifier:
    """Counts and hashes content as it passes and says at the end whether it is the content of a digest.

    Raises:
        InvalidReference: when the digest is none.
    """

    def __init__(self, digest: str, size: int | None = None) -> None:
        self._digest = require_digest(digest)
        self._size = size
        self._hash = hashlib.new(digest.partition(":")[0])
        self.seen = 0

    def update(self, piece: bytes) -> None:
        """Takes the next piece.

        Raises:
            DigestMismatch: as soon as there are more bytes than announced.
        """
        self.seen += len(piece)
        if self._size is not None and self.seen > self._size:
            msg = f"{self._digest} has more than the {self._size} bytes that its descriptor names"
            raise DigestMismatch(msg)
        self._hash.update(piece)

    def finish(self) -> None:
        """The end of the content.

        Raises:
            DigestMismatch: when it was other content.
        """
        if self._size is not None and self.seen != self._size:
            msg = f"{self._digest} has {self.seen} bytes, its descriptor names {self._size}"
            raise DigestMismatch(msg)
        found = f"{self._hash.name}:{self._hash.hexdigest()}"
        if found != self._digest:
            msg = f"the content of {self._digest} has the digest {found}; something on the way is broken"
            raise DigestMismatch(msg)
