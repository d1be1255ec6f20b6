"""Which Warehouses the operator makes for the bases of a ManagedImage, and which it needs no more. Pure.

A Warehouse is made for each tag that nobody of the namespace tells the digest of: neither a ManagedImage that
builds it, nor a Warehouse that a user made. It is shared by all who need the same tag through the same
Registry, and goes when its last user has left.
"""

from __future__ import annotations

from collections.abc import Iterable

from slipway.api.managedimage import ManagedImage
from slipway.kinds.managedimage.automatic import wanted_source, wanted_warehouse
from slipway.kinds.managedimage.bases import Lookup, producers_of, watchers_of
from slipway.kinds.managedimage.facts import Tracking, WantedWarehouse
from slipway.kinds.managedimage.topics import tracked_tag, with_tag
from slipway.kinds.warehouse.view import tracker_topic
from slipway.oci.reference import ImageReference

__all__ = ["find_tracking"]


def find_tracking(image: ManagedImage, references: Iterable[str] | None, store: Lookup) -> Tracking:
    """What has to change about these Warehouses for one image, as its spec and its namespace are now.

    Args:
        image: the image.
        references: of all its bases; None where the Dockerfile could not be read, so that none is left.
        store: knows the Warehouses and images of the namespace.
    """
    if image.spec.suspend:
        return Tracking()
    wanted = {one.name: one for one in _wanted(image, references or (), store)}
    held = {key.name for key in store.providers(tracker_topic(image.metadata.uid))}
    join = tuple(wanted[name] for name in sorted(wanted.keys() - held))
    return Tracking(join, () if references is None else tuple(sorted(held - wanted.keys())))


def _wanted(image: ManagedImage, references: Iterable[str], store: Lookup) -> Iterable[WantedWarehouse]:
    namespace, spec = image.metadata.namespace, image.spec
    if spec.role == "Managed":
        if spec.source is not None:
            yield wanted_source(spec.source)
        for reference in references:
            if not _is_produced(image, with_tag(reference), store):
                yield from _unwatched(namespace, with_tag(reference), None, store)
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
