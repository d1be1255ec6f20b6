"""The registry that does wrong, as blocking tests and processes see it."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from slipway.oci.digest import digest_of
from tests.support import faults
from tests.support.faults import Endpoint, FaultyRegistry, stored_image

IMAGE = stored_image("first")


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    with FaultyRegistry() as running:
        for tag in ("1.0", "1.1", "1.2"):
            running.shelf.put("shop/api", tag, IMAGE)
        yield running


def _get(registry: FaultyRegistry, path: str, method: str = "GET") -> tuple[int, bytes]:
    request = urllib.request.Request(f"{registry.url}{path}", method=method)
    try:
        with urllib.request.urlopen(request, timeout=5) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def test_it_behaves_until_it_is_told_otherwise(registry: FaultyRegistry) -> None:
    """Ping, repositories, pages of tags, manifests, blobs, and what is missing."""
    assert _get(registry, "/v2/") == (200, b"{}")
    assert json.loads(_get(registry, "/v2/_catalog")[1]) == {"repositories": ["shop/api"]}
    assert json.loads(_get(registry, "/v2/shop/api/tags/list?n=2")[1])["tags"] == ["1.0", "1.1"]
    assert json.loads(_get(registry, "/v2/shop/api/tags/list?n=2&last=1.1")[1])["tags"] == ["1.2"]
    for reference in ("1.0", IMAGE.digest):
        assert _get(registry, f"/v2/shop/api/manifests/{reference}") == (200, IMAGE.manifest)
        assert _get(registry, f"/v2/shop/api/manifests/{reference}", "HEAD") == (200, b"")
    assert _get(registry, f"/v2/shop/api/blobs/{digest_of(IMAGE.config)}") == (200, IMAGE.config)
    for path in ("manifests/2.0", f"blobs/{IMAGE.digest}", f"referrers/{IMAGE.digest}"):
        assert _get(registry, f"/v2/shop/api/{path}")[0] == 404
    assert b"NAME_UNKNOWN" in _get(registry, "/v2/shop/web/tags/list")[1]


def test_faults_are_played_where_and_as_often_as_wanted(registry: FaultyRegistry) -> None:
    """The latest first; what is for no endpoint and no repository is for all."""
    registry.shelf.put("shop/web", "1.0", IMAGE)
    registry.play(faults.status(500))
    registry.play(faults.status(503), on=Endpoint.LIST, repository="shop/api", times=2)

    lists = [_get(registry, "/v2/shop/api/tags/list")[0] for _ in range(3)]

    assert lists == [503, 503, 500]
    assert _get(registry, "/v2/shop/web/tags/list")[0] == 500
    registry.heal()
    assert _get(registry, "/v2/shop/web/tags/list")[0] == 200


def test_it_can_be_gone_and_back(registry: FaultyRegistry) -> None:
    """At the same address, with the same images."""
    registry.refuse()
    with pytest.raises(urllib.error.URLError, match="refused"):
        _get(registry, "/v2/")
    registry.reopen()

    assert _get(registry, "/v2/shop/api/manifests/1.0")[0] == 200


def test_it_remembers_what_it_was_asked(registry: FaultyRegistry) -> None:
    """By what the requests were for."""
    asked = {
        Endpoint.PING: "GET /v2/",
        Endpoint.CATALOG: "GET /v2/_catalog",
        Endpoint.LIST: "GET /v2/shop/api/tags/list?n=9",
        Endpoint.MANIFEST_HEAD: "HEAD /v2/shop/api/manifests/1.0",
        Endpoint.MANIFEST_GET: "GET /v2/shop/api/manifests/1.0",
        Endpoint.BLOB: "GET /v2/shop/api/blobs/sha256:00",
        Endpoint.REFERRERS: "GET /v2/shop/api/referrers/sha256:00",
        Endpoint.TOKEN: "GET /token",
        Endpoint.OTHER: "GET /",
    }
    for line in asked.values():
        method, path = line.split()
        _get(registry, path, method)

    assert registry.targets() == list(asked.values())
    for endpoint, line in asked.items():
        assert registry.targets(endpoint) == [line]
