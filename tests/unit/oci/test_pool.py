from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import pytest

from slipway.egress import Limits
from slipway.http import EgressPolicy
from slipway.oci import ClientPool, Endpoint
from slipway.oci.auth import basic_header
from slipway.oci.credentials import Credential
from slipway.oci.errors import EgressRefused, InvalidReference, RegistryUnreachable
from slipway.oci.quota import QuotaKind
from slipway.oci.retries import Retries
from slipway.oci.sources import StaticCredential
from tests.support.raw_server import RawServer, Reply, Seen, Streaming

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
        Endpoint("https://r.io", ROBOT, limits=Limits(requests_per_second=5)),
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


async def test_a_source_exchanges_the_credential() -> None:
    """What it gives is shown; the client is found by the credential that does not change."""

    class _Exchange(StaticCredential):
        pass

    challenge = Reply(401, b"{}", (("WWW-Authenticate", 'Basic realm="r"'),))
    pool = ClientPool(retries=Retries(most=0))
    async with RawServer(
        lambda seen: Reply(200, b"{}") if "authorization" in seen.headers else challenge
    ) as server:
        exchanged = Credential.basic("AWS", "short-lived")
        client = await pool.get(Endpoint(server.url, ROBOT, source=_Exchange(exchanged)))
        await client.check()

        assert server.seen[-1].headers["authorization"] == basic_header(exchanged)
        assert await pool.get(Endpoint(server.url, ROBOT, source=_Exchange(ROBOT))) is client
    await pool.aclose()


async def test_the_limits_of_an_endpoint_bound_its_client() -> None:
    """One at a time for this one, while another client of the same host goes on."""
    pool = ClientPool(retries=Retries(most=0))
    gate = asyncio.Event()
    arrived = {name: asyncio.Event() for name in ("narrow", "wide")}

    async def answer(writer: asyncio.StreamWriter) -> None:
        arrived[server.seen[-1].path.split("/")[2]].set()
        await gate.wait()
        writer.write(Reply(200, b'{"tags":["a"]}').encode("GET"))
        await writer.drain()

    async with RawServer(lambda _: Streaming(answer)) as server:
        narrow = await pool.get(Endpoint(server.url, limits=Limits(concurrency=1)))
        wide = await pool.get(Endpoint(server.url))
        tasks = [asyncio.create_task(narrow.list_tags("narrow")) for _ in range(2)]
        await arrived["narrow"].wait()
        tasks.append(asyncio.create_task(wide.list_tags("wide")))
        await arrived["wide"].wait()
        # The second one of the narrow client came before, and still waits.
        assert [seen.path.split("/")[2] for seen in server.seen] == ["narrow", "wide"]
        gate.set()
        await asyncio.gather(*tasks)
    await pool.aclose()


async def test_a_client_tells_what_it_may_still_pull() -> None:
    """By the headers of its last answer, and the share that its Registry leaves to others."""

    def script(seen: Seen) -> Reply:
        left = 30 if len(server.seen) == 1 else 20
        headers = (("RateLimit-Limit", "100;w=21600"), ("RateLimit-Remaining", f"{left};w=21600"))
        return Reply(404, b"{}", headers)

    pool = ClientPool(retries=Retries(most=0))
    async with RawServer(lambda _: Reply()) as server:
        server.script = script
        client = await pool.get(Endpoint(server.url, limits=Limits(pull_budget_percent=80)))
        assert client.quota == {}
        assert client.may_pull()
        for left, may_pull in ((30, True), (20, False)):
            assert not await client.blob_exists("a", f"sha256:{'0' * 64}")
            assert client.quota[QuotaKind.PULL].remaining == left
            assert client.may_pull() == may_pull
    await pool.aclose()


async def test_two_credentials_of_one_host_are_kept_apart() -> None:
    """Each client shows its own to the token server, and its own token to the registry."""
    other = Credential.basic("reader", "s3cret")
    pool = ClientPool(retries=Retries(most=0))

    def script(seen: Seen) -> Reply:
        shown = seen.headers.get("authorization", "")
        if seen.path == "/token":
            return Reply(200, f'{{"token":"of-{"robot" if "robot" in seen.target else "reader"}"}}'.encode())
        if shown.startswith("Bearer of-"):
            return Reply(200, f'{{"tags":["{shown.removeprefix("Bearer ")}"]}}'.encode())
        realm = f'Bearer realm="{server.url}/token",service="r"'
        return Reply(401, b"{}", (("WWW-Authenticate", realm),))

    async with RawServer(script) as server:
        clients = [await pool.get(Endpoint(server.url, credential)) for credential in (ROBOT, other)]
        for _ in range(2):
            assert [(await client.list_tags("a")).names for client in clients] == [
                ("of-robot",),
                ("of-reader",),
            ]

        fetched = [seen.headers["authorization"] for seen in server.seen if seen.path == "/token"]
        assert fetched == [basic_header(ROBOT), basic_header(other)]
    await pool.aclose()


async def test_clients_of_a_pool_know_together_that_a_host_is_down() -> None:
    """What one of them has found out spares the others the same failures."""
    async with RawServer(lambda _: Reply()) as server:
        url = server.url
    pool = ClientPool(retries=Retries(most=4, delay=0.001))
    with pytest.raises(RegistryUnreachable, match="Connection refused"):
        await (await pool.get(Endpoint(url))).check()

    with pytest.raises(RegistryUnreachable, match="is left alone"):
        await (await pool.get(Endpoint(url, ROBOT))).check()
    await pool.aclose()


async def test_a_client_that_was_given_out_just_now_is_not_idle() -> None:
    """Whoever got it has not asked yet, or asks the API of the product, which nobody counts."""
    clock = _Clock()
    pool = ClientPool(clock=clock)
    await pool.registry(Endpoint("https://a.example.com"))
    clock.at += 3600
    given = await pool.registry(Endpoint("https://a.example.com"))

    await pool.registry(Endpoint("https://b.example.com"))

    assert await pool.registry(Endpoint("https://a.example.com")) is given
    await pool.aclose()


async def test_with_a_key_of_its_own_ids_outlive_the_pool() -> None:
    """And nobody with another key makes the same ones."""
    first, again, other = (ClientPool(identity_key=key) for key in (b"1" * 32, b"1" * 32, None))
    endpoint = Endpoint("https://r.io", ROBOT)

    ids = [(await pool.registry(endpoint)).credential_id for pool in (first, again, other)]

    assert ids[0] == ids[1] != ids[2]
    assert ids[2] == endpoint.credential_id
