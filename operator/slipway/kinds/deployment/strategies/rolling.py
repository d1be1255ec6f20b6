"""Rolling: pod by pod, by the Deployment controller of Kubernetes itself."""

from __future__ import annotations

from typing import Any

from slipway.api.deployment import RollingStrategy

__all__ = ["rolling_update"]


def rolling_update(rolling: RollingStrategy) -> dict[str, Any]:
    """The `spec.strategy` of an apps/v1 Deployment that replaces its pods one after the other."""
    return {
        "type": "RollingUpdate",
        "rollingUpdate": {"maxSurge": rolling.max_surge, "maxUnavailable": rolling.max_unavailable},
    }
