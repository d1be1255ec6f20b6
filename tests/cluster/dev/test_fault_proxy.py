"""The fault proxy before a real API server, with TLS, chunked answers and watches."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from pathlib import Path

import pytest
from typing_extensions import override

from dev.api import KubeApi, resource_path
from dev.cluster import Cluster
from dev.fault_proxy import Call, FaultProxy, Faults

pytestmark = pytest.mark.test_bed


class AnswersToWritesLost(Faults):
    """Writes are carried out, and nobody is told."""

    @override
    def is_answered(self, call: Call, status: int) -> bool:
        return not call.is_write


@pytest.fixture
def proxy(cluster: Cluster) -> Iterator[FaultProxy]:
    """A proxy before the API server."""
    with FaultProxy(cluster.kubeconfig) as running:
        yield running


@pytest.fixture
def proxied(proxy: FaultProxy, tmp_path: Path) -> Iterator[KubeApi]:
    """A client that reaches the API server through the proxy."""
    api = KubeApi.at(proxy.write_kubeconfig(tmp_path / "kubeconfig"))
    yield api
    api.close()


def test_requests_lists_and_watches_pass(proxied: KubeApi, namespace: str) -> None:
    """A long answer comes in chunks, a watch in events."""
    path = resource_path("v1", "configmaps", namespace)
    for number in range(3):
        proxied.create(path, {"metadata": {"name": f"n{number}"}, "data": {"text": "x" * 200_000}})

    listed = proxied.get(path)
    names = {item["metadata"]["name"] for item in listed["items"]}
    seen = {event["object"]["metadata"]["name"] for event in proxied.watch(path, timeoutSeconds="1")}

    assert names == seen >= {"n0", "n1", "n2"}


def test_a_write_whose_answer_is_lost_was_carried_out(
    cluster: Cluster, proxy: FaultProxy, proxied: KubeApi, namespace: str
) -> None:
    """The client sees a broken connection, and the object is there."""
    path = resource_path("v1", "configmaps", namespace)
    proxy.faults = AnswersToWritesLost()

    with pytest.raises((OSError, http.client.HTTPException)):
        proxied.create(path, {"metadata": {"name": "made"}})

    assert cluster.api.find(f"{path}/made") is not None
    assert proxied.find(f"{path}/made") is not None
