"""Whether a person or an autoscaler chose the number of replicas. Pure.

Both write `spec.replicas`; the API server remembers under which name, in `metadata.managedFields`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

__all__ = ["AUTOSCALER", "is_autoscaled"]

AUTOSCALER: Final = "autoscaler"
"""The cause of a change of replicas that no person made."""

_MANAGERS: Final = frozenset({"kube-controller-manager", "keda", "keda-operator"})
"""Names under which autoscalers write: that of Kubernetes itself, and KEDA from and to zero."""


def is_autoscaled(metadata: Mapping[str, Any]) -> bool:
    """Whether an autoscaler wrote the number of replicas last.

    Args:
        metadata: of the live Deployment (deployments.slipway.dev).
    """
    return any(
        entry.get("manager") in _MANAGERS and "f:replicas" in (entry.get("fieldsV1") or {}).get("f:spec", {})
        for entry in metadata.get("managedFields") or ()
    )
