"""One look at a build reads each content once."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.kinds.context import Context
from slipway.kinds.managedimage.reading import Reading
from slipway.kinds.registry.access import RegistryAccess
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.world import BASE, facts


class Pool:
    """Gives a client for each host."""

    def __init__(self) -> None:
        self.clients: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []

    async def client_for(self, _namespace: str, reference: Any, registry: str | None = None) -> Any:
        """Always the same for the same host."""
        self.asked.append((reference.name, registry))
        client = self.clients.setdefault(reference.registry, object())
        return SimpleNamespace(client=client)


@pytest.fixture
async def reading() -> AsyncIterator[Reading]:
    """Of an image whose base is on another host."""
    async with without_cluster() as context:
        own: Context = replace(context, registries=cast("RegistryAccess", Pool()))
        yield Reading(own, facts().image)


async def test_whoever_reads_of_one_host_shares_what_was_read(reading: Reading) -> None:
    """And nobody shares with another host: there the same digest may be refused."""
    image = await reading.of_image()
    assert (await reading.image_place()).client is image
    base = await reading.of_base(BASE)
    assert (await reading.base_place(BASE, "acme")).client is base
    same_host = reading.image.spec.image.repository.partition("/")[0] == BASE.partition("/")[0]
    assert (base is image) is same_host
    assert await reading.of_base("elsewhere.example.com/base/python:3") is not image


async def test_base_is_asked_for_through_its_registry(reading: Reading) -> None:
    """As the Warehouse that tells of it names it."""
    await reading.base_place(BASE, "acme")
    pool = cast("Pool", reading.context.registries)
    assert pool.asked[-1][1] == "acme"
