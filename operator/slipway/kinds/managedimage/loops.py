"""Bases that move again and again: builds keep a distance then, and stop before they never end. Pure.

A tag that names another digest at each look, or one that each build moves by itself, would lead to builds
without end. Moves are counted by the hour; the first few are followed at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final

from slipway.api.durations import format_duration
from slipway.api.managedimage import BaseStatus, Build

__all__ = ["STOP", "counted", "keeps_distance", "runs_in_circles"]

HOUR: Final = timedelta(hours=1)

_FREE: Final = 5
"""Moves within an hour that are followed at once."""

STOP: Final = 20
"""Moves within an hour after which a person is asked."""

_FIRST_PAUSE: Final = timedelta(minutes=1)
_LONGEST_PAUSE: Final = timedelta(minutes=30)


def counted(before: BaseStatus, now: datetime) -> Mapping[str, object]:
    """The fields `moves` and `moves_since` of a base that has just moved."""
    since = before.moves_since
    if since is None or not timedelta(0) <= now - since < HOUR:
        return {"moves": 1, "moves_since": now}
    return {"moves": (before.moves or 0) + 1, "moves_since": since}


def keeps_distance(bases: Iterable[BaseStatus], builds: Iterable[Build], now: datetime) -> datetime | None:
    """Until when a build has to wait since the last one was begun; None when it may begin."""
    most = max((base.moves or 0 for base in bases if _is_counted(base, now)), default=0)
    last = max((build.started_at for build in builds), default=None)
    if most <= _FREE or last is None:
        return None
    until = last + min(_FIRST_PAUSE * 2 ** min(most - _FREE - 1, STOP), _LONGEST_PAUSE)
    return until if now < until else None


def runs_in_circles(bases: Iterable[BaseStatus], now: datetime) -> tuple[str, timedelta] | None:
    """A sentence about the base that moves too often, and when its hour is over; None if there is none."""
    for base in bases:
        if _is_counted(base, now) and (base.moves or 0) >= STOP and base.moves_since is not None:
            told = (
                f"{base.reference} moved {base.moves} times within {format_duration(HOUR)}: follow a tag "
                "that moves only when something changed, or set rebuild.on to Notify for it; "
                "slipway.dev/rebuild builds all the same"
            )
            return told, base.moves_since + HOUR - now
    return None


def _is_counted(base: BaseStatus, now: datetime) -> bool:
    """Whether its hour is not over; a clock that was put back ends it."""
    return base.moves_since is not None and timedelta(0) <= now - base.moves_since < HOUR
