"""A clock that tests move."""

from __future__ import annotations

from datetime import datetime

__all__ = ["ManualClock"]


class ManualClock:
    """Stands still until a test moves `moment`."""

    def __init__(self, start: datetime) -> None:
        self.moment = start
        self._start = start

    def now(self) -> datetime:
        """Where it stands."""
        return self.moment

    def monotonic(self) -> float:
        """The same in seconds."""
        return (self.moment - self._start).total_seconds()
