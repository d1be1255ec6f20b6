"""What users have in their namespace: a Secret, Registries, and Warehouses that follow the newest version."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from bench.common.api import Api
from bench.warehouses.distant import PASSWORD, USER, Distant

__all__ = ["create", "remove", "repository_of", "warehouse"]

_SECRET: Final = "registry"
_LIMITS: Final = {"requestsPerSecond": 1000, "concurrency": 64}
"""As much as can be allowed: it is the operator that is measured, not its patience."""


def warehouse(number: int, repository: str, interval: str) -> dict[str, Any]:
    """One Warehouse that follows version 1 of a repository and all that come after it."""
    image = {"repository": repository, "policy": {"type": "Semver", "semver": {"range": ">=1"}}}
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Warehouse",
        "metadata": {"name": f"app-{number:05}"},
        "spec": {
            "interval": interval,
            "subscriptions": [{"name": "app", "type": "Image", "image": image}],
        },
    }


def repository_of(body: dict[str, Any]) -> str:
    """What a Warehouse of `warehouse` watches, with its host."""
    watched: str = body["spec"]["subscriptions"][0]["image"]["repository"]
    return watched


async def create(api: Api, namespace: str, distant: Distant, warehouses: Iterable[dict[str, Any]]) -> None:
    """Make a namespace with Warehouses, a Registry for each door, and the Secret that opens them."""
    await api.create(namespace, warehouses)
    core, own = f"/api/v1/namespaces/{namespace}", f"/apis/slipway.dev/v1alpha1/namespaces/{namespace}"
    await api.request("POST", f"{core}/secrets", _secret(distant))
    for number, door in enumerate(distant.doors):
        await api.request("POST", f"{own}/registries", _registry(f"far-{number}", door.url))


async def remove(api: Api, namespace: str) -> None:
    """Delete the Warehouses and Registries of a namespace, so that nothing is asked for them any more."""
    await api.remove(namespace)
    await api.request("DELETE", f"/apis/slipway.dev/v1alpha1/namespaces/{namespace}/registries")


def _secret(distant: Distant) -> dict[str, Any]:
    hosts = ",".join(door.host for door in distant.doors)
    return {
        "metadata": {"name": _SECRET, "annotations": {"slipway.dev/allowed-hosts": hosts}},
        "type": "kubernetes.io/basic-auth",
        "stringData": {"username": USER, "password": PASSWORD},
    }


def _registry(name: str, url: str) -> dict[str, Any]:
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Registry",
        "metadata": {"name": name},
        "spec": {"url": url, "secretRef": {"name": _SECRET}, "interval": "24h", "limits": _LIMITS},
    }
