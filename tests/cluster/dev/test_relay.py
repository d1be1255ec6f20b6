"""The relay in front of a real API server: cut, refused and open again, seen by a client with a watch."""

from __future__ import annotations

import contextlib
import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest

from dev.api import KubeApi, resource_path
from dev.cluster import Cluster
from dev.relay import Relay

pytestmark = pytest.mark.test_bed


@pytest.fixture
def relayed(cluster: Cluster, relay: Relay, tmp_path: Path) -> Iterator[KubeApi]:
    """A client that reaches the API server through the relay."""
    api = KubeApi.at(cluster.kubeconfig_through(relay, tmp_path / "kubeconfig"))
    yield api
    api.close()


def test_requests_pass(relayed: KubeApi, relay: Relay) -> None:
    """TLS and client certificate work through the relay."""
    assert relayed.get("/readyz")["text"] == "ok"
    assert relay.connections == 1


def test_a_cut_breaks_a_running_watch_and_new_connections_pass(relayed: KubeApi, relay: Relay) -> None:
    """What was open ends at once; what comes next works."""
    path = resource_path("v1", "namespaces")
    version = relayed.get(path)["metadata"]["resourceVersion"]
    events = relayed.watch(path, resourceVersion="0")
    next(events)

    relay.cut()

    # Python's HTTP client may take a broken chunked answer for its end.
    with contextlib.suppress(OSError, http.client.HTTPException):
        list(events)
    assert relayed.get(path)["metadata"]["resourceVersion"] >= version


def test_refusing_lasts_until_it_is_open_again(cluster: Cluster, relayed: KubeApi, relay: Relay) -> None:
    """Refused clients get no connection at all, while the API server works on for others."""
    relayed.get("/readyz")

    relay.refuse()

    for _ in range(2):
        with pytest.raises(OSError, match="refused"):
            relayed.get("/readyz")
    assert relay.connections == 0
    assert cluster.api.get("/readyz")["text"] == "ok"
    relay.reopen()
    assert relayed.get("/readyz")["text"] == "ok"
