from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from tests.support.clouds import Clouds


@pytest.fixture
async def clouds() -> AsyncIterator[Clouds]:
    """The clouds' hosts, of which none answers before a test says so."""
    async with Clouds().running() as running:
        yield running


@pytest.fixture(scope="session")
def rsa_key() -> RSAPrivateKey:
    """A private key; a small one, because to make and to read larger ones takes longer than a test."""
    return generate_private_key(65537, 1024)
