"""A person at a keyboard: the real process, with a kubeconfig of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TypeAlias

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.kubeconfig import Kubeconfig
from tests.support.objects import Objects

Slipway: TypeAlias = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def objects(cluster: Cluster, namespace: str, crds: None) -> Objects:
    """The objects of this test's namespace."""
    return Objects(cluster.api, namespace)


@pytest.fixture
def slipway(cluster: Cluster, namespace: str, tmp_path: Path) -> Slipway:
    """`slipway("images")` in the test's namespace, as whoever made the cluster."""
    return commands(cluster.kubeconfig, namespace, tmp_path)


def commands(kubeconfig: Path, namespace: str, home: Path) -> Slipway:
    """The commands of a person with this kubeconfig and home, in a namespace."""

    def run(command: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        others = {name: value for name, value in os.environ.items() if not name.startswith("SLIPWAY_")}
        return subprocess.run(
            [sys.executable, "-m", "slipway.cli", command, "--namespace", namespace, *arguments],
            env={**others, "KUBECONFIG": str(kubeconfig), "HOME": str(home)},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    return run


@pytest.fixture
def reader(cluster: Cluster, namespace: str, crds: None, tmp_path: Path) -> Slipway:
    """`slipway` as somebody who may read Registries and Warehouses, and the Secret `allowed` alone."""
    api = cluster.api
    rules = [
        {"apiGroups": ["slipway.dev"], "resources": ["registries"], "verbs": ["get", "list"]},
        {"apiGroups": ["slipway.dev"], "resources": ["warehouses"], "verbs": ["get"]},
        {"apiGroups": [""], "resources": ["secrets"], "resourceNames": ["allowed"], "verbs": ["get"]},
    ]
    rbac = "rbac.authorization.k8s.io"
    accounts = resource_path("v1", "serviceaccounts", namespace)
    api.create(accounts, {"metadata": {"name": "reader"}})
    api.create(
        resource_path(f"{rbac}/v1", "roles", namespace), {"metadata": {"name": "reader"}, "rules": rules}
    )
    api.create(
        resource_path(f"{rbac}/v1", "rolebindings", namespace),
        {
            "metadata": {"name": "reader"},
            "roleRef": {"apiGroup": rbac, "kind": "Role", "name": "reader"},
            "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
        },
    )
    token = api.create(f"{accounts}/reader/token", {"spec": {}})["status"]["token"]
    kubeconfig = tmp_path / "reader.kubeconfig"
    replace(Kubeconfig.read(cluster.kubeconfig), certificate=None, key=None, token=token).write(kubeconfig)
    return commands(kubeconfig, namespace, tmp_path)
