from __future__ import annotations

import pytest

from slipway.egress import EgressDenied, EgressPolicy, NameNotResolved
from slipway.egress.addresses import checked_addresses, resolve_with_system


class _Resolver:
    """Answers every question with the same addresses."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, name: str, port: int) -> list[str]:
        self.asked.append((name, port))
        if self.addresses == ["error"]:
            raise OSError
        return self.addresses


async def test_every_address_comes_back_in_the_order_of_the_resolver() -> None:
    """And the name is asked for with a dot at its end: the cluster's search domains must not answer."""
    resolve = _Resolver("203.0.113.2", "203.0.113.1")

    found = await checked_addresses(EgressPolicy(), resolve, "git.example.com", 22)

    assert found == ["203.0.113.2", "203.0.113.1"]
    assert resolve.asked == [("git.example.com.", 22)]


async def test_one_refused_address_refuses_the_host() -> None:
    """A name with a metadata address among others is not an honest one."""
    resolve = _Resolver("203.0.113.1", "169.254.169.254")

    with pytest.raises(EgressDenied, match="metadata"):
        await checked_addresses(EgressPolicy(), resolve, "git.example.com", 22)


async def test_a_name_without_an_address_is_not_resolved() -> None:
    """Whether the resolver answers with nothing, or not at all."""
    for resolve in (_Resolver(), _Resolver("error")):
        with pytest.raises(NameNotResolved, match=r"git\.example\.com"):
            await checked_addresses(EgressPolicy(), resolve, "git.example.com", 22)


async def test_the_system_names_no_address_twice() -> None:
    """An address is an address to itself."""
    assert await resolve_with_system("127.0.0.1", 22) == ["127.0.0.1"]
