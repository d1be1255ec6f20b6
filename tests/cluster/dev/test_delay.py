"""Distance in front of a real registry."""

from __future__ import annotations

import http.client
import time
import urllib.error
from collections.abc import Iterator

import pytest

from dev.delay import Delay
from dev.endpoints import Endpoint
from dev.registry import Registry
from tests.support.images import push_image

SECONDS = 0.05


@pytest.fixture
def delay(registry: Registry) -> Iterator[Delay]:
    """A relay in front of `registry`."""
    with Delay(registry.url, SECONDS) as running:
        yield running


def _seconds(connection: http.client.HTTPConnection, target: str) -> float:
    began = time.monotonic()
    connection.request("GET", target)
    connection.getresponse().read()
    return time.monotonic() - began


def test_every_request_takes_a_round_trip_and_a_connection_one_more(delay: Delay) -> None:
    """Never less; a shared machine may add what it likes."""
    connection = http.client.HTTPConnection(delay.host, timeout=10)

    first, *others = [_seconds(connection, "/v2/") for _ in range(5)]

    connection.close()
    assert first >= 2 * SECONDS
    assert all(taken >= SECONDS for taken in others)
    assert min(others) < 2 * SECONDS


def test_requests_are_counted_by_what_they_are_for(delay: Delay) -> None:
    """A push by way of it, then reads; images pass as they are."""
    digest = push_image(delay.url, "shop/api", "1")
    before = delay.counts()
    connection = http.client.HTTPConnection(delay.host, timeout=10)
    for target in (
        "/v2/shop/api/tags/list",
        "/v2/shop/api/tags/list?n=1",
        f"/v2/shop/api/manifests/{digest}",
    ):
        _seconds(connection, target)
    connection.close()

    counts = delay.counts()

    assert before == {Endpoint.BLOB: 2, Endpoint.OTHER: 1}
    assert counts == {**before, Endpoint.LIST: 2, Endpoint.MANIFEST_GET: 1}
    assert delay.targets()[-1] == f"GET /v2/shop/api/manifests/{digest}"
    assert counts[Endpoint.TOKEN] == 0


def test_a_registry_that_is_gone_is_gone_behind_it_too(delay: Delay, registry: Registry) -> None:
    """The connection ends, and the relay works on when the registry is back."""
    registry.stop()
    with pytest.raises((urllib.error.URLError, OSError)):
        push_image(delay.url, "shop/api", "1")
    registry.start()

    assert push_image(delay.url, "shop/api", "1")
