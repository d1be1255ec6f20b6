"""What is wrong with a maintenance window or a freeze."""

from __future__ import annotations

__all__ = ["TimingError"]


class TimingError(ValueError):
    """A schedule, duration, time zone or period that cannot work; the message names the field and the fix."""
