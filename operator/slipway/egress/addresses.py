"""The addresses of a host, each seen by the egress policy before anything connects to it."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Awaitable, Callable
from typing import Any, Final

from slipway.egress.errors import EgressDenied, NameNotResolved
from slipway.egress.policy import EgressPolicy

__all__ = ["Resolver", "checked_addresses", "resolve_with_system"]

Resolver = Callable[[str, int], Awaitable[list[str]]]
"""Name and port to addresses; raises OSError when there are none."""


_look_ups: Final = threading.BoundedSemaphore(64)


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
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[Any] = loop.create_future()

    def settle(found: Any, error: OSError | UnicodeError | None) -> None:
        if answer.done():
            return
        if error is not None:
            answer.set_exception(error)
        else:
            answer.set_result(found)

    def look_up() -> None:
        found, failure = None, None
        try:
            found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            failure = error
        finally:
            _look_ups.release()
        with contextlib.suppress(RuntimeError):  # nobody waits any longer, and the loop is closed
            loop.call_soon_threadsafe(settle, found, failure)

    if not _look_ups.acquire(blocking=False):
        raise OSError(socket.EAI_AGAIN, "too many names are being looked up")
    # Not one of the threads that others need, and none that the end of the process waits for: a name server
    # that does not answer is waited for as long as the system likes.
    threading.Thread(target=look_up, name="resolver", daemon=True).start()
    return list(dict.fromkeys(str(address[0]) for *_, address in await answer))
