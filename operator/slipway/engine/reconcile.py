"""One run for one object: gather, decide, apply, then the table, at most one status write, and events.

    gather ──▶ decide ──▶ apply ──▶ conditions ──▶ differs? ──no──────────────┐
      │          │          │                         └─yes─▶ write ──ok──▶ events
      └──────────┴── error ─┴─▶ Failed: only `conditions`       └─409─▶ StaleWrite: queued again

Events are told after the status is written, or when it needed no write: at most once. A crash between the two
loses the Event, never the state: the status is the truth, an Event only a notice. A crash before the write
repeats the whole run, Events included.
"""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, Generic, Protocol, TypeVar

import structlog

from slipway.api.conditions import Condition, Reason
from slipway.clock import Clock
from slipway.engine.key import Key
from slipway.engine.lease import LeaseLost
from slipway.engine.outcome import (
    EventNote,
    Failed,
    Outcome,
    conditions_for,
    transition_note,
)
from slipway.engine.store import Store
from slipway.engine.view import hash_status

__all__ = [
    "EventNote",
    "EventSink",
    "Facts",
    "Kind",
    "Observed",
    "Plan",
    "Reconciler",
    "StaleWrite",
    "StatusWriter",
]

_log = structlog.get_logger(__name__)
_CAMEL_CASE: Final = re.compile(r"[A-Z][A-Za-z0-9]{2,63}")


class StaleWrite(Exception):  # noqa: N818 - the name tells what the write was; it is an expected answer
    """The object changed since it was read (409): what was decided is void and has to be decided anew."""


@dataclass(frozen=True, slots=True)
class Observed:
    """The object a run is about, as it was read at the run's start."""

    key: Key
    uid: str
    resource_version: str
    generation: int
    status: Mapping[str, Any] | None
    """The live status; None when the run was decided from the store's view alone."""
    status_hash: bytes
    annotations: Mapping[str, str]
    created_at: datetime


