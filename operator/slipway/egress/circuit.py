"""Leaves a host alone that fails again and again, and asks it once in a while whether it is back.

::

              5 failures in a row              the time is over
    closed ────────────────────────▶ open ◀───────────────────── half-open: one request is let through
       ▲                               │  5 s, 10 s … 2 min,         │      │
       │                               └──────── jittered ──────────▶│      │ it fails: twice as long
       └──────────────────── any answer ◀────────────────────────────┘      └───────▶ open

What counts as the host's failure, and for whom:

- *No connection* (refused, unreachable, none in 10 s) is the host's for everybody: nothing of who asks has
  reached it yet. This circuit is shared by all clients of a process.
- *What happens on a connection* (it breaks, nothing comes in time, 5xx) may lie in what was asked, with which
  credential, and how much time was granted: `timeout: 1s` makes any host slow, and one broken repository
  answers 500 for ever. So it counts for the clients of the same URL, credential and time-out alone, and for
  the same part of the host; and server errors of one and the same address count once.
- *Everything else is no failure of the host*: an answer below 500 (401, 404 and 429 too), a certificate that
  is not trusted (the authority that somebody named may not fit), a name that nobody knows, a refusal of our
  own.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

from slipway.egress.errors import CircuitOpen, HttpError

__all__ = ["Circuit", "Circuits", "Failure"]

THRESHOLD: Final = 5
"""Failures in a row that open a circuit."""

SHORTEST: Final = 5.0
"""Seconds for which it opens first."""

LONGEST: Final = 120.0
"""Seconds for which it opens at most."""

_PROBING: Final = 1.0  # seconds after which to come back while somebody else finds out
_SPREAD: Final = 0.2  # share of the time that chance takes away or adds
_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class Failure:
    """What a host did wrong. The words name no more than the host: others get to read them, too."""

    words: str
    kind: type[HttpError] | None = None
    """What there was instead of an answer; None when the answer was a server error."""

    address: str | None = None
    """Counts once for each address; None counts always."""


class Circuit:
    """The circuit of one host, or one part of it. Pure: `now` is in seconds of a monotonic clock.

    Args:
        spread: Gives a number from 0 to 1 by chance.
    """

    __slots__ = ("_addresses", "_failures", "_is_probing", "_openings", "_spread", "_until", "last")

    def __init__(self, spread: Callable[[], float] = random.random) -> None:
        self._spread = spread
        self._failures = 0
        self._addresses: set[str] = set()
        self._openings = 0
        self._until: float | None = None
        self._is_probing = False
        self.last: Failure | None = None

    def wait(self, now: float) -> float:
        """Seconds until a request may go; 0 when one may go now."""
        if self._until is None:
            return 0.0
        return _PROBING if self._is_probing else max(0.0, self._until - now)

    def enter(self) -> bool:
        """A request goes; true when it is the one that finds out whether the host is back."""
        self._is_probing = self._until is not None
        return self._is_probing

    def succeed(self) -> None:
        """The host answered."""
        self._failures = self._openings = 0
        self._addresses.clear()
        self._until, self._is_probing = None, False

    def fail(self, now: float, failure: Failure) -> None:
        """The host failed; what was sent before it opened counts no more once it is open."""
        self.last = failure
        self._count(failure)
        is_open = self._until is not None and now < self._until
        if self._failures >= THRESHOLD and not is_open:
            self._openings += 1
            seconds = min(LONGEST, SHORTEST * 2.0 ** min(self._openings - 1, 10))
            varied = seconds * (1 - _SPREAD + 2 * _SPREAD * self._spread())
            self._until, self._is_probing = now + min(LONGEST, varied), False

    def _count(self, failure: Failure) -> None:
        if self._failures < THRESHOLD and failure.address not in self._addresses:
            self._failures += 1
            if failure.address is not None:
                self._addresses.add(failure.address)

    def leave(self) -> None:
        """The request that should find out ended without a verdict: another one may."""
        self._is_probing = False


class Circuits:
    """A circuit for everything that fails apart from the rest; what works has none.

    Args:
        spread: See `Circuit`.
    """

    def __init__(self, spread: Callable[[], float] = random.random) -> None:
        self._spread = spread
        self._circuits: dict[Hashable, Circuit] = {}

    def check(self, key: Hashable, name: Callable[[], str], now: float) -> None:
        """Make sure that a request may go.

        Args:
            key: What fails apart from the rest.
            name: Its name, for people.
            now: Seconds of a monotonic clock.

        Raises:
            CircuitOpen: when it may not.
        """
        circuit = self._circuits.get(key)
        if circuit is None or not (wait := circuit.wait(now)):
            return
        assert circuit.last is not None
        # Without the time that is left: the words reach a status, which time alone must not change.
        msg = f"{name()} is left alone for a while after several failures, the last one: {circuit.last.words}"
        raise CircuitOpen(msg, wait, circuit.last.kind)

    def enter(self, key: Hashable) -> bool:
        """A request goes, which `check` has let through; true when it is to tell how it ended."""
        circuit = self._circuits.get(key)
        return circuit is not None and circuit.enter()

    def succeed(self, key: Hashable) -> None:
        """The host answered."""
        if self._circuits and (circuit := self._circuits.pop(key, None)):
            circuit.succeed()

    def fail(self, key: Hashable, now: float, failure: Failure) -> None:
        """The host failed."""
        circuit = self._circuits.get(key)
        if circuit is None:
            while len(self._circuits) >= _MOST:
                del self._circuits[next(iter(self._circuits))]
            circuit = self._circuits[key] = Circuit(self._spread)
        circuit.fail(now, failure)

    def leave(self, key: Hashable) -> None:
        """The request that was to tell how it ended has nothing to tell."""
        circuit = self._circuits.get(key)
        if circuit is not None:
            circuit.leave()
