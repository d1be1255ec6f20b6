"""Connections to checked addresses, and how many of them a host gets."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Iterable
from typing import Any, Final, Literal
from weakref import WeakValueDictionary

import httpcore
from typing_extensions import override

from slipway.egress.addresses import Resolver, checked_addresses, resolve_with_system
from slipway.egress.policy import EgressPolicy

__all__ = ["CheckedBackend", "HostLimits", "Lane", "Resolver", "resolve_with_system"]

Lane = Literal["short", "download", "upload"]

_CONNECT_SHARE: Final = 5.0  # seconds an address gets while there is another one to try


class HostLimits:
    """At most 8 exchanges per host at a time: 4 short ones, 2 downloads and 2 uploads.

    Three lanes rather than one, because a copy holds a download and an upload of the same host at once, and
    eight copies in one lane would wait for each other for ever.
    """

    WIDTH: Final[dict[Lane, int]] = {"short": 4, "download": 2, "upload": 2}

    def __init__(self) -> None:
        # Weak: a lane lives while somebody is in it, so that hosts seen once leave nothing behind.
        self._lanes: WeakValueDictionary[tuple[str, Lane], asyncio.Semaphore] = WeakValueDictionary()

    @contextlib.asynccontextmanager
    async def slot(self, host: str, lane: Lane) -> AsyncIterator[None]:
        """Waits for a free slot and holds it."""
        semaphore = self._lanes.get((host, lane))
        if semaphore is None:
            semaphore = self._lanes[host, lane] = asyncio.Semaphore(self.WIDTH[lane])
        async with semaphore:
            yield


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
        """
        addresses = (await checked_addresses(self._policy, self._resolve, host, port))[:4]
        for address in addresses[:-1]:
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout, TimeoutError):
                async with asyncio.timeout(_CONNECT_SHARE):
                    return _Stream(await self._network.connect_tcp(address, port, timeout))
        return _Stream(await self._network.connect_tcp(addresses[-1], port, timeout))

    @override
    async def sleep(self, seconds: float) -> None:
        """Waits; httpcore calls it between connection attempts."""
        await asyncio.sleep(seconds)


class _Stream(httpcore.AsyncNetworkStream):
    """A connection that is closed when its TLS handshake is broken off; httpcore leaves it open."""

    def __init__(self, inner: httpcore.AsyncNetworkStream) -> None:
        self._inner = inner

    @override
    async def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.AsyncNetworkStream:
        try:
            return await self._inner.start_tls(ssl_context, server_hostname, timeout)
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
        return self._inner.get_extra_info(info)
