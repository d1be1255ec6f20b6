"""Slipway's kinds and policies on a cluster, as a user installs them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final

import yaml

from dev.api import ApiError, resource_path
from dev.cache import PROJECT
from dev.cluster import Cluster

__all__ = ["install_crds", "install_policies", "remove_policies"]

_POLICIES: Final = PROJECT / "policies"

_UNHEARD: Final = "does not act on what was said about its policies 30 s ago"

_MANAGED_IMAGE: Final = PROJECT / "examples" / "quickstart" / "managedimage.yaml"


def install_crds(cluster: Cluster) -> None:
    """Apply `crds/` and wait until the API server serves them, and tells kubectl of them.

    Raises:
        TimeoutError: it does not after 30 s.
    """
    directory = PROJECT / "crds"
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(directory))
    cluster.kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", str(directory))
    kinds = len(list(directory.glob("*.yaml")))
    _wait(
        lambda: len(_known_to_kubectl(cluster)) == kinds, "does not tell of the kinds that were made 30 s ago"
    )


def install_policies(cluster: Cluster) -> None:
    """Apply `policies/` and wait until the API server follows them; the kinds must be there.

    Raises:
        TimeoutError: it does not after 30 s.
    """
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", str(_POLICIES))
    _wait(lambda: _stamps(cluster) and _refuses(cluster), _UNHEARD)


def remove_policies(cluster: Cluster) -> None:
    """Delete what `install_policies` applied, and wait until the API server follows it no more.

    Raises:
        TimeoutError: it still does after 30 s.
    """
    cluster.kubectl("delete", "--ignore-not-found", "-f", str(_POLICIES))
    _wait(lambda: not _stamps(cluster) and not _refuses(cluster), _UNHEARD)


def _wait(is_so: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 30
    while not is_so():
        if time.monotonic() > deadline:
            msg = f"the API server {what}"
            raise TimeoutError(msg)
        time.sleep(0.05)


def _known_to_kubectl(cluster: Cluster) -> list[str]:
    """Kinds that are served are told of a moment later."""
    return cluster.kubectl("api-resources", "--api-group=slipway.dev", "--output=name").split()


def _stamps(cluster: Cluster) -> bool:
    """Whether it writes down who asks."""
    return "requested-by.slipway.dev/reconcile" in _dry_run(cluster, "reconcile")


def _refuses(cluster: Cluster) -> bool:
    """Whether it looks at emergencies; that policy stands last in the file, so the others are known too."""
    return "ValidatingAdmissionPolicy" in _dry_run(cluster, "emergency-rebuild")


def _dry_run(cluster: Cluster, verb: str) -> str:
    """What the API server says to a new ManagedImage with a request that has no time."""
    body = yaml.safe_load(_MANAGED_IMAGE.read_text(encoding="utf-8"))
    body["metadata"] = {"name": "policy-probe", "annotations": {f"slipway.dev/{verb}": "now"}}
    path = resource_path(body["apiVersion"], "managedimages", "default")
    try:
        return str(cluster.api.request("POST", path, body=body, query={"dryRun": "All"}))
    except ApiError as error:
        return error.message
