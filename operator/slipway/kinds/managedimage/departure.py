"""What is known of an image that has to be kept, or is about to go; and what may be done about it. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from slipway.api.managedimage import ManagedImage
from slipway.engine.reconcile import Observed

__all__ = ["ArchiveAction", "FinalizersAction", "Leaving", "Refusal", "Unheld", "Unrecalled"]


@dataclass(frozen=True, slots=True)
class Unheld:
    """An image with builds on record that a deletion would not wait for."""

    observed: Observed
    finalizers: tuple[str, ...]
    """Those that it has."""


@dataclass(frozen=True, slots=True)
class Leaving:
    """An image whose deletion waits for its record to be written."""

    observed: Observed
    finalizers: tuple[str, ...]
    """Those that it has, ours among them."""
    deleted_at: datetime
    """When its deletion was asked for."""
    has_builds: bool
    """Whether there is anything to keep; where nothing is, an earlier archive is worth more."""
    archive: Mapping[str, Any]
    """The ConfigMap to write."""
    existing: Mapping[str, Any] | None
    """The ConfigMap that has its name, whoever made it."""
    is_ours: bool
    """Whether that one is an earlier archive of an image of this name."""
    built_outside: ManagedImage | None = None
    """The image, where a build of it is under way outside of the cluster."""


@dataclass(frozen=True, slots=True)
class FinalizersAction:
    """The object gets exactly these finalizers, if it is still as it was read."""

    finalizers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ArchiveAction:
    """The archive is written; what came of it decides whether the object may go."""

    archive: Mapping[str, Any]
    replaces: str | None
    """UID of the earlier archive that it takes the place of."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """The API server did not take the archive."""

    message: str
    namespace_goes: bool = False
    """Whether the namespace is being deleted, and the archive would go with it."""


@dataclass(frozen=True, slots=True)
class Unrecalled:
    """The run of an image that is about to go could not be ended."""

    reason: str
    message: str
    passes: bool
    """Whether that may be another a moment later."""
