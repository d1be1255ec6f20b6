"""The Rolling strategy."""

from __future__ import annotations

from slipway.api.deployment import RollingStrategy, Strategy
from slipway.kinds.deployment.strategies import workload_strategy
from slipway.kinds.deployment.strategies.rolling import rolling_update


def test_default_loses_no_pod() -> None:
    """A quarter more pods, and none fewer."""
    assert rolling_update(RollingStrategy()) == {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": 0},
    }


def test_factory_knows_it() -> None:
    """By its type."""
    rolling = RollingStrategy(max_surge=2, max_unavailable="10%")

    assert workload_strategy(Strategy(type="Rolling", rolling=rolling)) == rolling_update(rolling)
