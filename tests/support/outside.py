"""The ways out of the operator, for tests of the kinds: no file is kept, and repeats come at once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from slipway.clock import Clock, SystemClock
from slipway.egress import LIBRARY_POLICY, EgressPolicy
from slipway.engine.store import Store
from slipway.kinds.context import Context
from slipway.kinds.outside import Outside
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.oci.retries import Retries
from slipway.settings import Settings

__all__ = ["QUICK", "open_outside", "without_cluster"]

QUICK = Retries(3, 0.001)


@asynccontextmanager
async def open_outside(
    settings: Settings | None = None, clock: Clock | None = None, policy: EgressPolicy = LIBRARY_POLICY
) -> AsyncIterator[Outside]:
    """The ways out, closed at the end of the block."""
    settings = settings or Settings(cache_directory="none")
    outside = Outside.open(settings, policy, clock or SystemClock(), retries=QUICK)
    try:
        yield outside
    finally:
        await outside.aclose()


@asynccontextmanager
async def without_cluster(store: Store | None = None, clock: Clock | None = None) -> AsyncIterator[Context]:
    """What kinds work with where no object and no Secret is read."""
    async with open_outside(clock=clock) as outside:
        yield outside.context(
            cast("KubeClient", None), cast("Children", None), Store() if store is None else store
        )
