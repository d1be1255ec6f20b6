"""Words that requests and messages about ManagedImages have in common. Pure."""

from __future__ import annotations

from typing import Final

from slipway.engine.requests import EMERGENCY_REBUILD

__all__ = ["CANCEL", "EMERGENCY", "REBUILD", "short"]

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
