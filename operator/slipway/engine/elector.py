"""Getting the Lease, keeping it, and giving it back.

::

                        ┌──── Wait ─────┐
                        ▼               │                     Renew (every ninth of the duration)
    start ──▶ look at the record ──▶ decide ──Acquire──▶ holder ──────────────────┐
                        ▲                                 ▲  │  └─────────────────┘
                        └── somebody was faster (409) ────┘  ├─ stop ──▶ drained ──▶ release
                                                             └─ another has it ──▶ LeaseLost, the process ends

A holder that cannot renew goes on trying without end. When it succeeds at last, the version proves that
nobody had the Lease in between, and work goes on; meanwhile the fence refuses every write.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, Protocol

import structlog

from slipway.clock import Clock
from slipway.engine.fence import Fence
from slipway.engine.lease import (
    LeaseLost,
    LeaseStore,
    LeaseUnavailable,
    Lost,
    Raced,
    Record,
    Sighting,
    Wait,
    decide,
    sight,
)

__all__ = ["Alone", "Election", "Elector", "renewal_timeout"]

_log = structlog.get_logger(__name__)

RENEWALS: Final = 9
"""Renewals in one duration: one every 5 s with the default of 45 s. The fence begins to refuse requests 15 s
after the last one (see `LONGEST_EFFECT`), so the API server may be away for 10 s before any is refused."""

RETRIES: Final = 45
"""The share of the duration after which a failed renewal is tried again: 1 s. An API server that restarts is
away for seconds, and every second less is one in which requests are not refused."""

POLL: Final = 2.0
"""Seconds between two looks of a replica that stands by: how long a release goes unnoticed at most. Each
costs one small GET."""

JITTER: Final = 0.1
"""Share of a pause by which it may be longer or shorter, so that replicas do not ask in step."""


_LONGEST_RENEWAL: Final = 5.0


def renewal_timeout(duration: float) -> float:
    """Seconds that one read or write of a Lease of this duration may take: shorter than other requests."""
    return min(_LONGEST_RENEWAL, duration / RENEWALS)


class Election(Protocol):
    """Whose turn it is to work."""

    @property
    def holding(self) -> bool:
        """Whether it is ours, as far as we know."""

    @property
    def rival(self) -> str | None:
        """Whose it is; None when it is ours, or when nobody could be asked yet."""

    @property
    def last_turn(self) -> float:
        """Monotonic moment of the last sign of life."""

    async def acquire(self) -> None:
        """Return when it is ours, and keep it from then on."""

    async def lost(self) -> None:
        """Wait until it is another's.

        Raises:
            LeaseLost: when it is.
        """

    async def release(self, timeout: float) -> None:
        """Let another have it, within `timeout` seconds; call it when nothing is under way any more."""


class Alone:
    """No election: it is always our turn. For tests, and for who makes sure of it in another way."""

    holding = True
    rival = None
    last_turn = 0.0

    async def acquire(self) -> None:
        """At once."""

    async def lost(self) -> None:
        """Never."""
        await asyncio.Event().wait()

    async def release(self, timeout: float) -> None:
        """There is nobody to release it to."""


class Elector:
    """Gets the Lease, keeps it, and gives it back; implements `Election`."""

    def __init__(
        self,
        store: LeaseStore,
        identity: str,
        fence: Fence,
        clock: Clock,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        """Elect under this identity, which no other process may use; success opens the fence."""
        self._store = store
        self._identity = identity
        self._fence = fence
        self._clock = clock
        self._uniform = uniform
        self._sleep = sleep
        self._seen: Sighting | None = None
        self._term: datetime | None = None
        """`acquired` in our last write, answered or not: by it we know our own record."""
        self._own: Record | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._trouble = ""
        self._rival = ""
        self._last_turn = clock.monotonic()

    @property
    def holding(self) -> bool:
        """Whether the Lease is ours, as far as we know; the fence alone says for how long that is sure."""
        return self._own is not None

    @property
    def rival(self) -> str | None:
        """Who has the Lease that we wait for; None when it is ours, or nobody could be asked yet."""
        return None if self.holding else self._rival or None

    @property
    def last_turn(self) -> float:
        """Monotonic moment of the last look or renewal."""
        return self._last_turn

    # --- to get it

    async def acquire(self) -> None:
        """Return when the Lease is ours; a task of its own keeps it from then on."""
        while (pause := await self._try()) is not None:
            await self._pause(pause)
        self._keeping = asyncio.create_task(self._keep(), name="lease")
        _log.info("Acquired the Lease", identity=self._identity)

    async def _try(self) -> float | None:
        """Seconds until the next try; None when the Lease is ours."""
        try:
            record = self._in_full(await self._store.read())
            self._seen = sight(self._seen, record, self._clock.monotonic())
            match decide(self._seen, self._identity, None, self._clock.monotonic()):
                case Wait(seconds):
                    self._stand_by(self._seen.record)
                    return min(seconds, POLL)
                case _:
                    await self._write(self._taken_over(self._seen.record))
        except LeaseUnavailable as error:
            self._tell_trouble(str(error))
            return POLL
        except Raced:
            return min(self._retry, POLL)
        return None

    def _in_full(self, record: Record | None) -> Record | None:
        """The record with no less than our own duration: its holder counts by its settings, edited or not."""
        return record and replace(record, duration=max(record.duration, self._fence.duration))

    def _taken_over(self, record: Record | None) -> Record:
        now = self._moment_after(record)
        own = Record(self._identity, self._fence.duration, acquired=now, renewed=now, transitions=0)
        if record is None:
            return own
        changed = record.holder != self._identity
        return replace(own, transitions=record.transitions + changed, version=record.version)

    def _stand_by(self, record: Record | None) -> None:
        rival = record.holder if record is not None else ""
        if rival != self._rival:
            _log.info("Standing by", holder=rival, identity=self._identity)
        self._rival = rival
        self._trouble = ""

    # --- to keep it

    async def lost(self) -> None:
        """Wait until somebody else is seen to have the Lease; that it cannot be renewed is no reason to end.

        Raises:
            LeaseLost: when somebody has it; the fence is closed by then.
        """
        if self._keeping is not None:
            await asyncio.shield(self._keeping)

    async def _keep(self) -> None:
        pause = self._interval
        while True:
            await self._pause(pause)
            pause = self._interval if await self._renew() else self._retry

    async def _renew(self) -> bool:
        assert self._own is not None
        if not self._own.version and self._fence.left <= 0:
            # A version would prove that nobody had it meanwhile; to create the record proves nothing.
            lost = "the Lease was deleted and has ended: another may have had it"
            raise self._end(lost)
        try:
            await self._write(replace(self._own, renewed=self._moment_after(self._own)))
        except LeaseUnavailable as error:
            self._tell_trouble(str(error))
            return False
        except Raced:
            await self._look_again(self._own)
            return False
        if self._trouble:
            _log.info("The Lease is renewed again", identity=self._identity)
        self._trouble = ""
        return True

    async def _look_again(self, own: Record) -> None:
        """Find out who wrote: we ourselves, when an answer was lost, or somebody else."""
        try:
            record = await self._store.read()
        except LeaseUnavailable as error:
            self._tell_trouble(str(error))
            return
        now = self._clock.monotonic()
        match decide(Sighting(record, now), self._identity, self._term, now):
            case Lost(holder):
                lost = f"the Lease is held by {_described(holder, self._identity)}"
                raise self._end(lost)
            case _:
                version = record.version if record is not None else ""
                # Whatever else somebody wrote, the duration above all, is not taken over.
                self._own = replace(record or own, version=version, duration=self._fence.duration)

    def _end(self, because: str) -> LeaseLost:
        """Change nothing from now on; the error to raise."""
        self._own = self._term = None
        self._fence.close(because)
        return LeaseLost(because)

    # --- to give it back

    async def release(self, timeout: float) -> None:
        """Change nothing from now on, and let the next replica begin at once, or else when the Lease ends.

        Call it when everything has ended that the fence let pass.
        """
        self._fence.close("the Lease was given back")
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        try:
            async with asyncio.timeout(timeout):
                await self._give_back()
        except (LeaseUnavailable, Raced, TimeoutError) as error:
            _log.warning("The Lease could not be given back", error=str(error))

    async def _give_back(self) -> None:
        try:
            await self._empty()
        except Raced:
            # A renewal that was cancelled has arrived in between; there is no other of ours.
            await self._empty()

    async def _empty(self) -> None:
        if self._term is None:
            return
        # Of a write that was cancelled nobody knows whether it arrived.
        record = await self._store.read()
        if record is not None and (record.holder, record.acquired) == (self._identity, self._term):
            await self._store.write(replace(record, holder="", renewed=self._moment_after(record)))
            _log.info("Gave the Lease back", identity=self._identity)

    # --- both

    async def _write(self, record: Record) -> None:
        """Write that the Lease is ours; known to be written, it is ours from the moment it was sent."""
        self._term = record.acquired
        sent = self._clock.monotonic()
        self._own = await self._store.write(record)
        self._fence.extend(sent)

    def _moment_after(self, record: Record | None) -> datetime:
        """The wall clock, but later than in the record, even when the clock went back or stands still.

        The API server gives no new version to a write that changes nothing, and others would not see that
        the Lease was renewed.
        """
        now, last = self._clock.now(), record.renewed if record is not None else None
        return now if last is None or now > last else last + timedelta(microseconds=1)

    async def _pause(self, seconds: float) -> None:
        self._last_turn = self._clock.monotonic()
        await self._sleep(seconds * self._uniform(1 - JITTER, 1 + JITTER))

    @property
    def _interval(self) -> float:
        return self._fence.duration / RENEWALS

    @property
    def _retry(self) -> float:
        return self._fence.duration / RETRIES

    def _tell_trouble(self, trouble: str) -> None:
        if trouble != self._trouble:
            left = max(0.0, self._fence.left)
            _log.warning("The Lease cannot be reached", error=trouble, seconds_left=round(left, 1))
        self._trouble = trouble


def _described(holder: str, identity: str) -> str:
    if not holder:
        return "nobody: another process has had it, or somebody has edited it"
    return f"another process that calls itself {holder}, too" if holder == identity else holder
