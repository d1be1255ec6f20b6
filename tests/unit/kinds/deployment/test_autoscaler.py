"""Who chose the number of replicas, as the API server remembers it."""

from __future__ import annotations

from typing import Any

import pytest

from slipway.kinds.deployment.autoscaler import is_autoscaled

REPLICAS: dict[str, Any] = {"f:spec": {"f:replicas": {}}}
IMAGE: dict[str, Any] = {"f:spec": {"f:image": {}}}


def entry(manager: str, fields: dict[str, Any] | None, subresource: str = "") -> dict[str, Any]:
    """An entry of managedFields."""
    return {"manager": manager, "operation": "Update", "fieldsV1": fields, "subresource": subresource}


@pytest.mark.parametrize(
    ("entries", "want"),
    [
        (None, False),
        ([], False),
        ([entry("kubectl", REPLICAS, "scale")], False),
        ([entry("kubectl-client-side-apply", IMAGE), entry("kube-controller-manager", None)], False),
        ([entry("kubectl", IMAGE), entry("kube-controller-manager", REPLICAS, "scale")], True),
        ([entry("keda", REPLICAS, "scale")], True),
    ],
)
def test_who_wrote_the_replicas(entries: list[dict[str, Any]] | None, want: bool) -> None:
    """The owner of the field wrote it last; who owns other fields does not count."""
    assert is_autoscaled({"managedFields": entries}) is want
