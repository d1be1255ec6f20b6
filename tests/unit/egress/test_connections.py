from __future__ import annotations

import socket
import ssl
from collections.abc import Iterable
from typing import Any

import httpcore
import pytest
from typing_extensions import override

from slipway.egress import EgressDenied, EgressPolicy, NameNotResolved
from slipway.egress.connections import CheckedBackend, _Stream

TAKEN = httpcore.AsyncMockStream([])


class _Network(httpcore.AsyncNetworkBackend):
    """Takes connections at some addresses, and notes who was tried for how long."""

    def __init__(self, taking: dict[str, type[Exception] | None]) -> None:
        self.taking = taking
        self.tried: list[tuple[str, float | None]] = []

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        self.tried.append((host, timeout))
        failure = self.taking.get(host)
        if failure is not None:
            raise failure
        return TAKEN


def _backend(addresses: list[str] | OSError, **taking: type[Exception]) -> tuple[CheckedBackend, _Network]:
    async def resolve(name: str, port: int) -> list[str]:
        if isinstance(addresses, OSError):
            raise addresses
        return addresses

    backend = CheckedBackend(EgressPolicy(), resolve)
    network = _Network({name.removeprefix("at_").replace("_", "."): kind for name, kind in taking.items()})
    backend._network = network  # type: ignore[assignment]
    return backend, network


async def test_one_address_gets_ten_seconds() -> None:
    """However long the exchange may take: a host that takes no connection in ten is not there."""
    backend, network = _backend(["203.0.113.1"])

    await backend.connect_tcp("r.io", 443)
    await backend.connect_tcp("r.io", 443, timeout=60)
    await backend.connect_tcp("r.io", 443, timeout=3)

    assert network.tried == [("203.0.113.1", 10), ("203.0.113.1", 10), ("203.0.113.1", 3)]


async def test_several_addresses_are_tried_in_turn_for_less() -> None:
    """Four at most; only the last one may take its time."""
    backend, network = _backend(
        [f"203.0.113.{number}" for number in range(1, 7)],
        at_203_0_113_1=httpcore.ConnectError,
        at_203_0_113_2=httpcore.ConnectTimeout,
        at_203_0_113_3=httpcore.ConnectError,
    )

    await backend.connect_tcp("r.io", 443)

    assert network.tried == [
        ("203.0.113.1", 5),
        ("203.0.113.2", 5),
        ("203.0.113.3", 5),
        ("203.0.113.4", 10),
    ]


async def test_the_last_failure_is_the_one_that_counts() -> None:
    """When none takes the connection."""
    backend, _ = _backend(
        ["203.0.113.1", "203.0.113.2"],
        at_203_0_113_1=httpcore.ConnectError,
        at_203_0_113_2=httpcore.ConnectTimeout,
    )

    with pytest.raises(httpcore.ConnectTimeout):
        await backend.connect_tcp("r.io", 443)


@pytest.mark.parametrize("addresses", [[], OSError("no such name")])
async def test_a_name_without_an_address_is_an_error(addresses: list[str] | OSError) -> None:
    """Nothing is tried."""
    backend, network = _backend(addresses)

    with pytest.raises(NameNotResolved, match=r"r\.io"):
        await backend.connect_tcp("r.io", 443)
    assert network.tried == []


async def test_one_forbidden_address_forbids_the_name() -> None:
    """An honest host has none, and which one is tried first would be chance."""
    backend, network = _backend(["203.0.113.1", "169.254.169.254"])

    with pytest.raises(EgressDenied):
        await backend.connect_tcp("r.io", 443)
    assert network.tried == []


class _Connected(httpcore.AsyncMockStream):
    """A connection that is nothing but a socket."""

    def __init__(self, end: socket.socket) -> None:
        super().__init__([])
        self.end = end

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        return self

    @override
    def get_extra_info(self, info: str) -> Any:
        return self.end if info == "socket" else None


@pytest.mark.parametrize("with_tls", [False, True])
async def test_a_kept_connection_is_known_to_be_closed(with_tls: bool) -> None:
    """Before anything is sent on it: what must not be sent twice could not be sent again."""
    ours, theirs = socket.socketpair()
    stream: httpcore.AsyncNetworkStream = _Stream(_Connected(ours))
    if with_tls:
        stream = await stream.start_tls(ssl.create_default_context())

    assert not stream.get_extra_info("is_readable")
    theirs.close()
    assert stream.get_extra_info("is_readable")
    ours.close()
    assert stream.get_extra_info("is_readable")
