"""What every subscription offers to the gatherer."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from slipway.api.warehouse import Artifact
from slipway.kinds.warehouse.findings import Finding, Found

__all__ = ["Dependency", "Moment", "Watch"]


@dataclass(frozen=True, slots=True)
class Moment:
    """When a look is made, and how fresh what it finds must be."""

    now: datetime
    since: datetime
    """What was found for somebody else since then is as good."""

    leniency: timedelta = timedelta(0)
    """How much earlier a Secret may have been read: by others that look by their schedule."""

    last: Found | None = None
    """What the last look found, where nothing but the answers can have changed since."""

    @property
    def secrets_since(self) -> datetime:
        """How old Secrets may be."""
        return self.since - self.leniency


class Dependency(NamedTuple):
    """What a look goes through, as it is now; compared by equality."""

    way: Hashable
    by_secret: bool = False
    """Whether a Secret is part of it, which nobody watches."""


class Watch(Protocol):
    """One subscription of one Warehouse, ready to be looked at."""

    @property
    def place(self) -> str:
        """What is asked, in a text: whoever watches the same place at the same interval is due together."""

    async def dependency(self, *, troubled: bool) -> Dependency:
        """What the look goes through, as it is now: after trouble, a change of it is worth a new look.

        Args:
            troubled: whether the versions of Secrets, which take a request each, are part of it.

        Raises:
            KubeError: when the API server does not tell the version of a Secret.
        """

    async def look(self, moment: Moment, before: Artifact | None) -> Finding:
        """Look; whatever stands in the way becomes trouble.

        Args:
            moment: now, and how fresh the answers must be.
            before: what this subscription found before, in the same place.

        Raises:
            KubeError: when the API server does not give a Secret.
        """
