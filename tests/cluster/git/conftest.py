"""Real git servers, one of each kind for all tests here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dev.gitserver import GitServer
from dev.gitssh import GitSshServer
from slipway.git import GitClient


@pytest.fixture(scope="session")
def git_server() -> Iterator[GitServer]:
    """A server that lets everybody in."""
    with GitServer() as server:
        yield server


@pytest.fixture(scope="session")
def password_server() -> Iterator[GitServer]:
    """A server that wants user `ann` with the password `hunter2`."""
    with GitServer(users={"ann": "hunter2"}) as server:
        yield server


@pytest.fixture(scope="session")
def tls_server() -> Iterator[GitServer]:
    """A server with a certificate of an authority of its own."""
    with GitServer(tls=True) as server:
        yield server


@pytest.fixture(scope="session")
def old_server() -> Iterator[GitServer]:
    """A server that speaks protocol 0, filters nothing, and gives out no commit by its id."""
    with GitServer(filters=False, by_id=False, newest_protocol=0) as server:
        yield server


@pytest.fixture(scope="session")
def ssh_server() -> Iterator[GitSshServer]:
    """A server that lets one key in."""
    with GitSshServer() as server:
        yield server


@pytest.fixture
def client() -> GitClient:
    """A client with its usual limits."""
    return GitClient()