A_co = TypeVar("A_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Plan(Generic[A_co]):
    """What a kind decided: the status to show, the outcome, and the effects to bring about."""

    status: Mapping[str, Any]
    """The complete status in camelCase JSON, without `conditions` and `observedGeneration`."""
    outcome: Outcome
    actions: A_co
    events: tuple[EventNote, ...] = ()
    """Told after the status was written. A plan that changes no status tells its events each time."""
    conditions: tuple[Condition, ...] = ()
    """The kind's own conditions, such as Held; present only while true."""
    tells_transition: bool = False
    """Whether its events, if any, tell what Ready changes for: then that change has no Event of its own."""
    keeps_status: bool = False
    """Whether the live status says it all, conditions included: then `status` and `conditions` do not."""


class Facts(Protocol):
    """What a kind's gather read; the engine asks for nothing but the object itself."""

    @property
    def observed(self) -> Observed:
        """The object the run is about."""


F = TypeVar("F", bound=Facts)
A = TypeVar("A")


class Kind(Protocol[F, A]):
    """One kind of object: how it is read, decided and acted on."""

    @property
    def name(self) -> str:
        """The kind as keys have it, such as `warehouses.slipway.dev`."""

    async def gather(self, key: Key) -> F | None:
        """Read everything the decision needs; None when the object is gone.

        When `Store.must_read_live(key)` says so, the view may be older than our own last write: read live.
        """

    def decide(self, facts: F, now: datetime) -> Plan[A]:
        """Decide; pure."""

    async def apply(self, facts: F, plan: Plan[A]) -> Plan[A]:
        """Bring the effects about; returns the plan that is concluded from what came of them."""


class StatusWriter(Protocol):
    """How a status reaches the API server."""

    async def read(self, key: Key) -> Observed | None:
        """The live object, or None when it is gone."""

    async def write(self, observed: Observed, status: Mapping[str, Any]) -> None:
        """Write the complete status, bound to the UID and resourceVersion it was decided from.

        The answer goes through `Intake.observe(view, own=True)` before this returns.

        Raises:
            StaleWrite: when the object has changed since (409).
        """


class EventSink(Protocol):
    """How an Event reaches the API server."""

    async def emit(self, observed: Observed, note: EventNote) -> None:
        """Tell an Event about an object."""


class Reconciler(Generic[F, A]):
    """Runs one kind. Stateless: everything it knows is read in the run."""

    def __init__(
        self,
        kind: Kind[F, A],
        *,
        store: Store,
        writer: StatusWriter,
        events: EventSink,
        clock: Clock,
        redact: Callable[[str], str],
    ) -> None:
        self._kind = kind
        self._store = store
        self._writer = writer
        self._events = events
        self._clock = clock
        self._redact = redact

    @property
    def name(self) -> str:
        """The kind this reconciler runs."""
        return self._kind.name

    async def run(self, key: Key) -> Outcome | None:
        """Reconcile one object; None when it is gone.

        An error of the kind's code is no exception here but `Failed`, told in the object's conditions alone.

        Raises:
            StaleWrite: when the object changed meanwhile; queue the key again at once.
            LeaseLost: when nothing may be changed now; what was changed before that is found again.
        """
        observed: Observed | None = None
        try:
            facts = await self._kind.gather(key)
            if facts is None:
                self._store.trust(key)
                return None
            observed = facts.observed
            plan = await self._kind.apply(facts, self._kind.decide(facts, self._clock.now()))
        except (StaleWrite, LeaseLost):
            self._store.doubt(key)
            raise
        except Exception as error:  # noqa: BLE001 - what one object brings about must only hurt that object
            return await self._fail(key, observed, self._failure(key, error))
        try:
            return await self._conclude(observed, self._cleaned(plan))
        except (StaleWrite, LeaseLost):
            self._store.doubt(key)
            raise
        except Exception as error:  # noqa: BLE001 - a status that cannot be written cannot tell so either
            self._store.doubt(key)
            return self._failure(key, error)

    # --- a run that went through

    async def _conclude(self, observed: Observed, plan: Plan[A]) -> Outcome | None:
        if plan.keeps_status:
            self._store.was_read(observed.key, int(observed.resource_version))
            await self._tell(observed, *plan.events)
            return plan.outcome
        current = await self._current(observed, plan)
        if current is None:
            return None
        previous = _conditions_of(current)
        if await self._write_if_different(current, self._status(current, plan)):
            note = transition_note(plan.outcome, previous)
            await self._tell(current, None if note is not None and _is_told(note, plan) else note)
        await self._tell(current, *plan.events)
        return plan.outcome

    async def _current(self, observed: Observed, plan: Plan[A]) -> Observed | None:
        """The object with its live status, where a write is due and there is a status to keep."""
        if observed.status is not None:
            self._store.was_read(observed.key, int(observed.resource_version))
            return observed
        if not self._store.must_read_live(observed.key) and (
            observed.status_hash == b"" or observed.status_hash == hash_status(self._status(observed, plan))
        ):
            return observed
        live = await self._writer.read(observed.key)
        if live is not None and (live.uid, live.resource_version) != (
            observed.uid,
            observed.resource_version,
        ):
            raise StaleWrite
        self._store.trust(observed.key)
        return live

    def _status(self, observed: Observed, plan: Plan[A]) -> dict[str, Any]:
        conditions = conditions_for(
            plan.outcome,
            _conditions_of(observed),
            plan.conditions,
            observed.generation,
            self._clock.now(),
        )
        return {
            **plan.status,
            "observedGeneration": observed.generation,
            "conditions": [condition.to_json() for condition in conditions],
        }

    # --- a run that an error ended

    async def _fail(self, key: Key, observed: Observed | None, failed: Failed) -> Outcome | None:
        try:
            live = observed if observed and observed.status is not None else await self._writer.read(key)
            if live is None:
                return None
            await self._show_failure(live, failed)
        except StaleWrite:
            # The next try shows it; a retry at once would run into the same error without any pause.
            self._store.doubt(key)
        except LeaseLost:
            self._store.doubt(key)
            raise
        except Exception as error:  # noqa: BLE001 - the API server may be what failed in the first place
            _log.warning("Failure not shown in status", key=key.label, error=self._redact(_describe(error)))
        return failed

    async def _show_failure(self, live: Observed, failed: Failed) -> None:
        previous = _conditions_of(live)
        conditions = conditions_for(failed, previous, (), live.generation, self._clock.now())
        status = {**(live.status or {}), "conditions": [condition.to_json() for condition in conditions]}
        if await self._write_if_different(live, status):
            await self._tell(live, transition_note(failed, previous))

    def _failure(self, key: Key, error: Exception) -> Failed:
        reason = getattr(error, "reason", None)
        foreseen = isinstance(reason, str) and _CAMEL_CASE.fullmatch(reason) is not None
        message = self._redact(str(error) if foreseen else _describe(error))
        # Of an unforeseen error the frames are logged without its text: that alone may hold what is secret.
        frames = None if foreseen else "".join(traceback.format_tb(error.__traceback__))
        _log.warning("Reconcile failed", key=key.label, error=message, frames=frames)
        return Failed(str(reason) if foreseen else Reason.RECONCILE_FAILED, message)

    # --- both

    async def _write_if_different(self, observed: Observed, status: Mapping[str, Any]) -> bool:
        wanted = hash_status(status)
        if wanted == observed.status_hash:
            return False
        self._store.will_write(observed.key, wanted)
        await self._writer.write(observed, status)
        return True

    async def _tell(self, observed: Observed, *notes: EventNote | None) -> None:
        for note in notes:
            if note is None:
                continue
            try:
                await self._events.emit(observed, replace(note, message=self._redact(note.message)))
            except Exception as error:  # noqa: BLE001 - an Event is only a notice, and the state is written
                _log.warning("Event lost", key=observed.key.label, error=self._redact(_describe(error)))

    def _cleaned(self, plan: Plan[A]) -> Plan[A]:
        outcome = replace(plan.outcome, message=self._redact(plan.outcome.message))
        extra = (replace(item, message=self._redact(item.message)) for item in plan.conditions)
        status = {name: self._clean(value) for name, value in plan.status.items()}
        return replace(plan, status=status, outcome=outcome, conditions=tuple(extra))

    def _clean(self, value: Any) -> Any:
        """A JSON value with every string in it redacted."""
        if isinstance(value, str):
            return self._redact(value)
        if isinstance(value, Mapping):
            return {name: self._clean(item) for name, item in value.items()}
        if isinstance(value, list | tuple):
            return [self._clean(item) for item in value]
        return value


def _is_told(note: EventNote, plan: Plan[Any]) -> bool:
    """Whether the kind tells in its own words what led to a transition; trouble is always told as such."""
    told = any(event.type == "Normal" for event in plan.events)
    return plan.tells_transition and told and note.type == "Normal"


def _conditions_of(observed: Observed) -> list[Condition]:
    listed = (observed.status or {}).get("conditions") or ()
    return [Condition.from_json(item) for item in listed if isinstance(item, Mapping)]


def _describe(error: Exception) -> str:
    text = str(error)
    return f"{type(error).__name__}: {text}" if text else type(error).__name__
