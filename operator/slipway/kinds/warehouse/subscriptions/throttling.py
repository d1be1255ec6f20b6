"""Why a registry is asked more rarely than the interval says."""

from __future__ import annotations

from slipway.kinds.registry.access import Access
from slipway.oci.quota import QuotaState

__all__ = ["why_throttled"]


def why_throttled(access: Access) -> str | None:
    """The words for the condition; None while there is enough left, or nobody tells of a quota.

    They hold for pulls and for requests to the product's own API, and name no number: a status that changed
    with every request would be written with every look.
    """
    if access.client.quota_state in {None, QuotaState.OK}:
        return None
    return (
        f"{access.host} has a fifth or less of its quota left for this credential, or no more than "
        "limits.pullBudgetPercent leaves to others: it is asked more rarely until it has more"
    )
