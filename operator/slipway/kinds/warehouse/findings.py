"""What a look at a repository found: an artifact, or trouble."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.looks import Look
from slipway.kinds.warehouse.selection import Choice

__all__ = ["Finding", "Findings", "Found", "Trouble", "WarehouseLook"]


@dataclass(frozen=True, slots=True)
class Found:
    """The artifact that a subscription's policy chose."""

    name: str
    """Of the subscription."""

    repository: str
    """Host and path, as the spec writes them."""

    tag: str
    digest: str
    choice: Choice | None = None
    """What became of the other tags; None when one tag is followed and no list was read."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a subscription has no artifact now, and who can help."""

    name: str
    """Of the subscription."""

    outcome: Waiting | Stalled
    choice: Choice | None = None
    """What became of the tags, when a list was read and none is allowed."""

    refused_for: timedelta | None = None
    """How long the registry asked not to be asked again."""


Finding: TypeAlias = Found | Trouble
Findings: TypeAlias = tuple[Finding, ...]
"""One for each subscription, in the order of the spec."""

WarehouseLook: TypeAlias = Look[Findings]
