"""Connections to checked addresses, on aiohttp without what it would do by itself.

No cookies, no proxies of the environment, no redirects, no default headers, no unpacking: each of them would
send or accept something that nobody here has seen.
"""

from __future__ import annotations

import socket
from typing import Final

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override

from slipway.egress.addresses import Resolver, checked_addresses, resolve_with_system
from slipway.egress.policy import EgressPolicy

__all__ = ["CheckedResolver", "Resolver", "open_session", "resolve_with_system"]

_PATIENCE: Final = 10.0  # seconds that a connection may take, whatever time there is for the exchange
_MOST_ADDRESSES: Final = 4
_KEPT: Final = 15.0  # seconds; many servers give up an idle connection after 30 or 60
_LONGEST_LINE: Final = 32 * 1024  # bytes; tokens, and the scopes of a challenge, are long


class CheckedResolver(AbstractResolver):
    """Gives aiohttp addresses that the policy has seen: a name cannot mean another one a moment later.

    aiohttp asks it once per connection. A host that is written as an address is not resolved at all: the
    policy has seen it with the URL.
    """

    def __init__(self, policy: EgressPolicy, resolve: Resolver) -> None:
        self._policy = policy
        self._resolve = resolve

    @override
    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """At most four addresses.

        Raises:
            NameNotResolved: when the name has no address.
            EgressDenied: when one of its addresses is refused.
        """
        addresses = await checked_addresses(self._policy, self._resolve, host, port)
        return [_result(host, port, address) for address in addresses[:_MOST_ADDRESSES]]

    @override
    async def close(self) -> None:
        """Nothing is kept."""


def _result(host: str, port: int, address: str) -> ResolveResult:
    return ResolveResult(
        hostname=host,
        host=address,
        port=port,
        family=socket.AF_INET6 if ":" in address else socket.AF_INET,
        proto=0,
        flags=socket.AI_NUMERICHOST | socket.AI_NUMERICSERV,
    )


def open_session(policy: EgressPolicy, resolve: Resolver) -> aiohttp.ClientSession:
    """Connections of the running event loop.

    The addresses of a host are tried one after the other, a quarter of a second apart; the first that takes
    the connection is used. All of them together have ten seconds, TLS included.
    """
    connector = aiohttp.TCPConnector(
        resolver=CheckedResolver(policy, resolve),
        use_dns_cache=False,
        limit=0,  # HostLimits counts; a second limit below it could deadlock with it
        keepalive_timeout=_KEPT,
        interleave=_MOST_ADDRESSES,  # a time-out stands for all addresses: aiohttp drops so many of them
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=False,
        skip_auto_headers=("Accept", "Accept-Encoding", "Content-Type", "User-Agent"),
        timeout=aiohttp.ClientTimeout(total=None, sock_connect=_PATIENCE),
        max_line_size=_LONGEST_LINE,
        max_field_size=_LONGEST_LINE,
    )
