"""How often, and how many at a time, a host is asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, Literal, Self

from slipway.egress.deadline import now
from slipway.egress.errors import QueuedTooLong
from slipway.egress.policy import literal_address

__all__ = ["HostLimits", "Lane", "Limits", "Pace", "Turn"]

Lane = Literal["short", "download", "upload"]

LONGEST_QUEUE: Final = 300.0
"""Seconds that a request waits for its turn at most: 6,000 requests at the default rate."""

_MANY_HOSTS: Final = 256
_AT_HOME: Final = 1000.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one Registry asks of its host; the names are those of `spec.limits`.

    Raises:
        ValueError: when nothing could ever be asked.
    """

    requests_per_second: float = 20.0
    """On average; as many as in one second may come at once after a pause."""

    concurrency: int = 4
    """Short exchanges at a time. Half as many downloads, and half as many uploads, come on top."""

    pull_budget_percent: int = 80
    """How much of the pulls that the registry grants may be used; the rest is left to others. Nothing here
    counts pulls, see `slipway.oci.quota`."""

    def __post_init__(self) -> None:
        if self.requests_per_second <= 0 or self.concurrency < 1:
            msg = "limits must let something through: more than 0 requests per second, at least 1 at a time"
            raise ValueError(msg)

    def width(self, lane: Lane) -> int:
        """How many exchanges of a kind there are at a time."""
        return self.concurrency if lane == "short" else max(1, self.concurrency // 2)


class Pace:
    """A token bucket that tells everybody how long to wait, in the order they come (GCRA). Pure.

    Args:
        rate: Requests per second; also how many may come at once after a pause.
    """

    __slots__ = ("_due", "rate")

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._due = 0.0

    def wait(self, now: float) -> float:
        """Seconds until the next request may go; its place is taken with that."""
        wait = self._wait(now)
        self._due = max(self._due, now) + 1 / self.rate
        return wait

    def is_open(self, now: float) -> bool:
        """Whether the next request may go at once."""
        return self._wait(now) <= 0

    def _wait(self, now: float) -> float:
        return max(0.0, max(self._due, now) - (max(1.0, self.rate) - 1) / self.rate - now)

    def is_full(self, now: float) -> bool:
        """Whether it has been quiet for so long that nothing of the past counts."""
        return self._due <= now


class _Gate:
    """The way to one host."""

    __slots__ = ("_limits", "_pace", "_places", "users")

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._pace = Pace(limits.requests_per_second)
        self._places: dict[Lane, asyncio.Semaphore] = {}
        self.users = 0

    def widen(self, limits: Limits) -> None:
        """Lets as many through as these limits do, if that is more."""
        known = self._limits
        if (
            limits.requests_per_second <= known.requests_per_second
            and limits.concurrency <= known.concurrency
        ):
            return
        wider = Limits(
            max(self._limits.requests_per_second, limits.requests_per_second),
            max(self._limits.concurrency, limits.concurrency),
        )
        for lane, places in self._places.items():
            for _ in range(wider.width(lane) - self._limits.width(lane)):
                places.release()
        self._limits, self._pace.rate = wider, wider.requests_per_second

    def is_idle(self, now: float) -> bool:
        return not self.users and self._pace.is_full(now)

    def places(self, lane: Lane) -> asyncio.Semaphore:
        if lane not in self._places:
            self._places[lane] = asyncio.Semaphore(self._limits.width(lane))
        return self._places[lane]

    def is_open(self) -> bool:
        return self._pace.is_open(now())

    async def pause(self) -> None:
        """Waits until the pace allows one more."""
        wait = self._pace.wait(now())
        if wait > 0:
            await asyncio.sleep(wait)


class Turn:
    """A place at a host, given back at the end of the block."""

    __slots__ = ("_gate", "_places")

    def __init__(self, gate: _Gate, places: asyncio.Semaphore) -> None:
        self._gate = gate
        self._places = places

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._places.release()
        self._gate.users -= 1


def _usual(host: str) -> Limits:
    """Limits are a courtesy to hosts that others use, too: on loopback nobody else is there."""
    address = literal_address(host)
    is_here = host == "localhost" or (address is not None and address.is_loopback)
    return Limits(requests_per_second=_AT_HOME) if is_here else Limits()


class HostLimits:
    """What hosts are asked at most, by everybody who shares this; first come, first served.

    By default 20 requests per second and 8 exchanges at a time: 4 short ones, 2 downloads and 2 uploads.
    Three lanes rather than one, because a copy holds a download and an upload of the same host at once, and
    eight copies in one lane would wait for each other for ever.

    Clients with limits of their own have one of these for themselves, too: a client is bounded by its own
    limits, and all clients together by the default or, where one of them is allowed more, by the largest.

    Args:
        limits: For every host. By default the usual ones; what is on this machine may be asked as fast as it
            answers.
    """

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits
        self._gates: dict[str, _Gate] = {}

    async def turn(self, host: str, lane: Lane, at_least: Limits | None = None) -> Turn:
        """Waits for its turn; the place is held until the block of what is returned is left.

        Args:
            host: The name or address that is called.
            lane: What kind of exchange it is.
            at_least: Limits of the one who asks; the host's are widened to them, until it is forgotten.

        Raises:
            QueuedTooLong: when so many wait that the turn does not come.
        """
        gate = self._gate(host)
        if at_least is not None:
            gate.widen(at_least)
        places = gate.places(lane)
        gate.users += 1
        try:
            await self._enter(gate, places, host)
        except BaseException:
            gate.users -= 1
            raise
        return Turn(gate, places)

    async def _enter(self, gate: _Gate, places: asyncio.Semaphore, host: str) -> None:
        if not places.locked() and gate.is_open():
            await places.acquire()  # at once: nothing to bound
            await gate.pause()
            return
        try:
            async with asyncio.timeout(LONGEST_QUEUE):
                await places.acquire()
                try:
                    await gate.pause()
                except BaseException:
                    places.release()
                    raise
        except TimeoutError as error:
            msg = f"so many requests to {host} wait that this one had no turn in {LONGEST_QUEUE:.0f} s"
            raise QueuedTooLong(msg) from error

    def _gate(self, host: str) -> _Gate:
        gate = self._gates.get(host)
        if gate is None:
            self._forget_idle()
            gate = self._gates[host] = _Gate(self._limits or _usual(host))
        return gate

    def _forget_idle(self) -> None:
        """Hosts that were seen once leave nothing behind for long."""
        if len(self._gates) < _MANY_HOSTS:
            return
        moment = now()
        for host in [host for host, gate in self._gates.items() if gate.is_idle(moment)]:
            del self._gates[host]
