"""What goes wrong while a story is told: at every write of the operator in a namespace, or in its watches."""

from __future__ import annotations

from collections import Counter
from http import HTTPStatus
from typing import Any, Protocol

from typing_extensions import override

from dev.fault_proxy import Call, Faults

__all__ = [
    "AnswersLost",
    "Disturbance",
    "EventsDoubled",
    "EventsSwallowed",
    "KilledAfterWrites",
    "KilledBeforeWrites",
    "Victim",
]

_APART = frozenset({"events", "leases"})
"""Resources whose writes are no step of any object's."""


class Victim(Protocol):
    """What can be killed and started again; `OperatorProcess` is one."""

    def kill(self) -> None:
        """SIGKILL."""

    def start(self) -> None:
        """Start it anew."""


class Disturbance(Faults):
    """Leaves the operator in peace, and notes what it makes and deletes in a namespace."""

    def __init__(self, namespace: str) -> None:
        self.namespace = namespace
        self.writes = 0
        """How many writes were carried out."""
        self.strikes = 0
        """How often something went wrong."""
        self.effects: Counter[str] = Counter()
        """How many objects were made and deleted, by resource."""

    @override
    def is_answered(self, call: Call, status: int) -> bool:
        """Always."""
        if not self._is_step(call) or not 200 <= status < 300:
            return True
        self.writes += 1
        if call.method == "DELETE" or status == HTTPStatus.CREATED:
            self.effects[f"{call.resource} {'deleted' if call.method == 'DELETE' else 'made'}"] += 1
        return self.reaches_operator(call)

    def reaches_operator(self, call: Call) -> bool:
        """Whether it is told that its write was carried out."""
        del call
        return True

    def _is_step(self, call: Call) -> bool:
        return call.is_write and call.namespace == self.namespace and call.resource not in _APART


class KilledBeforeWrites(Disturbance):
    """SIGKILL whenever a write is about to arrive; the next one to the same object passes."""

    def __init__(self, namespace: str, victim: Victim) -> None:
        super().__init__(namespace)
        self._victim = victim
        self._spared: set[tuple[str, str]] = set()

    @override
    def arrives(self, call: Call) -> bool:
        """Not at its first try."""
        if not self._is_step(call):
            return True
        write = (call.method, call.path)
        if write in self._spared:
            self._spared.discard(write)
            return True
        self._spared.add(write)
        self.strikes += 1
        _restart(self._victim)
        return False


class KilledAfterWrites(Disturbance):
    """SIGKILL whenever a write was carried out, before the operator hears of it."""

    def __init__(self, namespace: str, victim: Victim) -> None:
        super().__init__(namespace)
        self._victim = victim

    @override
    def reaches_operator(self, call: Call) -> bool:
        """Never."""
        self.strikes += 1
        _restart(self._victim)
        return False


class AnswersLost(Disturbance):
    """The connection breaks when a write was carried out, before the operator hears of it.

    What it sends again is answered.
    """

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        self._lost: set[tuple[str, str]] = set()
        self._is_repeated = False

    @override
    def is_answered(self, call: Call, status: int) -> bool:
        """Not at its first try."""
        write = (call.method, call.path)
        self._is_repeated = write in self._lost
        self._lost.discard(write)
        return super().is_answered(call, status)

    @override
    def reaches_operator(self, call: Call) -> bool:
        """When it was told before, and did not hear it."""
        if self._is_repeated:
            return True
        self._lost.add((call.method, call.path))
        self.strikes += 1
        return False


class EventsDoubled(Disturbance):
    """Every watch event comes twice."""

    @override
    def events(self, call: Call, event: dict[str, Any]) -> int:
        """Twice."""
        self.strikes += 1
        return 2


class EventsSwallowed(Disturbance):
    """Every second watch event of the namespace does not come."""

    def __init__(self, namespace: str) -> None:
        super().__init__(namespace)
        self._seen = 0

    @override
    def events(self, call: Call, event: dict[str, Any]) -> int:
        """Once or never."""
        if event["object"].get("metadata", {}).get("namespace") != self.namespace:
            return 1
        self._seen += 1
        if self._seen % 2:
            return 1
        self.strikes += 1
        return 0


def _restart(victim: Victim) -> None:
    victim.kill()
    victim.start()
