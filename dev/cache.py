"""Where things that are expensive to get are kept, shared by all checkouts of this project."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["PROJECT", "cache_directory", "content_key", "file_lock", "made_once"]

PROJECT = Path(__file__).resolve().parent.parent
"""The checkout this package lies in."""


def cache_directory() -> Path:
    """`$XDG_CACHE_HOME/slipway`, made when missing; `~/.cache/slipway` where the variable is not set.

    Follows the XDG Base Directory Specification: a relative value counts as not set.
    """
    configured = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = configured if configured.is_absolute() else Path.home() / ".cache"
    directory = base / "slipway"
    directory.mkdir(parents=True, exist_ok=True)
    return directory


def content_key(*parts: bytes) -> str:
    """Twelve hexadecimal digits that stand for these contents in this order."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:12]


@contextmanager
def file_lock(path: Path, waiting: Callable[[], None] = lambda: None) -> Iterator[None]:
    """Hold an exclusive lock on `path`; `waiting` is called once when another process has it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(handle, fcntl.LOCK_EX)
        yield


def made_once(target: Path, make: Callable[[Path], None], waiting: Callable[[], None] = lambda: None) -> Path:
    """The directory `target`, filled by `make` if it does not exist yet.

    `make` fills a directory beside it that is renamed only when it returned, so that an interrupted or
    failed run never leaves a half-filled cache behind, and two processes never fill it twice.
    """
    if target.is_dir():
        return target
    with file_lock(target.with_name(target.name + ".lock"), waiting):
        if target.is_dir():
            return target
        staging = Path(tempfile.mkdtemp(prefix=target.name + ".", dir=target.parent))
        try:
            make(staging)
            staging.chmod(0o755)
            staging.rename(target)
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
    return target
