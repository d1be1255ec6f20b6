"""ManagedImages and Warehouses as the store has them, for the tests of who tells of bases and builds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.warehouse.view import AUTOMATIC_LABEL, WarehouseView
from tests.unit.kinds.managedimage.world import BASE, NEW

__all__ = ["producer", "standing_on", "stored", "tag_of", "warehouse"]

REPOSITORY = BASE.rpartition(":")[0]


def warehouse(
    name: str,
    repository: str = REPOSITORY,
    *,
    tag: str = "3.12",
    found: str | None = NEW,
    namespace: str = "shop",
    automatic: bool = False,
    **image: Any,
) -> WarehouseView:
    """A Warehouse that follows a tag, and what it has found there."""
    followed = {"repository": repository, "policy": {"type": "Digest", "digest": {"tag": tag}}, **image}
    artifact = {"name": "base", "image": {"repository": repository, "tag": tag, "digest": found}}
    return WarehouseView.from_body(
        {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "resourceVersion": "1",
                "labels": {AUTOMATIC_LABEL: "true"} if automatic else {},
            },
            "spec": {"subscriptions": [{"name": "base", "type": "Image", "image": followed}]},
            "status": {"artifacts": [artifact]} if found else {},
        }
    )


def producer(
    name: str,
    reference: str = BASE,
    *,
    digest: str | None = NEW,
    namespace: str = "shop",
    build: int | None = 1,
    created: str = "2026-01-01T00:00:00Z",
    **spec: Any,
) -> ManagedImageView:
    """A ManagedImage that keeps a tag, and the image that it offers."""
    repository, _, tag = reference.rpartition(":")
    image = {"repository": repository, "tag": "1-{build}", "floatingTags": [tag]}
    offered = {"reference": f"{repository}:1-1", "digest": digest, "build": build}
    return ManagedImageView.from_body(
        {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"uid of {name}",
                "resourceVersion": "1",
                "creationTimestamp": created,
            },
            "spec": {"image": image, **spec},
            "status": {"image": offered} if digest else {},
        }
    )


def stored(*views: View) -> Store:
    store = Store()
    for view in views:
        store.put(view)
    return store


def standing_on(
    name: str,
    *bases: str,
    phase: str = "Current",
    namespace: str = "shop",
    built: Sequence[str] = (NEW,),
    version: int = 1,
    **spec: Any,
) -> ManagedImageView:
    """An image that was built when each of its bases was NEW, and its own builds, newest first."""
    known = [{"reference": tag_of(base), "builtDigest": NEW, "latestDigest": NEW} for base in bases]
    builds = [
        {"number": len(built) - place, "phase": "Succeeded", "reference": tag_of(name), "digest": digest}
        for place, digest in enumerate(built)
    ]
    offered = {"reference": tag_of(name), "digest": built[0], "build": len(built)} if built else {}
    image = {"repository": tag_of(name).rpartition(":")[0], "tag": "1-{build}", "floatingTags": ["1"]}
    return ManagedImageView.from_body(
        {
            "metadata": {
                "name": name,
                "namespace": namespace,
                "uid": f"{namespace}/{name}",
                "resourceVersion": str(version),
            },
            "spec": {"image": image, **spec},
            "status": {"phase": phase, "image": offered, "builds": builds, "bases": known},
        }
    )


def tag_of(name: str) -> str:
    return f"registry.example.com/shop/{name}:1"
