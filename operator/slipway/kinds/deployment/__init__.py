"""Deployment (deployments.slipway.dev): an application that runs an image, and rollbacks that hold."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from slipway.engine.key import Key
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.deployment.apply import apply
from slipway.kinds.deployment.decide import decide
from slipway.kinds.deployment.facts import DeploymentPlan, Facts
from slipway.kinds.deployment.gather import gather
from slipway.kinds.deployment.view import KIND

__all__ = ["DeploymentKind"]


class DeploymentKind:
    """Ties the rooms of this kind together."""

    name: Final = KIND

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked = Asked()

    async def gather(self, key: Key) -> Facts | None:
        """All reads."""
        return await gather(self._context, self._asked, key)

    def decide(self, facts: Facts, now: datetime) -> DeploymentPlan:
        """The decision; pure."""
        return decide(facts, now)

    async def apply(self, facts: Facts, plan: DeploymentPlan) -> DeploymentPlan:
        """All effects."""
        return await apply(self._context, facts, plan)
