"""Whether a base is about to be another one: a build of it, or of what it stands on, is due or under way.

Within a namespace the ManagedImage that keeps the tag counts. Where a Warehouse tells of the base, whoever
keeps the tag counts only while proven, in whatever namespace: the registry, as that Warehouse saw it, serves
one of its builds. A claim alone, which anybody may make about any tag, changes nothing. Looks only into the
store.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import NamedTuple

from slipway.engine.key import Key
from slipway.kinds.managedimage.bases import Lookup, producers_of, watched
from slipway.kinds.managedimage.facts import KnownBase, UnknownBase
from slipway.kinds.managedimage.topics import claim_topic
from slipway.kinds.managedimage.view import ManagedImageView, StoodOn, managed_image_key
from slipway.oci.errors import InvalidReference

__all__ = ["foreseen", "way_to_build", "way_to_pending"]


def foreseen(
    image: Key, bases: Iterable[KnownBase | UnknownBase], store: Lookup
) -> tuple[KnownBase | UnknownBase, ...]:
    """The bases of an image, each with whether somebody is known to build it, and is about to."""
    return tuple(_foreseen(image, base, store) if isinstance(base, KnownBase) else base for base in bases)


def way_to_pending(image: Key, base: KnownBase, store: Lookup) -> tuple[Key, ...]:
    """The images from a base down to the one by which it will soon be another; empty where there is none.

    Args:
        image: stands on the base.
        base: as it is told now.
        store: of all views.
    """
    if base.producer is not None:
        producer = store.get(managed_image_key(image.namespace, base.producer))
        return way_to_build([producer], store) if isinstance(producer, ManagedImageView) else ()
    builders = _builders(image, base, store)
    return _ahead_of(builders, base.digest) or way_to_build(builders, store)


def way_to_build(tops: Sequence[ManagedImageView], store: Lookup) -> tuple[Key, ...]:
    """The images from one of these down to one that will soon be another; empty where there is none.

    Each image is looked at once, however many ways lead down to it, and also where they lead in a circle.
    """
    came_from: dict[Key, Key | None] = {view.key: None for view in tops}
    left = list(tops)
    while left:
        one = left.pop()
        if one.is_busy:
            return _way(one.key, came_from)
        for base in one.stands_on if one.acts else ():
            below = _below(one, base, store)
            if below.is_another:
                return (*_way(one.key, came_from), *(builder.key for builder in below.builders))
            for builder in below.builders:
                if builder.key not in came_from:
                    came_from[builder.key] = one.key
                    left.append(builder)
    return ()


class _Below(NamedTuple):
    """One base of an image that may be pending."""

    is_another: bool
    """Whether it is another than the image was built on, or will be once it has been looked at."""

    builders: tuple[ManagedImageView, ...] = ()
    """Who builds it."""


def _foreseen(image: Key, base: KnownBase, store: Lookup) -> KnownBase:
    has_builder = base.producer is not None or bool(_builders(image, base, store))
    return replace(base, has_builder=has_builder, is_busy=bool(way_to_pending(image, base, store)))


def _below(view: ManagedImageView, base: StoodOn, store: Lookup) -> _Below:
    if "@" in base.reference:
        return _Below(is_another=False)  # it names a digest, and never moves
    producers = producers_of(view.key.namespace, base.reference, store)
    producer = next((one for one in producers if one.builds), None)
    if producer is not None:
        is_another = bool(producer.offers) and producer.offers[0].digest != base.built
        return _Below(is_another, (producer,))
    known = watched(view.key.namespace, base.reference, store)
    if not isinstance(known, KnownBase):
        return _Below(is_another=False)
    builders = _builders(view.key, known, store)
    return _Below(known.digest != base.built or bool(_ahead_of(builders, known.digest)), builders)


def _builders(image: Key, base: KnownBase, store: Lookup) -> tuple[ManagedImageView, ...]:
    """Who is proven to build what a Warehouse follows."""
    return tuple(_proven(image, base, store)) if base.warehouse is not None else ()


def _proven(image: Key, base: KnownBase, store: Lookup) -> Iterator[ManagedImageView]:
    try:
        topic = claim_topic(base.reference)
    except InvalidReference:
        return
    for key in sorted(store.providers(topic) - {image}):
        view = store.get(key)
        if isinstance(view, ManagedImageView) and view.builds and base.digest in view.built:
            yield view


def _ahead_of(builders: Iterable[ManagedImageView], digest: str) -> tuple[Key, ...]:
    """Who has built another since: its Warehouse is about to look."""
    return tuple(builder.key for builder in builders if builder.offers[0].digest != digest)


def _way(last: Key, came_from: dict[Key, Key | None]) -> tuple[Key, ...]:
    way: list[Key] = []
    step: Key | None = last
    while step is not None:
        way.append(step)
        step = came_from[step]
    return tuple(reversed(way))
