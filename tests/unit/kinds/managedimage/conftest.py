"""What tests of reading share: a registry, and a context without a cluster."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest

from slipway.kinds.context import Context
from tests.support.outside import without_cluster
from tests.unit.kinds.managedimage.shelf import Shelf


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    """A registry on this machine."""
    with Shelf.open() as shelf:
        yield shelf


@pytest.fixture
async def context() -> AsyncIterator[Context]:
    """Anonymous access."""
    async with without_cluster() as context:
        yield context
