"""Real registries of every kind of authentication, one of each for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.referrers import ReferrersRegistry
from dev.registry import Registry
from dev.tokens import TokenServer
from tests.cluster.oci.support import USERS


@pytest.fixture(scope="session")
def open_registry() -> Iterator[Registry]:
    """A registry that lets everybody in."""
    with Registry() as registry:
        yield registry


@pytest.fixture(scope="session")
def password_registry() -> Iterator[Registry]:
    """A registry that wants user `robot` with the password `hunter2`."""
    with Registry(users=USERS) as registry:
        yield registry


@pytest.fixture(scope="session")
def token_server() -> Iterator[TokenServer]:
    """A token server that knows the same user."""
    with TokenServer(users=USERS) as server:
        yield server


@pytest.fixture(scope="session")
def token_registry(token_server: TokenServer) -> Iterator[Registry]:
    """A registry that wants tokens from that server."""
    with Registry(token=token_server.authentication) as registry:
        yield registry


@pytest.fixture(scope="session")
def tls_registry() -> Iterator[Registry]:
    """A registry with a certificate of an authority of its own, that wants one from clients as well."""
    with Registry(tls=True, client_certificates=True) as registry:
        yield registry


@pytest.fixture(scope="session")
def mirror_registry(open_registry: Registry) -> Iterator[Registry]:
    """A pull-through cache of `open_registry`."""
    with Registry(proxy=open_registry.url) as registry:
        yield registry


@pytest.fixture(scope="session")
def referrers_registry() -> Iterator[ReferrersRegistry]:
    """Another make of registry, which serves referrers."""
    with ReferrersRegistry() as registry:
        yield registry


@pytest.fixture(scope="session")
def cutting_registry() -> Iterator[ReferrersRegistry]:
    """The same make without referrers, which cuts lists of tags at 37 and does not say so."""
    with ReferrersRegistry(referrers=False, truncate=37) as registry:
        yield registry
