from __future__ import annotations

import pytest

from slipway.charts.clients import ChartClients
from slipway.egress import EgressPolicy, InvalidUrl
from slipway.http import HttpClient

OUTSIDE = "https://charts.example.com/stable"
INSIDE = "https://charts.shop.svc/stable"


def http(clients: ChartClients, url: str, namespace: str) -> HttpClient:
    """The connections that a repository is asked over."""
    return clients.repository(url, namespace).http


async def test_all_namespaces_share_the_connections_to_the_world() -> None:
    """The namespace of whoever asks makes no difference there."""
    clients = ChartClients(EgressPolicy())

    assert http(clients, OUTSIDE, "shop") is http(clients, "https://other.example.com", "other")
    await clients.aclose()


async def test_services_of_the_cluster_are_asked_by_each_namespace_for_itself() -> None:
    """The policy lets one through and not the other: a connection that is open would let both."""
    clients = ChartClients(EgressPolicy())

    ours, theirs = http(clients, INSIDE, "shop"), http(clients, INSIDE, "other")

    assert ours is not theirs
    assert ours is http(clients, INSIDE, "shop")
    assert ours is not http(clients, OUTSIDE, "shop")
    await clients.aclose()


async def test_what_is_no_url_is_refused() -> None:
    """Before a connection is thought of."""
    clients = ChartClients()

    with pytest.raises(InvalidUrl):
        clients.repository("no url", "shop")
    await clients.aclose()
