"""ManagedImage: an image that is kept on the newest state of its bases, or only tracked."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from slipway.engine.key import Key
from slipway.engine.requests import RECONCILE
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.managedimage.apply import Effects
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.departure import Leaving, Unheld
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import Facts
from slipway.kinds.managedimage.gather import gather
from slipway.kinds.managedimage.graph import Neighbourhood
from slipway.kinds.managedimage.lookout import Lookout
from slipway.kinds.managedimage.news import News
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.view import KIND
from slipway.kinds.managedimage.waiting import awaited
from slipway.kinds.managedimage.words import CANCEL, EMERGENCY, REBUILD

__all__ = ["ManagedImageKind"]


class ManagedImageKind:
    """Ties the rooms of this kind together."""

    name: Final = KIND

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked = Asked((RECONCILE, REBUILD, CANCEL, EMERGENCY))
        self._dispatches = Dispatches()
        self._effects = Effects(context, self._dispatches)
        self._news = News(self._moved, context.children.wake)
        self._lookout = Lookout(context.store, context.children.wake)
        self._neighbourhood = Neighbourhood(context.store, self._news.hear)

    def _moved(self) -> Iterator[set[Key]]:
        return self._neighbourhood.take_moved()

    async def gather(self, key: Key) -> Facts | Leaving | Unheld | None:
        """All reads."""
        try:
            facts = await gather(self._context, self._asked, self._neighbourhood, self._dispatches, key)
        except BaseException:
            self._effects.stand_back(key)
            raise
        if facts is None:
            self._effects.forget(key)
            self._lookout.wait(key, ())
        return facts

    def decide(self, facts: Facts | Leaving | Unheld, now: datetime) -> ImagePlan:
        """The decision; pure."""
        return decide(facts, now)

    async def apply(self, facts: Facts | Leaving | Unheld, plan: ImagePlan) -> ImagePlan:
        """All effects."""
        concluded = await self._effects.apply(facts, plan)
        self._lookout.wait(facts.observed.key, awaited(facts, concluded))
        return concluded
