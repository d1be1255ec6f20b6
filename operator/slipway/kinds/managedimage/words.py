"""Words that requests and messages about ManagedImages have in common. Pure."""

from __future__ import annotations

from typing import Final

from slipway.engine.requests import EMERGENCY_REBUILD, Request

__all__ = ["BUILD", "CANCEL", "EMERGENCY", "REBASE", "REBUILD", "by_whom", "short"]

BUILD: Final = "Build"
"""The method of a build from source."""

REBASE: Final = "Rebase"
"""The method of a build that exchanges the layers of the base."""

REBUILD: Final = "rebuild"
"""The verb by which a person asks for a build: with policy Manual, or after one that failed."""

CANCEL: Final = "cancel-build"
"""The verb by which a person ends a build; the argument `build` is its number."""

EMERGENCY: Final = EMERGENCY_REBUILD
"""The verb by which a person demands a build at once; the argument `reason` says why."""


def short(digest: str) -> str:
    """A digest as messages name it."""
    algorithm, _, digits = digest.partition(":")
    return f"{algorithm}:{digits[:12]}"


def by_whom(request: Request) -> str:
    """Who asked, to follow a verb; empty where nobody vouches for it."""
    return f" by {request.by}" if request.by else ""
