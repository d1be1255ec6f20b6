"""What the annotations of an object ask for, with complaints about unreadable ones told once."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from slipway.api.conditions import Reason
from slipway.engine.key import Key
from slipway.engine.outcome import EventNote
from slipway.engine.reconcile import Observed
from slipway.engine.requests import RECONCILE, Request, RequestProblem, new_requests

__all__ = ["Asked"]


class Asked:
    """Reads the requests for a look; remembers which unreadable ones were told, since they stay there."""

    __slots__ = ("_told", "_verbs")

    def __init__(self, verbs: Collection[str] = (RECONCILE,)) -> None:
        self._verbs = verbs
        self._told: dict[Key, tuple[str, ...]] = {}

    def read(
        self, observed: Observed, now: datetime, *, trusted: bool = False
    ) -> tuple[tuple[Request, ...], tuple[EventNote, ...]]:
        """The requests still to be answered, and Events about unreadable ones that were not told before.

        Args:
            observed: The object that is asked.
            now: The moment of the look.
            trusted: Whether an admission policy of its kind vouches for who asked.
        """
        handled = (observed.status or {}).get("handledRequests") or ()
        requests = new_requests(
            observed.annotations,
            handled,
            observed.created_at,
            now,
            verbs=self._verbs,
            trusted=trusted,
        )
        return requests.new, self._untold(observed.key, requests.problems)

    def forget(self, key: Key) -> None:
        """Drop what is known of an object."""
        self._told.pop(key, None)

    def _untold(self, key: Key, problems: tuple[RequestProblem, ...]) -> tuple[EventNote, ...]:
        values = tuple(problem.value for problem in problems)
        if self._told.get(key, ()) == values:
            return ()
        self._told[key] = values
        return tuple(map(_complaint, problems))


def _complaint(problem: RequestProblem) -> EventNote:
    return EventNote(Reason.INVALID_REQUEST, problem.message, "Warning", action="ReadRequest")
