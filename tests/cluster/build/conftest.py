"""A real registry, and images in it that stand on each other."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator

import pytest

from dev.registry import Registry
from slipway.oci.client import RegistryClient
from tests.support.rebase import Scene


@pytest.fixture(scope="module")
def server() -> Iterator[Registry]:
    """One registry for a file; tests keep apart by repository."""
    with Registry() as registry:
        yield registry


@pytest.fixture
async def client(server: Registry) -> AsyncIterator[RegistryClient]:
    """A client without a credential."""
    async with RegistryClient(server.url) as client:
        yield client


@pytest.fixture
def corner(request: pytest.FixtureRequest) -> str:
    """A path of the registry that only this test uses."""
    return "t" + hashlib.sha256(request.node.nodeid.encode()).hexdigest()[:12]


@pytest.fixture
def scene(client: RegistryClient, server: Registry, corner: str) -> Scene:
    """A corner of the registry for an old base, an image on it and a new base."""
    return Scene(client, server.host, corner)
