"""Whether a run may be started that is not to be found: so that each attempt is started once. Pure.

::

    who wrote the attempt down   what is known                      it may be started
    this process                 nothing was sent                   at once
    this process                 sent, and nobody told of a run     once it was looked for during GRACE
    another one, or an earlier   nothing: it may have been sent     once it was looked for during GRACE

A server lists a run some seconds after it took the order. What another process sent before it ended is older
than the first look of this one; so the time counts from there, not from when the attempt was written down.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from slipway.engine.key import Key
from slipway.kinds.managedimage.facts import Unclear

__all__ = ["GRACE", "Dispatches"]

GRACE: Final = timedelta(seconds=60)
"""How long a run is looked for that may have been started."""


@dataclass(frozen=True, slots=True)
class _Dispatch:
    """What this process knows of one attempt."""

    attempt: str
    doubted_since: datetime | None
    """The latest moment at which it may have been sent, as far as is known; None when it surely was not."""
    refusal: Unclear | None = None
    """Why it was not taken, when it was sent last."""
    by_us: bool = False
    """Whether this process sent it."""


class Dispatches:
    """What this process knows of the attempts under way: one for each image. In memory alone."""

    __slots__ = ("_known",)

    def __init__(self) -> None:
        self._known: dict[Key, _Dispatch] = {}

    def is_unsent(self, key: Key, attempt: str) -> bool:
        """Whether nobody can have sent it: then nothing need be looked for."""
        known = self._of(key, attempt)
        return known is not None and known.doubted_since is None

    def left(self, key: Key, attempt: str, now: datetime) -> timedelta:
        """How long it still has to be looked for before it may be started; zero when it may be now."""
        known = self._of(key, attempt)
        if known is None:
            known = self._known[key] = _Dispatch(attempt, now)
        if known.doubted_since is None:
            return timedelta(0)
        # A clock that was set back must not make it longer.
        return max(GRACE - max(now - known.doubted_since, timedelta(0)), timedelta(0))

    def unsent(self, key: Key, attempt: str) -> None:
        """This process is about to write the attempt down, or what it sent was surely not taken."""
        self._known[key] = _Dispatch(attempt, None)

    def sent(self, key: Key, attempt: str, now: datetime) -> None:
        """It is sent now, or may have been until now."""
        self._known[key] = _Dispatch(attempt, now, by_us=True)

    def was_sent(self, key: Key, attempt: str) -> bool:
        """Whether this process sent it, whatever became of it on the way."""
        known = self._of(key, attempt)
        return known is not None and known.by_us

    def refused(self, key: Key, attempt: str, why: Unclear) -> None:
        """What was sent was not taken, or its answer was lost."""
        if (known := self._of(key, attempt)) is not None:
            self._known[key] = replace(known, refusal=why)

    def refusal(self, key: Key, attempt: str) -> Unclear | None:
        """Why it was not taken when it was sent last; None as well where that was not here."""
        known = self._of(key, attempt)
        return known.refusal if known is not None else None

    def forget(self, key: Key) -> None:
        """The image has no attempt under way."""
        self._known.pop(key, None)

    def _of(self, key: Key, attempt: str) -> _Dispatch | None:
        known = self._known.get(key)
        return known if known is not None and known.attempt == attempt else None
