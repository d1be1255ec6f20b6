"""A view, a clock and a pause that the engine's tests share."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from typing_extensions import override

from slipway.engine.key import Key
from slipway.engine.view import PlainView, Urgency, View

KIND = "warehouses.slipway.dev"
OTHER_KIND = "managedimages.slipway.dev"
CHILD_KIND = "deployments.apps"
START = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class FakeView(PlainView):
    """A view with nothing beyond what the engine asks for."""

    key: Key
    uid: str = "uid-1"
    resource_version: int = 1
    generation: int = 1
    wish: bytes = b"wish"
    status_hash: bytes = b""
    owner: Key | None = None
    topics: tuple[Hashable, ...] = ()
    listens: tuple[Hashable, ...] = ()
    urgency: Urgency = Urgency.AT_ONCE
    """Of the change that led to it."""

    @override
    def concerns_owner(self, before: View) -> Urgency:
        """As the test says."""
        return self.urgency


class ManualClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        """The wall clock: START and the seconds that went by."""
        return START + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        """The seconds that went by."""
        return self.seconds


def key(name: str = "one", namespace: str = "shop", kind: str = KIND) -> Key:
    """A key of the kind under test."""
    return Key(kind, namespace, name)


async def until(condition: Callable[[], bool], turns: int = 2000) -> None:
    """Let the loop turn until a condition holds; fails when it does not come true."""
    for _ in range(turns):
        if condition():
            return
        await asyncio.sleep(0)
    msg = "the condition did not come true"
    raise AssertionError(msg)


async def in_time(condition: Callable[[], bool], seconds: float = 10) -> None:
    """Let real time go by until a condition holds; fails when it does not come true."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 - a condition over plain state has no Event to wait for
            await asyncio.sleep(0.002)


def turn_loop(loop: asyncio.AbstractEventLoop, turns: int = 6) -> None:
    """Let a loop that is not running make some turns, enough for every task that can go on to do so."""

    async def turns_of_loop() -> None:
        for _ in range(turns):
            await asyncio.sleep(0)

    loop.run_until_complete(turns_of_loop())


def close_loop(loop: asyncio.AbstractEventLoop, tasks: Iterable[asyncio.Task[None]]) -> list[BaseException]:
    """Cancel the tasks, close the loop, and tell the errors that tasks ended with."""

    async def end() -> list[BaseException]:
        for task in tasks:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        return [end for end in ends if end is not None and not isinstance(end, asyncio.CancelledError)]

    try:
        return loop.run_until_complete(end())
    finally:
        loop.close()
