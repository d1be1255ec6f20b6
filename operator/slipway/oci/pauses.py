"""How long a registry wants to be left alone: what it told one, nobody else needs to be told."""

from __future__ import annotations

from collections.abc import Hashable
from datetime import UTC, datetime
from typing import Final, NamedTuple

from slipway.clock import Clock
from slipway.egress import Response
from slipway.oci.quota import is_pull_limit
from slipway.oci.waits import retry_after

__all__ = ["Pause", "Pauses"]

LONGEST: Final = 3600.0
"""Seconds that a registry may keep everybody away with one answer."""


class Pause(NamedTuple):
    """A refusal that still holds."""

    refusal: Response
    left: float
    """Seconds."""


class _Known(NamedTuple):
    refusal: Response
    until: float
    """In seconds of the monotonic clock."""


class Pauses:
    """The pauses of one credential at one registry; each part of it, and each token server, has its own.

    Args:
        clock: Measures them.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._known: dict[Hashable, _Known] = {}

    def note(self, part: Hashable, response: Response) -> None:
        """Reads an answer. One that tells of pulls that are used up is about those alone (see `Quotas`)."""
        if response.status != 429 or is_pull_limit(response):
            return
        words = response.body[:4096].decode("utf-8", "replace")
        wait = retry_after(response.headers, datetime.now(UTC), words)
        if wait is not None:
            self._known[part] = _Known(response, self._clock.monotonic() + min(wait, LONGEST))

    def at(self, part: Hashable) -> Pause | None:
        """The pause that this part wants now; None when it may be asked."""
        known = self._known.get(part)
        if known is None:
            return None
        left = known.until - self._clock.monotonic()
        if left <= 0:
            del self._known[part]
            return None
        return Pause(known.refusal, left)
