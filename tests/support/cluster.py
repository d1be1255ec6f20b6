"""Fixtures for tests against a real cluster; `tests/conftest.py` makes them known everywhere below `tests/`.

```python
@pytest.mark.usefixtures("crds")
def test_something(cluster, namespace, operator):
    cluster.kubectl("-n", namespace, "apply", "-f", "-", stdin=manifest)
    cluster.api.wait_for(resource_path("slipway.dev/v1alpha1", "warehouses", namespace, "app"), is_settled)
```

- `cluster`: a `dev.cluster.Cluster`, one per pytest-xdist worker, up once and gone with the worker.
  `cluster.api` is the Kubernetes API with dictionaries in and out, `cluster.kubectl(...)` runs kubectl,
  `cluster.registry_host` is its registry, `cluster.audit` counts requests, `cluster.compact()` compacts etcd.
- `namespace`: the name of a new namespace, deleted after the test; `pull_namespace`: its images must exist.
- `kubectl`: kubectl inside that namespace.
- `crds`: the four kinds are installed.
- `policies`: the admission policies are installed, and removed after the module.
- `operator`: a ready `dev.operator.OperatorProcess`, one per test; it watches the whole cluster.
- `registry`: a `dev.registry.Registry` of this test's own, plain and empty, that a test may stop and start.
- `relay`, `relayed_operator`: an operator that reaches the API server through a relay which can cut it off.
- mark `test_bed`: needs what only our own clusters have (audit log, etcd, fake nodes, relay); such a test is
  skipped when `SLIPWAY_TEST_KUBECONFIG` names an existing cluster.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.install import install_crds, install_policies, remove_policies
from dev.operator import OperatorProcess
from dev.registry import Registry
from dev.relay import Relay

__all__ = [
    "FAST",
    "Kubectl",
    "cluster",
    "crds",
    "kubectl",
    "namespace",
    "new_namespace",
    "operator",
    "policies",
    "pull_namespace",
    "registry",
    "relay",
    "relayed_operator",
]

Kubectl = Callable[..., str]

FAST = {"SLIPWAY_MINIMUM_INTERVAL": "1s"}
"""Settings under which tests need not wait for polls."""


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """One cluster per worker."""
    with Cluster.wanted() as running:
        yield running


def new_namespace(cluster: Cluster, prefix: str, labels: Mapping[str, str] | None = None) -> Iterator[str]:
    """Make a namespace, hand its name out, and ask for its deletion."""
    name = f"{prefix}-{secrets.token_hex(4)}"
    metadata = {"name": name, "labels": dict(labels or {})}
    cluster.api.create(resource_path("v1", "namespaces"), {"metadata": metadata})
    # Pods are refused until the controllers have made the account.
    cluster.api.wait_for(
        resource_path("v1", "serviceaccounts", name, "default"), lambda found: found is not None
    )
    yield name
    cluster.api.delete(resource_path("v1", "namespaces", name=name))


@pytest.fixture
def namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace of this test's own."""
    yield from new_namespace(cluster, "test")


@pytest.fixture
def pull_namespace(cluster: Cluster) -> Iterator[str]:
    """A namespace whose pods get ready only when their images exist."""
    yield from new_namespace(cluster, "pull-test")


@pytest.fixture
def kubectl(cluster: Cluster, namespace: str) -> Kubectl:
    """Kubectl in the test's namespace: `kubectl("get", "pods")`."""

    def run(*arguments: str, stdin: str | None = None) -> str:
        return cluster.kubectl("--namespace", namespace, *arguments, stdin=stdin)

    return run


@pytest.fixture(scope="session")
def crds(cluster: Cluster) -> None:
    """The four kinds, installed once per cluster."""
    install_crds(cluster)


@pytest.fixture(scope="module")
def policies(cluster: Cluster, crds: None) -> Iterator[None]:
    """The admission policies, for this module alone."""
    install_policies(cluster)
    yield
    remove_policies(cluster)


@pytest.fixture
def operator(cluster: Cluster, crds: None, tmp_path: Path) -> Iterator[OperatorProcess]:
    """The operator, ready."""
    with OperatorProcess(cluster, environment=FAST, log=tmp_path / "operator.log") as running:
        yield running


@pytest.fixture
def relay(cluster: Cluster) -> Iterator[Relay]:
    """A relay in front of the API server."""
    with cluster.relay() as running:
        yield running


@pytest.fixture
def relayed_operator(cluster: Cluster, crds: None, relay: Relay, tmp_path: Path) -> Iterator[OperatorProcess]:
    """The operator, ready, behind `relay`."""
    kubeconfig = cluster.kubeconfig_through(relay, tmp_path / "relay.kubeconfig")
    log = tmp_path / "operator.log"
    with OperatorProcess(cluster, environment=FAST, kubeconfig=kubeconfig, log=log) as running:
        yield running


@pytest.fixture
def registry() -> Iterator[Registry]:
    """A registry of this test's own."""
    with Registry() as running:
        yield running
