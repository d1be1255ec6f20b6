"""The key that makes a person's credential ids, kept beside the cache that it opens.

With it the digests of tags that one command asked for serve the next one, see `RegistryCache.fresh_tag`. Ids
are keyed so that nobody who gets the cache alone can try out passwords on it.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Final

__all__ = ["identity_key"]

_FILE: Final = "identity.key"
_LENGTH: Final = 32


def identity_key(directory: Path | None) -> bytes | None:
    """The key in this directory, made when it is missing, readable for its user alone.

    None without a directory, and where it can be neither read nor made: then every command asks anew.
    """
    if directory is None:
        return None
    file = directory / _FILE
    try:
        file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        key = _read(file)
        return key if key is not None else _made(file)
    except OSError:
        return None


def _read(file: Path) -> bytes | None:
    """None when there is none; nor is one that others made, could have read, or that was written in part."""
    try:
        found = file.lstat()
        is_private = found.st_uid == os.geteuid() and found.st_mode & 0o077 == 0
        key = file.read_bytes()
    except FileNotFoundError:
        return None
    return key if is_private and len(key) == _LENGTH else None


def _made(file: Path) -> bytes:
    """A new key, put in place whole: a command beside this one sees all of it, or the one before."""
    key, draft = secrets.token_bytes(_LENGTH), file.with_suffix(f".{secrets.token_hex(4)}")
    with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as handle:
        handle.write(key)
    draft.replace(file)
    return key
