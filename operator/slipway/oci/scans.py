"""Answers of registries that many objects want at the same time: asked for once, given to all of them.

A hundred objects may watch one repository. Each says how fresh an answer it needs; one that was asked for
since then, or is under way since then, is shared, and so is an error. Who may see what plays its part in the
key: answers are never shared between two credentials.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Generic, TypeVar

from slipway.clock import Clock

__all__ = ["Scans"]

Answer = TypeVar("Answer")

_LONGEST_KEPT: Final = timedelta(minutes=15)
_LARGEST: Final = 200_000
"""Weight of all answers that are kept; a tag weighs 1, so that the lists have some 20 MB together."""


@dataclass(slots=True)
class _Scan(Generic[Answer]):
    """A question that was asked: its answer is there or will be."""

    begun_at: datetime
    answer: asyncio.Task[Answer | BaseException]
    weight: int = 0
    """Zero until the answer is there."""


class Scans(Generic[Answer]):
    """Shares answers among those who ask the same.

    Args:
        clock: tells when a question was asked.
        weigh: how much an answer weighs; what was asked longest ago is forgotten when there is too much.
        keeps: whether an answer or error serves those who ask later, beside those who wait for it.
    """

    def __init__(
        self,
        clock: Clock,
        weigh: Callable[[Answer], int] = lambda _: 0,
        keeps: Callable[[Answer | BaseException], bool] = lambda _: True,
    ) -> None:
        self._clock = clock
        self._weigh = weigh
        self._keeps = keeps
        self._scans: dict[Hashable, _Scan[Answer]] = {}
        self._weight = 0

    def __len__(self) -> int:
        return len(self._scans)

    async def get(self, key: Hashable, since: datetime, ask: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer to a question that was asked no earlier than `since`, by whomever.

        Args:
            key: what is asked, and with whose authority.
            since: how old the answer may be.
            ask: asks, when nobody has.

        Raises:
            Exception: what `ask` raised, for whoever asked.
        """
        now = self._clock.now()
        scan = self._scans.get(key)
        # One from the future was begun before the clock was set back: nobody knows how old it is.
        if scan is None or not min(since, now) <= scan.begun_at <= now:
            scan = self._begin(key, now, ask)
        # Whoever is cancelled stops waiting; others may be waiting for the same answer.
        answer = await asyncio.shield(scan.answer)
        if isinstance(answer, BaseException):
            raise answer.with_traceback(None)
        return answer

    async def aclose(self) -> None:
        """Gives up what is under way."""
        scans, self._scans = self._scans, {}
        for scan in scans.values():
            scan.answer.cancel()
        await asyncio.gather(*(scan.answer for scan in scans.values()), return_exceptions=True)

    def _begin(self, key: Hashable, now: datetime, ask: Callable[[], Awaitable[Answer]]) -> _Scan[Answer]:
        scan = _Scan(now, asyncio.ensure_future(_answer(ask)))
        self._drop(key)
        self._scans[key] = scan
        scan.answer.add_done_callback(lambda _: self._keep(key, scan))
        return scan

    def _keep(self, key: Hashable, scan: _Scan[Answer]) -> None:
        """Weighs what was answered, unless it was asked again meanwhile, and makes room for it."""
        if self._scans.get(key) is not scan:
            return
        if scan.answer.cancelled() or not self._keeps(scan.answer.result()):
            self._drop(key)
            return
        answer = scan.answer.result()
        scan.weight = 1 if isinstance(answer, BaseException) else 1 + self._weigh(answer)
        self._weight += scan.weight
        self._make_room(self._clock.now())

    def _make_room(self, now: datetime) -> None:
        """Forgets from the oldest on; the last one stays, however large it is."""
        while (key := self._forgettable(now)) is not None:
            self._drop(key)

    def _forgettable(self, now: datetime) -> Hashable | None:
        """The oldest answer, if it is too old, or there is too much and it is not the last."""
        last = next(reversed(self._scans))
        for key, scan in self._scans.items():
            if scan.answer.done():
                is_superfluous = self._weight > _LARGEST or now - scan.begun_at > _LONGEST_KEPT
                return key if is_superfluous and key != last else None
        return None

    def _drop(self, key: Hashable) -> None:
        scan = self._scans.pop(key, None)
        if scan is not None:
            self._weight -= scan.weight


async def _answer(ask: Callable[[], Awaitable[Answer]]) -> Answer | BaseException:
    """The answer or the error; as a value, so that no frame of the question is kept with an error."""
    try:
        return await ask()
    except Exception as error:  # noqa: BLE001 - it is raised again for everybody who waits
        return error.with_traceback(None)
