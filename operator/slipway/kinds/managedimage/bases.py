"""Who tells which digest a base of a ManagedImage has now. Looks only into the store."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import replace
from datetime import timedelta
from typing import Final, Protocol

from slipway.api.base import WarehouseReference
from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.view import View
from slipway.kinds.managedimage.facts import KnownBase, UnknownBase
from slipway.kinds.managedimage.naming import NamedBase
from slipway.kinds.managedimage.topics import base_topic, claim_topic, same_image, tracked_tag, with_tag
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.warehouse.view import ArtifactView, WarehouseView, warehouse_key
from slipway.oci.reference import ImageReference

__all__ = [
    "Lookup",
    "find_bases",
    "find_rival",
    "find_tracked",
    "producers_of",
    "watched",
    "watchers_of",
]

_RECHECK: Final = timedelta(seconds=60)


class Lookup(Protocol):
    """The part of the store that is asked here."""

    def get(self, key: Key) -> View | None:
        """The newest view of an object."""

    def providers(self, topic: Hashable) -> frozenset[Key]:
        """Who is found under a topic."""


def find_bases(
    image: ManagedImage, named: Iterable[NamedBase], store: Lookup
) -> tuple[KnownBase | UnknownBase, ...]:
    """Each of these bases, in their order, as it is told now."""
    return tuple(replace(_find(image, base, store), uses=base.uses, told_by=base.told_by) for base in named)


def find_tracked(image: ManagedImage, store: Lookup) -> KnownBase | UnknownBase:
    """An image that is only tracked, as the Warehouse that follows its tag sees it."""
    wanted = image.spec.image
    return watched(
        image.metadata.namespace,
        f"{wanted.repository}:{tracked_tag(wanted.tag, wanted.floating_tags)}",
        store,
    )


def producers_of(namespace: str, reference: str, store: Lookup) -> list[ManagedImageView]:
    """The ManagedImages of a namespace that keep this tag, or track it; the one that counts first.

    Who builds counts before who only tracks, who has built, or has an image at all, before who has not, then
    the oldest.
    """
    views = (store.get(key) for key in store.providers(claim_topic(reference)) if key.namespace == namespace)
    return sorted((view for view in views if isinstance(view, ManagedImageView)), key=_right)


def watchers_of(namespace: str, reference: str, store: Lookup) -> list[WarehouseView]:
    """The Warehouses of a namespace that follow this tag; those that a user made, where there are any."""
    views = (store.get(key) for key in sorted(store.providers(base_topic(namespace, reference))))
    found = [view for view in views if isinstance(view, WarehouseView)]
    return [view for view in found if not view.is_automatic] or found


def find_rival(image: ManagedImage, store: Lookup) -> ManagedImageView | None:
    """Who builds the same tags with a better right: has built them before us, or is older."""
    me = store.get(Key("managedimages.slipway.dev", image.metadata.namespace, image.metadata.name))
    if not isinstance(me, ManagedImageView) or not me.builds:
        return None
    keys = {key for topic in me.topics for key in store.providers(topic)} - {me.key}
    views = (store.get(key) for key in keys)
    rivals = [view for view in views if isinstance(view, ManagedImageView) and view.builds]
    first = min((me, *rivals), key=_right)
    return None if first is me else first


def _right(view: ManagedImageView) -> tuple[bool, bool, bool, str, str]:
    return (not view.builds, not view.is_proven, not view.offers, view.created_at, view.uid)


def _find(image: ManagedImage, base: NamedBase, store: Lookup) -> KnownBase | UnknownBase:
    namespace = image.metadata.namespace
    if base.warehouse is not None:
        return _named(namespace, base.warehouse, store)
    pinned = ImageReference.parse(base.reference).digest
    if pinned is not None:
        return KnownBase(_without_tag(base.reference), pinned)
    reference = with_tag(base.reference)
    producers = (
        view for view in producers_of(namespace, reference, store) if view.key.name != image.metadata.name
    )
    return _produced(reference, producers) or watched(namespace, reference, store)


def _without_tag(reference: str) -> str:
    """A reference with a digest, whose tag says nothing then."""
    name, _, digest = reference.partition("@")
    repository, colon, tag = name.rpartition(":")
    return f"{repository}@{digest}" if colon and "/" not in tag else reference


def _produced(reference: str, producers: Iterable[ManagedImageView]) -> KnownBase | UnknownBase | None:
    """The base as the ManagedImage that keeps it offers it; None where nobody builds it here."""
    producer = next((view for view in producers if view.builds), None)
    if producer is None:
        return None
    name = producer.key.name
    if not producer.offers:
        message = f"The base {reference} is built by ManagedImage {name}, which has no image yet"
        return UnknownBase(reference, Waiting(Reason.BASE_NOT_BUILT, message, None))
    return KnownBase(reference, producer.offers[0].digest, producer=name)


def _named(namespace: str, wanted: WarehouseReference, store: Lookup) -> KnownBase | UnknownBase:
    view = store.get(warehouse_key(namespace, wanted.name))
    if not isinstance(view, WarehouseView):
        message = f"Warehouse {wanted.name} does not exist: create it or correct warehouse.name in spec.bases"
        return UnknownBase("", Waiting(Reason.WAREHOUSE_NOT_FOUND, message, None))
    names = [subscription.name for subscription in view.subscriptions]
    if wanted.subscription not in names:
        message = (
            f"Warehouse {wanted.name} has no subscription {wanted.subscription} (it has {', '.join(names)}): "
            "correct warehouse.subscription in spec.bases"
        )
        return UnknownBase("", Stalled(Reason.SUBSCRIPTION_NOT_FOUND, message, _RECHECK))
    chosen = view.artifact(wanted.subscription)
    if chosen is None:
        return UnknownBase("", _nothing_yet(wanted.name))
    return _known(f"{chosen.repository}:{chosen.tag}", view, chosen)


def watched(namespace: str, reference: str, store: Lookup) -> KnownBase | UnknownBase:
    """A base as the Warehouses of a namespace that follow its tag see it."""
    watchers = watchers_of(namespace, reference, store)
    if not watchers:
        message = f"A Warehouse that follows {reference} is being made"
        return UnknownBase(reference, Waiting(Reason.WAREHOUSE_NOT_READY, message, None))
    found = [
        (view, chosen)
        for view in watchers
        for chosen in view.artifacts
        if same_image(f"{chosen.repository}:{chosen.tag}", reference)
    ]
    if not found:
        return UnknownBase(reference, _nothing_yet(watchers[0].key.name))
    if len({chosen.digest for _, chosen in found}) > 1:
        names = " and ".join(sorted({view.key.name for view, _ in found}))
        message = (
            f"Warehouses {names} see different digests of {reference}; waiting until both have looked "
            "(warehouse in spec.bases may name the one that counts)"
        )
        return UnknownBase(reference, Waiting(Reason.AMBIGUOUS_WAREHOUSE, message, None))
    return _known(reference, *found[0])


def _known(reference: str, warehouse: WarehouseView, chosen: ArtifactView) -> KnownBase:
    registries = {one.name: one.registry for one in warehouse.subscriptions}
    return KnownBase(reference, chosen.digest, warehouse.key.name, registries.get(chosen.name))


def _nothing_yet(warehouse: str) -> Waiting:
    message = (
        f"Warehouse {warehouse} has not found the base yet; `kubectl describe warehouse {warehouse}` says why"
    )
    return Waiting(Reason.WAREHOUSE_NOT_READY, message, None)
