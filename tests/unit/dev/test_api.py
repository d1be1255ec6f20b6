"""Paths of the Kubernetes API."""

from __future__ import annotations

import pytest

from dev.api import ApiError, resource_path


@pytest.mark.parametrize(
    ("arguments", "path"),
    [
        (("v1", "nodes"), "/api/v1/nodes"),
        (("v1", "pods", "shop"), "/api/v1/namespaces/shop/pods"),
        (("apps/v1", "deployments", "shop", "api"), "/apis/apps/v1/namespaces/shop/deployments/api"),
        (("v1", "namespaces", None, "shop"), "/api/v1/namespaces/shop"),
    ],
)
def test_paths_follow_the_conventions_of_the_api(arguments: tuple[str, ...], path: str) -> None:
    """The core group lies apart; namespaces and names are optional."""
    assert resource_path(*arguments) == path


def test_an_error_reads_as_the_server_meant_it() -> None:
    """Status, reason and the server's own sentence."""
    error = ApiError(409, "the object has been modified", "Conflict")

    assert str(error) == "409 Conflict: the object has been modified"
    assert str(ApiError(502, "bad gateway")) == "502: bad gateway"
