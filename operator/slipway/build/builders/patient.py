"""A builder is left alone for as long as it asks to be, by all who come to it with the same credential."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Hashable
from typing import TypeVar

from slipway.build.builders.contract import Builder, Progress, Run
from slipway.build.builders.errors import BuilderBusy
from slipway.build.builders.order import BuildOrder
from slipway.clock import Clock, SystemClock

__all__ = ["Patience", "PatientBuilder"]

Answer = TypeVar("Answer")


class Patience:
    """Until when servers want to be left alone, by whom they told. In memory alone.

    Args:
        clock: measures the time.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        self._until: dict[Hashable, tuple[float, str]] = {}

    async def ask(self, party: Hashable, question: Callable[[], Awaitable[Answer]]) -> Answer:
        """What the server answers.

        Args:
            party: who is asked by whom.
            question: asks, when it may.

        Raises:
            BuilderBusy: also without a question, while the server wants none; with the seconds that are left.
        """
        now = self._clock.monotonic()
        until, message = self._until.get(party, (now, ""))
        if now < until:
            raise BuilderBusy(message, until - now)
        self._until.pop(party, None)
        try:
            return await question()
        except BuilderBusy as error:
            if error.retry_after is not None:
                self._until[party] = (self._clock.monotonic() + error.retry_after, str(error))
            raise


class PatientBuilder:
    """Asks a builder only when it may be asked.

    Args:
        builder: what is asked.
        patience: shared by all builders.
        party: who is asked by whom: the server, and the credential.
    """

    def __init__(self, builder: Builder, patience: Patience, party: Hashable) -> None:
        self._builder = builder
        self._patience = patience
        self._party = party

    @property
    def starts_once(self) -> bool:
        """As the builder's."""
        return self._builder.starts_once

    async def find(self, order: BuildOrder) -> Run | None:
        """As the builder does."""
        return await self._patience.ask(self._party, lambda: self._builder.find(order))

    async def start(self, order: BuildOrder) -> Run | None:
        """As the builder does."""
        return await self._patience.ask(self._party, lambda: self._builder.start(order))

    async def look(self, order: BuildOrder, run: Run) -> Progress:
        """As the builder does."""
        return await self._patience.ask(self._party, lambda: self._builder.look(order, run))

    async def cancel(self, order: BuildOrder, run: Run) -> None:
        """As the builder does."""
        await self._patience.ask(self._party, lambda: self._builder.cancel(order, run))
