"""Registries and tenants that want requests or credentials to go where they must not.

Abuse cases 16 to 25 are told here to the whole client, with names that a resolver of the test's own gives
addresses to.
"""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Awaitable, Callable

import pytest

from slipway.egress import EgressPolicy
from slipway.http import Circuits, HttpClient
from slipway.oci import ClientPool, Endpoint, RegistryClient
from slipway.oci.credentials import ALLOWED_HOSTS, Credential, Secret, credential_for
from slipway.oci.errors import (
    AuthenticationFailed,
    CredentialNotBound,
    EgressRefused,
    InvalidReference,
    InvalidResponse,
    ListingIncomplete,
    RegistryError,
)
from slipway.oci.retries import Retries
from slipway.oci.session import RegistrySession
from slipway.oci.sources import StaticCredential
from tests.support.raw_server import RawServer, Reply, Seen, Streaming

METADATA = "169.254.169.254"
BASIC = "Basic " + base64.b64encode(b"robot:hunter2").decode()
TAGS = Reply(200, b'{"tags":["a"]}')
QUICK = Retries(delay=0.001)


class _World:
    """Names and their addresses; every look-up is noted."""

    def __init__(self, **addresses: list[str]) -> None:
        self.addresses = {name.replace("_", "."): found for name, found in addresses.items()}
        self.looked_up: list[str] = []

    async def resolve(self, name: str, port: int) -> list[str]:
        self.looked_up.append(name)
        return self.addresses.get(name.rstrip("."), ["127.0.0.1"])

    def client(self, url: str, policy: EgressPolicy | None = None) -> RegistryClient:
        http = HttpClient(policy or EgressPolicy(internal=True), timeout=5, resolve=self.resolve)
        source = StaticCredential(Credential.basic("robot", "hunter2", ("registry.corp.example",)))
        return RegistryClient.over(RegistrySession(url, http, source, retries=QUICK), 5)


def _challenge(realm: str) -> Reply:
    return Reply(401, b"{}", (("WWW-Authenticate", f'Bearer realm="{realm}",service="r"'),))


def _to(location: str, status: int = 302) -> Reply:
    return Reply(status, b"", (("Location", location),))


@pytest.mark.parametrize("name", [METADATA, "[fd00:ec2::254]", "100.100.100.200"])
async def test_a_registry_url_that_is_a_metadata_service_is_not_called(name: str) -> None:
    """Abuse 16: whatever the policy; the reason says that the policy forbids it."""
    async with RegistryClient(f"http://{name}/latest/meta-data") as client:
        with pytest.raises(EgressRefused, match="never called") as caught:
            await client.list_tags("a")
    assert caught.value.reason == "EgressDenied"


@pytest.mark.parametrize(
    "host",
    [
        f"[::ffff:{METADATA}]",
        "2852039166",
        "0xa9fea9fe",
        "0251.0376.0251.0376",
        "169.254.43518",
        "[64:ff9b::a9fe:a9fe]",
    ],
)
async def test_other_notations_of_the_address_change_nothing(host: str) -> None:
    """Abuse 17: IPv4 in IPv6, decimal, hexadecimal, octal, short."""
    with pytest.raises((EgressRefused, InvalidReference)):
        async with RegistryClient(f"http://{host}") as client:
            await client.list_tags("a")


async def test_a_name_that_leads_there_is_refused_after_its_look_up() -> None:
    """Abuse 17: even when another of its addresses is harmless."""
    world = _World(innocent_example_com=["127.0.0.1", METADATA])
    async with world.client("http://innocent.example.com") as client:
        with pytest.raises(EgressRefused, match=r"innocent\.example\.com \(169\.254\.169\.254\)"):
            await client.list_tags("a")


@pytest.mark.parametrize("target", [f"http://{METADATA}/x", "http://metadata.example.com/x"])
async def test_a_redirect_there_is_not_followed(target: str) -> None:
    """Abuse 17: by address or by name, of a list, of a manifest, and of a blob."""
    world = _World(metadata_example_com=[METADATA])
    async with RawServer(lambda _: _to(target)) as server, world.client(server.url) as client:
        with pytest.raises(EgressRefused):
            await client.list_tags("a")
        with pytest.raises(EgressRefused):
            await client.head_manifest("a", "1.0")
        with pytest.raises(EgressRefused):
            _ = [piece async for piece in client.stream_blob("a", f"sha256:{'0' * 64}")]


