"""The ways out to builders."""

from __future__ import annotations

import pytest

from slipway.build.builders.clients import BuilderClients
from slipway.egress import EgressDenied, EgressPolicy
from slipway.engine.fence import Fence
from slipway.engine.lease import LeaseLost
from tests.support.ci.fake import ManualClock


async def test_hosts_outside_share_their_connections() -> None:
    """Whichever namespace asks; names inside of the cluster are the namespace's own."""
    clients = BuilderClients()
    outside = clients.client("https://api.github.com", "shop")
    assert clients.client("https://git.example.com/api/v3", "other") is outside
    inside = clients.client("https://gitea.shop.svc", "shop")
    assert inside is not outside
    assert clients.client("https://gitea.shop.svc", "other") is not inside
    await clients.aclose()


async def test_what_the_policy_forbids_is_not_called() -> None:
    """Services of other namespaces, and plain http."""
    clients = BuilderClients(EgressPolicy())
    for url in ("https://gitea.shop.svc", "http://git.example.com"):
        with pytest.raises(EgressDenied):
            await clients.client(url, "other").request("GET", url)
    await clients.aclose()


async def test_nothing_is_changed_without_the_lease() -> None:
    """A fence that is closed lets no order out."""
    clients = BuilderClients(EgressPolicy(), Fence(ManualClock(), 15))
    url = "https://api.github.com"
    with pytest.raises(LeaseLost):
        await clients.client(url, "shop").request("POST", url)
    await clients.aclose()
