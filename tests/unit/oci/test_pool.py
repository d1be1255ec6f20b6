from __future__ import annotations

from datetime import UTC, datetime

import pytest

from slipway.http import EgressPolicy
from slipway.oci import ClientPool, Endpoint
from slipway.oci.credentials import Credential
from slipway.oci.errors import EgressRefused, InvalidReference
from tests.support.raw_server import RawServer, Reply

ROBOT = Credential.basic("robot", "hunter2")


class _Clock:
    at = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at


async def test_one_authority_has_one_client() -> None:
    """The same registry and credential share a client, however the URL is written; others do not."""
    pool = ClientPool()
    client = await pool.get(Endpoint("https://r.io", ROBOT))

    assert await pool.get(Endpoint("https://R.io:443/v2/", Credential.basic("robot", "hunter2"))) is client
    for other in (
        Endpoint("https://r.io"),
        Endpoint("https://s.io", ROBOT),
        Endpoint("https://r.io", ROBOT, verify=False),
        Endpoint("https://r.io", ROBOT, ca=b"CA"),
        Endpoint("https://r.io", ROBOT, timeout=5),
        Endpoint("https://r.io", Credential.basic("robot", "rotated")),
    ):
        assert await pool.get(other) is not client
    await pool.aclose()


async def test_namespaces_share_a_client_unless_the_policy_tells_them_apart() -> None:
    """Public registries are asked over the same connections; a Service is open to its own namespace only."""
    pool = ClientPool(EgressPolicy())
    inside = "https://registry.shop.svc"

    public = await pool.get(Endpoint("https://r.io", namespace="shop"))
    assert await pool.get(Endpoint("https://r.io", namespace="other")) is public
    own = await pool.get(Endpoint(inside, namespace="shop"))
    foreign = await pool.get(Endpoint(inside, namespace="other"))
    assert own is not foreign
    with pytest.raises(EgressRefused, match="inside the cluster"):
        await foreign.check()
    await pool.aclose()


async def test_clients_that_nobody_uses_are_dropped() -> None:
    """After a while without use, and not while they are used."""
    clock = _Clock()
    pool = ClientPool(clock=clock, idle=60)
    async with RawServer(lambda _: Reply(200, b"{}")) as server:
        used = await pool.get(Endpoint(server.url))
        idle = await pool.get(Endpoint("https://idle.io"))

        clock.at = 50
        await used.check()
        clock.at = 100
        await pool.get(Endpoint("https://other.io"))

        assert await pool.get(Endpoint(server.url)) is used
        assert await pool.get(Endpoint("https://idle.io")) is not idle
    await pool.aclose()


async def test_what_is_no_url_is_refused() -> None:
    """Before a client is made."""
    with pytest.raises(InvalidReference):
        await ClientPool().get(Endpoint("ftp://r.io"))