async def test_a_next_page_there_is_not_fetched() -> None:
    """Abuse 17: pages stay on the host that the first one came from."""
    link = ("Link", f'<http://{METADATA}/v2/a/tags/list?last=a>; rel="next"')
    async with RawServer(lambda _: Reply(200, TAGS.body, (link,))) as server:
        async with _World().client(server.url) as client:
            with pytest.raises(ListingIncomplete, match="another host"):
                await client.list_tags("a")
        assert len(server.seen) == 1


async def test_a_token_server_there_is_not_asked() -> None:
    """Abuse 17: by name, which only its resolution shows."""
    world = _World(auth_corp_example=[METADATA])
    async with (
        RawServer(lambda _: _challenge("http://auth.corp.example/token")) as server,
        world.client(f"http://registry.corp.example:{server.port}") as client,
    ):
        with pytest.raises(EgressRefused, match=r"auth\.corp\.example \(169\.254\.169\.254\)"):
            await client.list_tags("a")


async def test_a_name_that_changes_its_address_gains_nothing() -> None:
    """Abuse 17: the address that was checked is the one connected to; a new connection is checked anew."""
    world = _World()

    async def once(writer: asyncio.StreamWriter) -> None:
        # The header says that this is the whole list: nothing more is asked for.
        says = b"Docker-Distribution-Api-Version: registry/2.0\r\nConnection: close\r\nContent-Length: 14"
        writer.write(b"HTTP/1.1 200 OK\r\n" + says + b"\r\n\r\n" + TAGS.body)
        await writer.drain()

    async with (
        RawServer(lambda _: Streaming(once)) as server,
        world.client(f"http://rebind.example.com:{server.port}") as client,
    ):
        assert (await client.list_tags("a")).names == ("a",)
        assert set(world.looked_up) == {"rebind.example.com"}
        asked = len(server.seen)
        world.addresses["rebind.example.com"] = [METADATA]
        with pytest.raises(EgressRefused):
            await client.list_tags("a")
        assert len(server.seen) == asked


@pytest.mark.parametrize(
    "url",
    [
        "https://10.96.0.1",
        "https://kubernetes.default.svc",
        "https://kubernetes.default.svc.cluster.local",
        "https://etcd.kube-system.svc:2379",
        "https://127.0.0.1:2379",
        "https://localhost",
        "http://registry.example.com",
        "https://registry.other.svc",
        "https://public.example.com:6443",
    ],
)
async def test_the_inside_of_the_cluster_is_closed_to_tenants(url: str) -> None:
    """Abuse 18: the API server under any name, etcd, loopback, Services of others, plain http."""
    policy = EgressPolicy(deny=("10.96.0.1", "203.0.113.7:6443"))
    pool = ClientPool(policy, retries=QUICK)
    client = await pool.get(Endpoint(url, namespace="shop"))
    client._session._http._resolve = _World(
        public_example_com=["203.0.113.7"], localhost=["127.0.0.1"]
    ).resolve
    with pytest.raises(EgressRefused):
        await client.check()
    await pool.aclose()


async def test_the_allow_list_opens_what_it_names() -> None:
    """Abuse 18: and nothing beside it."""
    async with RawServer(lambda _: TAGS) as listed, RawServer(lambda _: TAGS) as other:
        pool = ClientPool(EgressPolicy(allow=(listed.host,)), retries=QUICK)
        assert (await (await pool.get(Endpoint(listed.url))).list_tags("a")).names == ("a",)
        with pytest.raises(EgressRefused, match="SLIPWAY_EGRESS_ALLOW"):
            await (await pool.get(Endpoint(other.url))).list_tags("a")
        assert other.connections == 0
        await pool.aclose()


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "gopher://r.io/", "unix:/run/x.sock", "unix:///run/x.sock", "ftp://r.io"]
)
async def test_other_schemes_are_no_registries(url: str) -> None:
    """Abuse 19: they are refused before anything is opened, and so is a redirect to one."""
    with pytest.raises(InvalidReference):
        RegistryClient(url)
    async with RawServer(lambda _: _to(url)) as server, _World().client(server.url) as client:
        with pytest.raises(InvalidResponse, match="no URL"):
            await client.list_tags("a")


@pytest.mark.parametrize(
    "url",
    [
        "https://robot:hunter2@r.io",
        "https://r.io@evil.example",
        "https://r.io%40evil.example",
        "https://r.io\r\nX-Evil: 1",
        "https://r.io/\r\nHost: evil",
        "https://r.io\x00.evil.example",
        "https://r.io\\@evil.example",
    ],
)
def test_addresses_that_mean_another_host_than_they_show_are_refused(url: str) -> None:
    """Abuse 20: user info, `@`, line ends, NUL; and a password in one is not repeated."""
    with pytest.raises(InvalidReference) as caught:
        RegistryClient(url)
    assert "hunter2" not in str(caught.value)


