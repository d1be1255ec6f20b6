"""Suspended Warehouses: what the engine is to settle without looking at anything."""

from __future__ import annotations

from typing import Any

__all__ = ["manifest"]


def manifest(number: int) -> dict[str, Any]:
    """One suspended Warehouse as a user would write it."""
    repository = f"registry.example.com/shop/app-{number}"
    policy = {"type": "Semver", "semver": {"range": "~1.4"}}
    image = {"repository": repository, "policy": policy}
    return {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Warehouse",
        "metadata": {"name": f"app-{number:05}"},
        "spec": {"suspend": True, "subscriptions": [{"name": "app", "type": "Image", "image": image}]},
    }
