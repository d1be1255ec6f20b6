"""The outcome that the conditions of an object tell of. Pure."""

from __future__ import annotations

from datetime import timedelta

from slipway.api.conditions import READY, RECONCILING, STALLED, Condition, Reason
from slipway.engine.outcome import Outcome, Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed

__all__ = ["is_ready", "kept_conditions", "outcome_before"]


def is_ready(observed: Observed) -> bool:
    """Whether the object's last run settled."""
    ready = _conditions(observed).get(READY)
    return ready is not None and ready.status == "True"


def outcome_before(observed: Observed, pause: timedelta) -> Outcome:
    """What the last run came to, as far as its conditions tell; looked at again after the pause.

    After a restart it takes the place of a new look: the same conditions follow from it, nothing is written.
    """
    conditions = _conditions(observed)
    ready = conditions.get(READY)
    if ready is None:
        return Waiting(Reason.RECONCILE_FAILED, "What was found before a restart is not known", pause)
    if ready.status == "True":
        return Settled(ready.reason, ready.message, pause)
    if STALLED in conditions:
        return Stalled(ready.reason, ready.message, pause)
    return Waiting(ready.reason, ready.message, pause)


def kept_conditions(observed: Observed) -> tuple[Condition, ...]:
    """The conditions of the kind's own that the object has: for a run that has nothing new to say of them."""
    common = {READY, RECONCILING, STALLED}
    return tuple(condition for name, condition in _conditions(observed).items() if name not in common)


def _conditions(observed: Observed) -> dict[str, Condition]:
    found = [Condition.from_json(item) for item in (observed.status or {}).get("conditions") or ()]
    return {condition.type: condition for condition in found}