async def test_a_look_alike_is_shown_for_what_it_is() -> None:
    """Abuse 20: a name in another script appears in its ASCII form in every message."""
    async with RegistryClient("https://r\u0435gistry.example", max_retries=0) as client:
        client._session._http._resolve = _World(**{"xn--rgistry-7gg_example": [METADATA]}).resolve
        with pytest.raises(EgressRefused, match=r"xn--rgistry-7gg\.example"):
            await client.check()


@pytest.mark.parametrize(
    "realm",
    [
        "http://auth.evil.example:{port}/token",
        "http://registry.corp.example.evil.example:{port}/token",
        "http://evil-corp.example:{port}/token",
        "http://127.0.0.1:{port}/token",
    ],
)
async def test_a_token_server_in_another_domain_gets_no_credential(realm: str) -> None:
    """Abuse 21: it is not even asked; the message says how to allow it."""
    async with RawServer(lambda _: Reply(200, b'{"token":"t"}')) as thief:
        where = realm.format(port=thief.port)
        async with (
            RawServer(lambda _: _challenge(where)) as server,
            _World().client(f"http://registry.corp.example:{server.port}") as client,
        ):
            with pytest.raises(AuthenticationFailed, match=ALLOWED_HOSTS):
                await client.list_tags("a")
        assert thief.connections == 0


@pytest.mark.parametrize(
    "ask",
    [
        lambda client: client.list_tags("a"),
        lambda client: client.get_blob("a", f"sha256:{'0' * 64}", 100),
        lambda client: client.head_manifest("a", "1.0"),
    ],
    ids=["list", "blob", "manifest"],
)
async def test_a_redirect_to_another_host_loses_the_authorization(
    ask: Callable[[RegistryClient], Awaitable[object]],
) -> None:
    """Abuse 22: whatever was asked for; and a second look shows the credential to its own host alone."""
    async with RawServer(lambda _: Reply(404)) as thief:

        def script(seen: Seen) -> Reply:
            if seen.headers.get("authorization") == BASIC:
                return _to(f"http://cdn.example.net:{thief.port}/x", 307)
            return Reply(401, b"{}", (("WWW-Authenticate", 'Basic realm="r"'),))

        async with (
            RawServer(script) as server,
            _World().client(f"http://registry.corp.example:{server.port}") as client,
        ):
            for _ in range(2):
                with pytest.raises(RegistryError):
                    await ask(client)
        assert thief.seen
        assert all("authorization" not in seen.headers for seen in thief.seen)


@pytest.mark.parametrize(
    "secret",
    [
        Secret(
            "acme",
            "kubernetes.io/dockerconfigjson",
            {
                ".dockerconfigjson": json.dumps(
                    {"auths": {"registry.corp.example": {"username": "robot", "password": "hunter2"}}}
                ).encode()
            },
        ),
        Secret(
            "acme",
            "kubernetes.io/basic-auth",
            {"username": b"robot", "password": b"hunter2"},
            {ALLOWED_HOSTS: "registry.corp.example"},
        ),
        Secret("acme", "Opaque", {"token": b"hunter2"}, {ALLOWED_HOSTS: "registry.corp.example"}),
    ],
    ids=lambda secret: secret.type,
)
def test_an_edited_url_does_not_get_the_secret(secret: Secret) -> None:
    """Abuse 23: it is bound to the hosts that it names itself."""
    assert credential_for(secret, "registry.corp.example").secrets
    for host in ("evil.example", "registry.corp.example.evil.example", "registry.corp.example:8443"):
        with pytest.raises(CredentialNotBound) as caught:
            credential_for(secret, host)
        assert "hunter2" not in str(caught.value)


async def test_a_wrong_credential_closes_no_host_for_others() -> None:
    """A tenant who is refused again and again; its neighbour is served all the while."""
    circuits = Circuits()

    def script(seen: Seen) -> Reply:
        wrong = seen.headers.get("authorization") not in {None, BASIC}
        return Reply(401, b"{}", (("WWW-Authenticate", 'Basic realm="r"'),)) if wrong else TAGS

    async with RawServer(script) as server:

        def client(password: str) -> RegistryClient:
            http = HttpClient(timeout=5, circuits=circuits)
            source = StaticCredential(Credential.basic("robot", password))
            return RegistryClient.over(RegistrySession(server.url, http, source, retries=QUICK), 5)

        async with client("wrong") as theirs, client("hunter2") as ours:
            for _ in range(8):
                with pytest.raises(AuthenticationFailed):
                    await theirs.check()
                assert (await ours.list_tags("a")).names == ("a",)
