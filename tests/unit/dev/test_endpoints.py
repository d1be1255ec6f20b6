"""What a request line is for."""

from __future__ import annotations

import pytest

from dev.endpoints import Endpoint


@pytest.mark.parametrize(
    ("line", "want"),
    [
        ("GET /v2/", Endpoint.PING),
        ("GET /v2", Endpoint.PING),
        ("GET /v2/_catalog?n=1000&last=a/b", Endpoint.CATALOG),
        ("GET /v2/shop/api/tags/list?n=1000", Endpoint.LIST),
        ("GET /v2/api/tags/list", Endpoint.LIST),
        ("HEAD /v2/shop/api/manifests/1.0", Endpoint.MANIFEST_HEAD),
        ("GET /v2/a/b/c/manifests/sha256:00", Endpoint.MANIFEST_GET),
        ("PUT /v2/shop/api/manifests/1.0", Endpoint.OTHER),
        ("GET /v2/shop/api/blobs/sha256:00", Endpoint.BLOB),
        ("POST /v2/shop/api/blobs/uploads/", Endpoint.BLOB),
        ("PATCH /v2/shop/api/blobs/uploads/3f?_state=x", Endpoint.BLOB),
        ("GET /v2/shop/api/referrers/sha256:00?artifactType=x", Endpoint.REFERRERS),
        ("GET /token?service=r&scope=repository:shop/api:pull", Endpoint.TOKEN),
        ("POST /v2/token", Endpoint.TOKEN),
        ("GET /", Endpoint.OTHER),
        ("GET /api/v2.0/projects", Endpoint.OTHER),
    ],
)
def test_a_request_line_tells_what_it_is_for(line: str, want: Endpoint) -> None:
    """By method and path; the query is of no matter."""
    assert Endpoint.of(*line.split()) is want
