"""How a new revision replaces the old one: one module per strategy, and the choice between them."""

from __future__ import annotations

from typing import Any

from slipway.api.deployment import Strategy
from slipway.kinds.deployment.strategies.rolling import rolling_update

__all__ = ["workload_strategy"]


def workload_strategy(strategy: Strategy) -> dict[str, Any]:
    """The `spec.strategy` of the apps/v1 Deployment."""
    match strategy.type:
        case "Rolling":
            return rolling_update(strategy.rolling)
