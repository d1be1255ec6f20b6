"""Words that requests and messages about ManagedImages have in common. Pure."""

from __future__ import annotations

from typing import Final

__all__ = ["CANCEL", "REBUILD", "short"]

REBUILD: Final = "rebuild"
"""The verb by which a person asks for a build: with policy Manual, or after one that failed."""

CANCEL: Final = "cancel-build"
"""The verb by which a person ends a build; the argument `build` is its number."""


def short(digest: str) -> str:
    """A digest as messages name it."""
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}"
