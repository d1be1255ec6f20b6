"""What holds for all tests without a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from socketserver import BaseServer

import pytest


@pytest.fixture(autouse=True, scope="session")
def servers_that_stop_at_once() -> Iterator[None]:
    """A server of the standard library looks twice a second whether it shall stop, and tests stop many."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseServer.serve_forever, "__defaults__", (0.02,))
        yield
