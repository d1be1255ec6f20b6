"""Identity tokens that Kubernetes puts into a file of our own pod and replaces there before they end."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Final

from slipway.oci.errors import CredentialInvalid

__all__ = ["read_token", "read_token_file"]

_MOST_BYTES: Final = 64 * 1024


async def read_token(path: str) -> str:
    """The token as it is now.

    Raises:
        CredentialInvalid: when the file cannot be read, or holds no token.
    """
    token = (await asyncio.to_thread(read_token_file, path)).decode("utf-8", "replace").strip()
    if not token or not token.isascii() or not token.isprintable():
        msg = f"the file {path} of the operator's pod holds no identity token: check its projected volume"
        raise CredentialInvalid(msg)
    return token


def read_token_file(path: str) -> bytes:
    """The first 64 KiB of a file.

    Raises:
        CredentialInvalid: when it cannot be read.
    """
    try:
        with Path(path).open("rb") as file:
            return file.read(_MOST_BYTES)
    except OSError as error:
        msg = f"the operator cannot read {path} of its pod: {error.strerror}; check its projected volume"
        raise CredentialInvalid(msg) from error
