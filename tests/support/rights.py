"""An account that may do what the operator needs, as docs/architecture.md says, and nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from dev.api import resource_path
from dev.cache import PROJECT
from dev.cluster import Cluster
from dev.kubeconfig import Kubeconfig

__all__ = ["needed_rights", "write_kubeconfig"]

_NAME = "slipway"
_NAMESPACE = "default"
_RBAC = "rbac.authorization.k8s.io/v1"
_A_DAY = 24 * 60 * 60
_WORD = re.compile(r"`([a-z0-9./-]+)`")


def needed_rights() -> list[dict[str, Any]]:
    """The rules of a ClusterRole, from the table under "Rights"."""
    page = (PROJECT / "docs" / "architecture.md").read_text()
    section = page.partition("\n## Rights\n")[2].partition("\n## ")[0]
    rows = [line.strip("| ").split(" | ") for line in section.splitlines() if line.startswith("| ")][1:]
    return [
        {
            "apiGroups": _WORD.findall(group) or [""],
            "resources": _WORD.findall(resources),
            "verbs": verbs.split(", "),
        }
        for group, resources, verbs, _ in rows
    ]


def write_kubeconfig(cluster: Cluster, path: Path) -> Path:
    """Make the account, or bring it to the table, and write a kubeconfig that logs in as it."""
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": _NAME}
    subject = {"kind": "ServiceAccount", "name": _NAME, "namespace": _NAMESPACE}
    accounts = resource_path("v1", "serviceaccounts", _NAMESPACE)
    for there, body in (
        (accounts, {"apiVersion": "v1", "kind": "ServiceAccount"}),
        (
            resource_path(_RBAC, "clusterroles"),
            {"apiVersion": _RBAC, "kind": "ClusterRole", "rules": needed_rights()},
        ),
        (
            resource_path(_RBAC, "clusterrolebindings"),
            {"apiVersion": _RBAC, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]},
        ),
    ):
        cluster.api.apply(f"{there}/{_NAME}", {**body, "metadata": {"name": _NAME}}, manager="tests")
    request = {"spec": {"expirationSeconds": _A_DAY}}
    token = cluster.api.create(f"{accounts}/{_NAME}/token", request)["status"]["token"]
    administrator = Kubeconfig.read(cluster.kubeconfig)
    replace(administrator, certificate=None, key=None, token=token).write(path)
    return path
