"""ManagedImage: an image that is kept on the newest state of its bases, or only tracked."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from slipway.engine.key import Key
from slipway.engine.requests import RECONCILE
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.managedimage.apply import Rebaser, keep_tracking
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import Facts
from slipway.kinds.managedimage.gather import gather
from slipway.kinds.managedimage.situation import REBUILD, ImagePlan
from slipway.kinds.managedimage.view import KIND

__all__ = ["ManagedImageKind"]


class ManagedImageKind:
    """Ties the rooms of this kind together."""

    name: Final = KIND

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked = Asked((RECONCILE, REBUILD))
        self._rebaser = Rebaser(context)

    async def gather(self, key: Key) -> Facts | None:
        """All reads."""
        return await gather(self._context, self._asked, key)

    def decide(self, facts: Facts, now: datetime) -> ImagePlan:
        """The decision; pure."""
        return decide(facts, now)

    async def apply(self, facts: Facts, plan: ImagePlan) -> ImagePlan:
        """All effects."""
        await keep_tracking(self._context, facts)
        return await self._rebaser.apply(facts, plan)
