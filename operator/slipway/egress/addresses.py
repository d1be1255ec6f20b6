"""The addresses of a host, each seen by the egress policy before anything connects to it."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

from slipway.egress.errors import EgressDenied, NameNotResolved
from slipway.egress.policy import EgressPolicy

__all__ = ["Resolver", "checked_addresses", "resolve_with_system"]

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Name and port to addresses; raises OSError when there are none."""


async def checked_addresses(policy: EgressPolicy, resolve: Resolver, host: str, port: int) -> list[str]:
    """Every address of the host, in the resolver's order; whoever connects must use one of these.

    One refused address refuses the host: an honest one has none.

    Raises:
        NameNotResolved: when the name has no address.
        EgressDenied: when one of its addresses is refused.
    """
    try:
        addresses = await resolve(policy.name_to_resolve(host, port), port)
    except (OSError, UnicodeError) as error:
        msg = f"the name {host} could not be resolved"
        raise NameNotResolved(msg) from error
    if not addresses:
        msg = f"the name {host} has no address"
        raise NameNotResolved(msg)
    for address in addresses:
        refusal = policy.refusal_of_address(host, port, address)
        if refusal is not None:
            raise EgressDenied(refusal)
    return addresses


async def resolve_with_system(name: str, port: int) -> list[str]:
    """The addresses that the system's resolver knows, without duplicates, in its order of preference."""
    found = await asyncio.get_running_loop().getaddrinfo(name, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))
