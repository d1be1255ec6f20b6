"""Which Warehouse watches the base of a ManagedImage, and what it sees. Looks only into the store."""

from __future__ import annotations

import re
from collections.abc import Hashable
from datetime import timedelta
from hashlib import sha256
from typing import Protocol

from slipway.api.base import WarehouseReference
from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.view import View
from slipway.kinds.managedimage.facts import KnownBase, Problem
from slipway.kinds.warehouse.view import ArtifactView, WarehouseView, image_topic, warehouse_key
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["Lookup", "base_topic", "find_base", "same_repository"]

_RECHECK = timedelta(seconds=60)
_DEFAULT_TAG = "latest"
_READABLE_LENGTH = 40
_NO_NAME = re.compile(r"[^a-z0-9]+")


class Lookup(Protocol):
    """The part of the store that is asked here."""

    def get(self, key: Key) -> View | None:
        """The newest view of an object."""

    def providers(self, topic: Hashable) -> frozenset[Key]:
        """Who is found under a topic."""


def base_topic(namespace: str, reference: str) -> Hashable:
    """The topic under which a Warehouse that follows this image is found."""
    image = ImageReference.parse(reference)
    return image_topic(namespace, image.registry, image.repository, image.tag or _DEFAULT_TAG)


def same_repository(one: str, other: str) -> bool:
    """Whether two references name the same repository, however they are spelled."""
    try:
        return ImageReference.parse(one).name == ImageReference.parse(other).name
    except InvalidReference:
        return False


def find_base(image: ManagedImage, store: Lookup) -> KnownBase | Problem:
    """The base as the Warehouse sees it now, or why it is not known.

    `spec.bases` has exactly one entry: a rebase exchanges the layers of one base.
    """
    (base,) = image.spec.bases
    if base.warehouse is not None:
        return _named(image.metadata.namespace, base.warehouse, store)
    return _by_reference(image.metadata.namespace, base.reference or "", store)


def _named(namespace: str, wanted: WarehouseReference, store: Lookup) -> KnownBase | Problem:
    view = store.get(warehouse_key(namespace, wanted.name))
    if not isinstance(view, WarehouseView):
        message = f"Warehouse {wanted.name} does not exist: create it or correct spec.bases[0].warehouse.name"
        return Waiting(Reason.WAREHOUSE_NOT_FOUND, message, None)
    names = [subscription.name for subscription in view.subscriptions]
    if wanted.subscription not in names:
        message = (
            f"Warehouse {wanted.name} has no subscription {wanted.subscription} (it has {', '.join(names)}): "
            "correct spec.bases[0].warehouse.subscription"
        )
        return Stalled(Reason.SUBSCRIPTION_NOT_FOUND, message, _RECHECK)
    chosen = view.artifact(wanted.subscription)
    return _known(view, chosen) if chosen else _nothing_yet(wanted.name)


def _by_reference(namespace: str, reference: str, store: Lookup) -> KnownBase | Problem:
    keys = sorted(store.providers(base_topic(namespace, reference)))
    if not keys:
        return Waiting(Reason.NO_WAREHOUSE, _manifest_to_apply(reference), None)
    found = [
        (view, chosen)
        for key in keys
        if isinstance(view := store.get(key), WarehouseView)
        for chosen in view.artifacts
        if base_topic(namespace, f"{chosen.repository}:{chosen.tag}") == base_topic(namespace, reference)
    ]
    if not found:
        return _nothing_yet(keys[0].name)
    if len({chosen.digest for _, chosen in found}) > 1:
        names = " and ".join(sorted({view.key.name for view, _ in found}))
        message = (
            f"Warehouses {names} see different digests of {reference}; waiting until both have looked "
            "(spec.bases[0].warehouse may name the one that counts)"
        )
        return Waiting(Reason.AMBIGUOUS_WAREHOUSE, message, None)
    return _known(*found[0])


def _known(warehouse: WarehouseView, chosen: ArtifactView) -> KnownBase:
    registries = {one.name: one.registry for one in warehouse.subscriptions}
    reference = f"{chosen.repository}:{chosen.tag}"
    return KnownBase(reference, chosen.digest, warehouse.key.name, registries.get(chosen.name))


def _nothing_yet(warehouse: str) -> Waiting:
    message = (
        f"Warehouse {warehouse} has not found the base yet; `kubectl describe warehouse {warehouse}` says why"
    )
    return Waiting(Reason.WAREHOUSE_NOT_READY, message, None)


def _manifest_to_apply(reference: str) -> str:
    """The message of NoWarehouse: what is missing, as a manifest that works when pasted."""
    image = ImageReference.parse(reference)
    tag = image.tag or _DEFAULT_TAG
    return f"""No Warehouse of this namespace watches the base {reference}. Apply one:
apiVersion: slipway.dev/v1alpha1
kind: Warehouse
metadata:
  name: {_warehouse_name(image.with_tag(tag))}
spec:
  interval: 1h
  subscriptions:
  - name: base
    type: Image
    image:
      repository: {image.registry}/{image.repository}
      policy:
        type: Digest
        digest: {{tag: "{tag}"}}
"""


def _warehouse_name(image: ImageReference) -> str:
    """A name of its own for each image and tag: applied, it must not replace the Warehouse of another one."""
    last = image.repository.rpartition("/")[2]
    readable = _NO_NAME.sub("-", f"{last}-{image.tag}".lower())[:_READABLE_LENGTH].strip("-")
    return f"base-{readable}-{sha256(str(image).encode()).hexdigest()[:6]}"
