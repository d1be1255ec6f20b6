"""Time as the operator sees it: wall clock for what people read, monotonic clock for what waits."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Protocol

__all__ = ["Clock", "SystemClock", "format_time", "parse_time"]


class Clock(Protocol):
    """Where time comes from; tests put in a clock of their own."""

    def now(self) -> datetime:
        """The wall clock as an aware datetime in UTC."""

    def monotonic(self) -> float:
        """Seconds that never jump, for intervals and deadlines."""


class SystemClock:
    """The clock of the machine."""

    __slots__ = ()

    def now(self) -> datetime:
        """The wall clock as an aware datetime in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds that never jump, for intervals and deadlines."""
        return time.monotonic()


def format_time(moment: datetime) -> str:
    """A moment as Kubernetes writes it (RFC 3339, whole seconds, UTC): `2026-11-21T09:00:00Z`."""
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def parse_time(text: str) -> datetime:
    """The moment an RFC 3339 text names, in UTC.

    Raises:
        ValueError: when the text is no date and time, or has no offset from UTC.
    """
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        msg = f"{text!r} has no offset from UTC: write it like 2026-11-21T09:00:00Z"
        raise ValueError(msg)
    return moment.astimezone(UTC)
