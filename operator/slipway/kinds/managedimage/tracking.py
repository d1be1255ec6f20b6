"""Which Warehouses the operator makes for the bases of a ManagedImage, and which it needs no more. Pure.

A Warehouse is made for each tag that nobody of the namespace tells the digest of: neither a ManagedImage that
builds it, nor a Warehouse that a user made. It is shared by all who need the same tag through the same
Registry, and goes when its last user has left.
"""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from typing import Any, Final

from slipway.api.managedimage import ManagedImage
from slipway.kinds.managedimage.bases import Lookup, producers_of, watchers_of
from slipway.kinds.managedimage.facts import Tracking, WantedWarehouse
from slipway.kinds.managedimage.topics import tracked_tag, with_tag
from slipway.kinds.warehouse.view import AUTOMATIC_LABEL, tracker_topic
from slipway.oci.reference import ImageReference

__all__ = ["SUBSCRIPTION", "find_tracking", "manifest_of", "wanted_warehouse"]

SUBSCRIPTION: Final = "image"
"""The name of the one subscription of such a Warehouse."""

_INTERVAL: Final = "24h"
_HASH_LENGTH: Final = 16


def find_tracking(image: ManagedImage, store: Lookup) -> Tracking:
    """What has to change about these Warehouses for one image, as its spec and its namespace are now."""
    if image.spec.suspend:
        return Tracking()
    wanted = {one.name: one for one in _wanted(image, store)}
    held = {key.name for key in store.providers(tracker_topic(image.metadata.uid))}
    join = tuple(wanted[name] for name in sorted(wanted.keys() - held))
    return Tracking(join, tuple(sorted(held - wanted.keys())))


def wanted_warehouse(reference: str, registry: str | None = None) -> WantedWarehouse:
    """The Warehouse that follows a tag.

    Args:
        reference: repository and tag.
        registry: name of the Registry to ask, where the user names one.
    """
    image = ImageReference.parse(reference)
    repository, tag = f"{image.registry}/{image.repository}", image.tag or "latest"
    digits = sha256(f"{repository}:{tag} {registry or ''}".encode()).hexdigest()[:_HASH_LENGTH]
    return WantedWarehouse(f"auto-{digits}", repository, tag, registry)


def manifest_of(wanted: WantedWarehouse) -> dict[str, Any]:
    """The Warehouse as it is created, but for its owners: those who need it."""
    image: dict[str, Any] = {
        "repository": wanted.repository,
        "policy": {"type": "Digest", "digest": {"tag": wanted.tag}},
    }
    if wanted.registry is not None:
        image["registryRef"] = {"name": wanted.registry}
    return {
        "metadata": {"name": wanted.name, "labels": {AUTOMATIC_LABEL: "true"}},
        "spec": {
            "interval": _INTERVAL,
            "subscriptions": [{"name": SUBSCRIPTION, "type": "Image", "image": image}],
        },
    }


def _wanted(image: ManagedImage, store: Lookup) -> Iterable[WantedWarehouse]:
    namespace, spec = image.metadata.namespace, image.spec
    if spec.role == "Managed":
        for base in spec.bases:
            if base.reference is not None and not _is_produced(image, with_tag(base.reference), store):
                yield from _unwatched(namespace, with_tag(base.reference), None, store)
    else:
        target = spec.image
        registry = target.registry_ref.name if target.registry_ref else None
        reference = f"{target.repository}:{tracked_tag(target.tag, target.floating_tags)}"
        yield from _unwatched(namespace, reference, registry, store)


def _is_produced(image: ManagedImage, reference: str, store: Lookup) -> bool:
    producers = producers_of(image.metadata.namespace, reference, store)
    return any(view.builds and view.key.name != image.metadata.name for view in producers)


def _unwatched(
    namespace: str, reference: str, registry: str | None, store: Lookup
) -> Iterable[WantedWarehouse]:
    if ImageReference.parse(reference).digest is not None:
        return
    watchers = watchers_of(namespace, reference, store)
    if not watchers or all(view.is_automatic for view in watchers):
        yield wanted_warehouse(reference, registry)
