"""The audit log: every request is counted once, under the client that made it."""

from __future__ import annotations

import urllib.request
from datetime import UTC, datetime

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.kubeconfig import Kubeconfig

pytestmark = pytest.mark.test_bed


def _write_as(cluster: Cluster, user_agent: str, path: str, body: bytes) -> None:
    kubeconfig = Kubeconfig.read(cluster.kubeconfig)
    headers = {"User-Agent": user_agent, "Content-Type": "application/json"}
    request = urllib.request.Request(kubeconfig.server + path, body, headers, method="POST")
    with urllib.request.urlopen(request, context=kubeconfig.ssl_context(), timeout=10):
        pass


def test_requests_are_counted_by_verb_resource_and_client(cluster: Cluster, namespace: str) -> None:
    """Each of our requests between two moments is there, exactly once, right after its answer."""
    path = resource_path("apps/v1", "deployments", namespace)
    for _ in range(5):
        begun = datetime.now(UTC)
        for _ in range(3):
            cluster.api.get(path)
        between = (begun, datetime.now(UTC))

        assert cluster.audit.counts(between, "slipway-dev") == {
            ("list", "deployments.apps", "slipway-dev"): 3
        }


def test_writes_of_slipway_are_told_apart_from_those_of_others(cluster: Cluster, namespace: str) -> None:
    """Only Slipway's own writes count, Events and Leases apart; a write by Kopf inside it is one of them."""
    begun = datetime.now(UTC)
    config_maps = resource_path("v1", "configmaps", namespace)
    _write_as(cluster, "slipway/0.1.0", config_maps, b'{"metadata": {"name": "ours"}}')
    _write_as(cluster, "kopf/1.45.2", config_maps, b'{"metadata": {"name": "of-kopf"}}')
    _write_as(cluster, "slipway-cli/0.1.0", config_maps, b'{"metadata": {"name": "of-the-cli"}}')
    leases = resource_path("coordination.k8s.io/v1", "leases", namespace)
    _write_as(cluster, "slipway/0.1.0", leases, b'{"metadata": {"name": "lease"}}')
    events = resource_path("v1", "events", namespace)
    involved = f'"involvedObject": {{"namespace": "{namespace}"}}'
    _write_as(cluster, "slipway/0.1.0", events, f'{{"metadata": {{"name": "event"}}, {involved}}}'.encode())

    writes = cluster.audit.writes((begun, datetime.now(UTC)))

    assert [(write.verb, write.resource, write.agent) for write in writes.objects] == [
        ("create", "configmaps", "slipway"),
        ("create", "configmaps", "kopf"),
    ]
    assert [write.resource for write in writes.leases] == ["leases.coordination.k8s.io"]
    assert [write.resource for write in writes.events] == ["events"]
    assert "create configmaps" in str(writes)


def test_a_running_watch_counts_once(cluster: Cluster, namespace: str) -> None:
    """A watch is in the log when it starts, and not again when it ends."""
    path = resource_path("v1", "configmaps", namespace)
    version = cluster.api.get(path)["metadata"]["resourceVersion"]
    begun = datetime.now(UTC)
    events = cluster.api.watch(path, resourceVersion=version)
    cluster.api.create(path, {"metadata": {"name": "one"}})
    assert next(events)["object"]["metadata"]["name"] == "one"
    wanted = ("watch", "configmaps", "slipway-dev")

    assert cluster.audit.counts((begun, datetime.now(UTC)), "slipway-dev")[wanted] == 1
    events.close()  # type: ignore[attr-defined]
    assert cluster.audit.counts((begun, datetime.now(UTC)), "slipway-dev")[wanted] == 1
