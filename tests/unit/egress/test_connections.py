from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator

import aiohttp
import pytest

from slipway.egress import LIBRARY_POLICY, EgressDenied, EgressPolicy, NameNotResolved, connections
from slipway.egress.connections import CheckedResolver, Resolver, open_session
from tests.support.raw_server import RawServer, Reply


def _known(*addresses: str) -> Resolver:
    """A resolver for which every name has these addresses."""

    async def resolve(name: str, port: int) -> list[str]:
        return list(addresses)

    return resolve


async def _unknown(name: str, port: int) -> list[str]:
    msg = "no such name"
    raise OSError(msg)


@pytest.fixture
async def full() -> AsyncIterator[int]:
    """The port of a server on 127.0.0.2 that takes no more connections, and refuses none."""
    with socket.socket() as server, socket.socket() as first, socket.socket() as second:
        server.bind(("127.0.0.2", 0))
        server.listen(0)
        for client in (first, second):
            client.setblocking(False)
            client.connect_ex(server.getsockname())
        yield server.getsockname()[1]


async def test_four_addresses_at_most_are_given() -> None:
    """In the resolver's order, of both families."""
    resolver = CheckedResolver(EgressPolicy(), _known("2001:db8::1", *(f"203.0.113.{n}" for n in range(9))))

    found = await resolver.resolve("r.io", 443)

    assert [one["host"] for one in found] == ["2001:db8::1", "203.0.113.0", "203.0.113.1", "203.0.113.2"]
    assert [one["family"] for one in found] == [socket.AF_INET6, *[socket.AF_INET] * 3]
    assert {(one["hostname"], one["port"]) for one in found} == {("r.io", 443)}


@pytest.mark.parametrize("resolve", [_known(), _unknown])
async def test_a_name_without_an_address_is_an_error(resolve: Resolver) -> None:
    """It names the host."""
    with pytest.raises(NameNotResolved, match=r"r\.io"):
        await CheckedResolver(EgressPolicy(), resolve).resolve("r.io", 443)


async def test_one_forbidden_address_forbids_the_name() -> None:
    """An honest host has none, and which one is tried first would be chance."""
    resolver = CheckedResolver(EgressPolicy(), _known("203.0.113.1", "169.254.169.254"))

    with pytest.raises(EgressDenied):
        await resolver.resolve("r.io", 443)


async def test_an_address_that_takes_no_connection_holds_nobody_up(full: int) -> None:
    """The next one is tried long before the time is over."""
    async with (
        RawServer(lambda _: Reply(body=b"x"), port=full),
        open_session(LIBRARY_POLICY, _known("127.0.0.2", "127.0.0.1")) as session,
        asyncio.timeout(5),
        session.get(f"http://two.test:{full}/") as answer,
    ):
        assert await answer.read() == b"x"


async def test_all_addresses_together_have_one_time(full: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many there are, and however long the exchange may take."""
    monkeypatch.setattr(connections, "_PATIENCE", 0.6)
    async with open_session(LIBRARY_POLICY, _known(*["127.0.0.2"] * 4)) as session:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(aiohttp.ConnectionTimeoutError):
            await session.get(f"http://four.test:{full}/")

        assert asyncio.get_running_loop().time() - begun < 4 * 0.6


async def test_nothing_is_sent_that_nobody_asked_for() -> None:
    """No cookies that came before, no default headers."""
    reply = Reply(headers=(("Set-Cookie", "a=b"),))
    async with RawServer(lambda _: reply) as server, open_session(LIBRARY_POLICY, _known()) as session:
        for _ in range(2):
            await (await session.post(server.url, data=b"x")).read()

    assert set(server.seen[1].headers) == {"host", "content-length"}
