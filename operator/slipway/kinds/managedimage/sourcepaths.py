"""Which paths of its repository an image is built from. Pure.

The Warehouse that Slipway makes for the source of an image watches these alone, so that a commit to another
directory builds nothing. Patterns are those of `slipway.git.paths`, from the root of the repository.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Final

from slipway.git.files import require_path

__all__ = ["dockerfile_path", "source_paths"]

_IGNORED: Final = ".dockerignore"
"""What BuildKit looks for beside a Dockerfile under the Dockerfile's own name, see
https://docs.docker.com/build/concepts/context/#dockerignore-files."""

_UNSAYABLE: Final = re.compile(r"\*{2,}|\\")
_WILDCARD: Final = re.compile(r"[*?]")


def source_paths(path: str, dockerfile: str, include: Sequence[str]) -> tuple[str, ...]:
    """The patterns of what a build depends on; empty when that is the whole repository.

    Args:
        path: The build context, from the root of the repository; `.` or empty is the root, and so everything.
        dockerfile: From `path`, `..` included: it may lie outside of the build context.
        include: Patterns that the user adds, for what is used from elsewhere.

    Raises:
        InvalidPath: when the path or the Dockerfile cannot be in a repository.
    """
    context = _within(path)
    file = dockerfile_path(path, dockerfile)
    if not context:
        return ()
    places = [context] if file.startswith(f"{context}/") else [context, file, f"{file}{_IGNORED}"]
    patterns = (pattern for place in places for pattern in _patterns(place))
    return tuple(dict.fromkeys((*patterns, *include)))


def dockerfile_path(path: str, dockerfile: str) -> str:
    """Where the Dockerfile lies, from the root of the repository.

    Args:
        path: The build context, from the root of the repository; `.` or empty is the root.
        dockerfile: From `path`.

    Raises:
        InvalidPath: when it cannot be in a repository: it is absolute, or leads out of it.
    """
    return require_path(posixpath.normpath(posixpath.join(_within(path), dockerfile)))


def _within(path: str) -> str:
    """The path in its shortest form; "" for the root."""
    shortest = posixpath.normpath(path)
    return "" if shortest == "." else require_path(shortest)


def _patterns(place: str) -> Iterator[str]:
    """Patterns that cover a file, and everything beneath a directory, whichever it is."""
    # A pattern knows no escape. A wildcard covers the character that it stands for, and seldom more.
    pattern = _UNSAYABLE.sub(lambda found: "?" if found[0] == "\\" else "*", place)
    yield pattern
    if _WILDCARD.search(pattern.rpartition("/")[2]):
        yield f"{pattern}/**"
