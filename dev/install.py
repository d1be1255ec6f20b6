"""Slipway's kinds and policies on a cluster, as a user installs them."""

from __future__ import annotations

import time
from typing import Final

import yaml

from dev.api import ApiError, resource_path
from dev.cache import PROJECT
from dev.cluster import Cluster

__all__ = ["install_crds", "install_policies", "remove_policies"]

_POLICIES: Final = PROJECT / "policies"

_MANAGED_IMAGE: Final = PROJECT / "examples" / "quickstart" / "managedimage.yaml"


def install_crds(cluster: Cluster) -> None:
    """Apply `crds/` and wait until the API server serves them."""
    directory = PROJECT / "crds"
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(directory))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(directory))


def install_policies(cluster: Cluster) -> None:
    """Apply `policies/` and wait until the API server follows them; the kinds must be there.

    Raises:
        TimeoutError: it does not after 30 s.
    """
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(_POLICIES))
    deadline = time.monotonic() + 30
    while not _are_followed(cluster):
        if time.monotonic() > deadline:
            msg = "the API server does not follow the policies that were applied 30 s ago"
            raise TimeoutError(msg)
        time.sleep(0.05)


def remove_policies(cluster: Cluster) -> None:
    """Delete what `install_policies` applied."""
    cluster.kubectl("delete", "--ignore-not-found", "-f", str(_POLICIES))


def _are_followed(cluster: Cluster) -> bool:
    """Whether a request is stamped, and a bad one refused by the policy that stands last in the file."""
    stamped = _dry_run(cluster, "reconcile")
    refused = _dry_run(cluster, "emergency-rebuild")
    return "requested-by.slipway.dev/reconcile" in stamped and "ValidatingAdmissionPolicy" in refused


def _dry_run(cluster: Cluster, verb: str) -> str:
    """What the API server says to a new ManagedImage with a request that has no time."""
    body = yaml.safe_load(_MANAGED_IMAGE.read_text(encoding="utf-8"))
    body["metadata"] = {"name": "policy-probe", "annotations": {f"slipway.dev/{verb}": "now"}}
    path = resource_path(body["apiVersion"], "managedimages", "default")
    try:
        return str(cluster.api.request("POST", path, body=body, query={"dryRun": "All"}))
    except ApiError as error:
        return error.message
