"""Keeps to the share of a registry's pulls that may be used up."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final
from weakref import WeakKeyDictionary

from slipway.clock import Clock
from slipway.oci.client import RegistryClient
from slipway.oci.errors import PullLimitReached
from slipway.oci.quota import QuotaKind

__all__ = ["AT_ONCE", "Pulls"]

AT_ONCE: Final = 4
"""Images that are read at the same time where pulls are counted: what is left is known after each answer, and
so no more than these can go beyond the budget."""

_HOUR: Final = timedelta(hours=1)


class Pulls:
    """Lets images be read while that stays within the budget.

    Args:
        clock: tells how long it takes until a quota begins anew.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._turns: WeakKeyDictionary[RegistryClient, asyncio.Semaphore] = WeakKeyDictionary()

    @asynccontextmanager
    async def granted(self, client: RegistryClient, host: str) -> AsyncIterator[None]:
        """Within the block an image is read.

        Args:
            client: reads it; its pulls are counted together.
            host: as image references name it.

        Raises:
            PullLimitReached: without asking the registry, when the pulls that are left belong to others.
        """
        if QuotaKind.PULL not in client.quota:
            yield
            return
        async with self._turns.setdefault(client, asyncio.Semaphore(AT_ONCE)):
            if not client.may_pull():
                raise self._used_up(client, host)
            yield

    def _used_up(self, client: RegistryClient, host: str) -> PullLimitReached:
        """In whole hours, so that a status says the same at every look."""
        left = max(client.quota[QuotaKind.PULL].resets_at - self._clock.now(), timedelta(seconds=1))
        hours = -(-left // _HOUR)
        message = (
            f"{host} has no pulls left for this credential but those that limits.pullBudgetPercent leaves to "
            f"others, and no image is read; its quota begins anew in at most {hours} h: wait, raise "
            "limits.pullBudgetPercent of the Registry, or use a credential with a larger quota"
        )
        return PullLimitReached(message, left.total_seconds())
