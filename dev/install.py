"""Slipway's kinds on a cluster, as a user installs them."""

from __future__ import annotations

from dev.cache import PROJECT
from dev.cluster import Cluster

__all__ = ["install_crds"]


def install_crds(cluster: Cluster) -> None:
    """Apply `crds/` and wait until the API server serves them."""
    directory = PROJECT / "crds"
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(directory))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(directory))
