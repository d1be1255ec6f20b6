"""Connections to checked addresses."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
from collections.abc import Iterable
from typing import Any, Final

import httpcore
from typing_extensions import override

from slipway.egress.addresses import Resolver, checked_addresses, resolve_with_system
from slipway.egress.policy import EgressPolicy

__all__ = ["CheckedBackend", "Resolver", "resolve_with_system"]

_PATIENCE: Final = 10.0  # seconds that a connection may take, whatever time there is for the exchange
_SHARE: Final = 5.0  # seconds an address gets while there is another one to try


class CheckedBackend(httpcore.AsyncNetworkBackend):
    """Connects to addresses that the policy has seen: a name cannot mean another one a moment later."""

    def __init__(self, policy: EgressPolicy, resolve: Resolver) -> None:
        self._policy = policy
        self._resolve = resolve
        self._network = httpcore.AnyIOBackend()

    @override
    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """The stream to the first of at most four addresses that takes the connection.

        Raises:
            NameNotResolved: when the name has no address.
            EgressDenied: when one of its addresses is refused.
            httpcore.ConnectError: when none of them takes it.
            httpcore.ConnectTimeout: when none of them takes it in time.
        """
        patience = min(timeout or _PATIENCE, _PATIENCE)
        addresses = (await checked_addresses(self._policy, self._resolve, host, port))[:4]
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return _Stream(await self._network.connect_tcp(address, port, min(_SHARE, patience)))
        return _Stream(await self._network.connect_tcp(addresses[-1], port, patience))

    @override
    async def sleep(self, seconds: float) -> None:
        """Waits; httpcore calls it between connection attempts."""
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed when its TLS handshake is broken off; httpcore leaves it open.

    It also knows its socket: before each request httpcore asks every kept connection whether it was closed,
    and the way through anyio costs 100 µs.
    """

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner
        self._socket: socket.socket | None = inner.get_extra_info("socket")

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return _Stream(await self._inner.start_tls(ssl_context, server_hostname, timeout))
        except BaseException:
            await self._inner.aclose()
            raise

    @override
    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return await self._inner.read(max_bytes, timeout)

    @override
    async def write(self, buffer: bytes, timeout: float | None = None) -> None:
        await self._inner.write(buffer, timeout)

    @override
    async def aclose(self) -> None:
        await self._inner.aclose()

    @override
    def get_extra_info(self, info: str) -> Any:
        if info == "is_readable" and self._socket is not None:
            return _is_readable(self._socket)
        return self._inner.get_extra_info(info)


def _is_readable(connection: socket.socket) -> bool:
    """Whether there is something to read; on a connection without a request that is its end."""
    if connection.fileno() < 0:
        return True
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    return bool(poll.poll(0))
