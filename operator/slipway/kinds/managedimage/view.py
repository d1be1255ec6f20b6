"""What the store keeps of a ManagedImage."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from typing_extensions import override

from slipway.api.building import SourceSpec
from slipway.api.managedimage import BuildPhase, ManagedImagePhase
from slipway.build.tags import with_version
from slipway.engine.key import Key
from slipway.engine.view import PlainView, View, hash_status, hash_wish
from slipway.kinds.managedimage.automatic import wanted_source
from slipway.kinds.managedimage.builds import repository_of
from slipway.kinds.managedimage.topics import base_topic, claim_topic, tracked_tag
from slipway.kinds.managedimage.words import BUILD
from slipway.kinds.registry.view import host_topic, registry_key
from slipway.kinds.warehouse.view import warehouse_key
from slipway.oci.reference import ImageReference

__all__ = ["KIND", "REACTION_TO", "ManagedImageView", "Offer", "StoodOn", "managed_image_key"]

REACTION_TO: Final = MappingProxyType(
    {
        "Final": "base",
        "Builder": "builderStage",
        "CopyFrom": "copyFrom",
        "Syntax": "builderStage",
        "Unknown": "builderStage",
    }
)
"""From the kind of a use to the field of `rebuild.on` that says what its moves lead to."""

_BUSY: Final = frozenset(
    {
        ManagedImagePhase.WAITING,
        ManagedImagePhase.QUEUED,
        ManagedImagePhase.BUILDING,
    }
)

KIND: Final = "managedimages.slipway.dev"
"""The kind in a ManagedImage's key."""


def managed_image_key(namespace: str, name: str) -> Key:
    """The key of a ManagedImage."""
    return Key(KIND, namespace, name)


class StoodOn(NamedTuple):
    """A base whose moves lead to a build."""

    reference: str
    built: str
    """The digest that the image was built on."""


class Offer(NamedTuple):
    """An image that a Deployment can run."""

    digest: str
    build: int | None
    """Number of the build; None for the source build."""


@dataclass(frozen=True, slots=True)
class ManagedImageView(PlainView):
    """A ManagedImage as the Deployments that run it need it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    wish: bytes
    status_hash: bytes
    suspended: bool
    building: bool
    """Whether a build from source was begun and its end is not recorded."""
    acts: bool
    """Whether a build that is due begins by itself: Managed and Automatic, not suspended, not failed."""
    is_busy: bool
    """Whether a build is due or under way."""
    depth: int | None
    """How many images are below it, as its status tells; None where it does not."""
    bases: tuple[str, ...]
    """References of all bases, as far as they are named."""
    stands_on: tuple[StoodOn, ...]
    """The bases whose moves lead to a build."""
    builds: bool
    """Whether it is Managed: it builds its image, and keeps its tags."""
    created_at: str
    """When the object was made, as RFC 3339 in UTC: texts of the same form sort by time."""
    image_repository: str
    """Host and path of what is offered; empty before there is anything."""
    offers: tuple[Offer, ...]
    """The image that stands on the newest base built on, then the builds before it, newest first."""
    topics: tuple[Hashable, ...]
    """The tags that it keeps or tracks."""
    listens: tuple[Hashable, ...]
    """Who tells the digests of the bases, rivals for the tags, the Registries that images may go through."""

    @property
    def owner(self) -> Key | None:
        """Nobody: a person made it."""
        return None

    @override
    def concerns_listeners(self, before: View) -> bool:
        """Not that a build is due or under way now: nobody has to look before its end."""
        if not isinstance(before, ManagedImageView):
            return True
        return _shown(self, is_busy=before.is_busy and self.is_busy) != _shown(before, is_busy=before.is_busy)

    @property
    def is_proven(self) -> bool:
        """Whether it has an image that it built: the registry took it under this name."""
        return bool(self.offers) and self.offers[0].build is not None

    @property
    def built(self) -> tuple[str, ...]:
        """The digests of those offers that it built itself, newest first."""
        return tuple(offer.digest for offer in self.offers if offer.build is not None)

    @property
    def offered(self) -> tuple[str, ...]:
        """The digests of the offers, newest first."""
        return tuple(offer.digest for offer in self.offers)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> ManagedImageView:
        """Read a live object. Lenient: what the schema would refuse is left out."""
        metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
        namespace = metadata.get("namespace", "")
        claims = tuple(dict.fromkeys(_claims(spec)))
        return cls(
            key=managed_image_key(namespace, metadata["name"]),
            uid=metadata.get("uid", ""),
            resource_version=int(metadata.get("resourceVersion") or 0),
            generation=metadata.get("generation", 0),
            wish=hash_wish(spec, metadata.get("annotations"), metadata.get("deletionTimestamp")),
            status_hash=hash_status(status),
            suspended=spec.get("suspend") is True,
            building=any(_is_under_way(build) for build in status.get("builds") or ()),
            acts=_acts(spec, status),
            is_busy=str(status.get("phase")) in _BUSY,
            depth=(status.get("graph") or {}).get("depth"),
            bases=tuple(dict.fromkeys(_bases(spec, status))),
            stands_on=tuple(_stands_on(spec, status)),
            builds=_builds(spec),
            created_at=metadata.get("creationTimestamp") or "",
            image_repository=repository_of((status.get("image") or {}).get("reference", "")),
            offers=tuple(_offers(status)),
            topics=claims,
            listens=tuple(dict.fromkeys((*claims, *_listens(namespace, spec, status)))),
        )


def _shown(view: ManagedImageView, *, is_busy: bool) -> tuple[object, ...]:
    """What who stands on an image, or runs it, decides by."""
    return (
        is_busy,
        view.suspended,
        view.acts,
        view.bases,
        view.stands_on,
        view.builds,
        view.image_repository,
        view.offers,
    )


def _is_under_way(build: Mapping[str, Any]) -> bool:
    """Whether somebody else makes it; rebases are made by the operator itself, and take no turn."""
    return build.get("phase") == BuildPhase.BUILDING and build.get("method") == BUILD


def _acts(spec: Mapping[str, Any], status: Mapping[str, Any]) -> bool:
    policy = (spec.get("rebuild") or {}).get("policy", "Automatic")
    failed = status.get("phase") == ManagedImagePhase.FAILED
    return _builds(spec) and policy == "Automatic" and spec.get("suspend") is not True and not failed


def _bases(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[str]:
    named = (spec.get("bases") or ()) if _builds(spec) else ()
    for base in (*named, *(status.get("bases") or ())):
        # What an image stood on while it was Managed is history; what it tells itself holds now.
        if (reference := base.get("reference")) and (_builds(spec) or base.get("toldBy")):
            yield reference


def _stands_on(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[StoodOn]:
    reactions = (spec.get("rebuild") or {}).get("on") or {}
    for base in status.get("bases") or ():
        kinds = [use.get("kind", "Final") for use in base.get("uses") or ()] or ["Final"]
        fields = {REACTION_TO.get(kind, "base") for kind in kinds}
        leads = any(reactions.get(field, "Rebuild") == "Rebuild" for field in fields)
        if leads and base.get("builtDigest"):
            yield StoodOn(base.get("reference", ""), base["builtDigest"])


def _builds(spec: Mapping[str, Any]) -> bool:
    return bool(spec.get("role", "Managed") == "Managed")


def _claims(spec: Mapping[str, Any]) -> Iterable[Hashable]:
    """The tags and the template that it keeps; of an image that is only tracked, the tag that it tracks."""
    image = spec.get("image") or {}
    template, floating_tags = (
        with_version(image.get("tag", ""), _version(spec)),
        image.get("floatingTags") or (),
    )
    tags = (template, *floating_tags) if _builds(spec) else (tracked_tag(template, floating_tags),)
    for tag in tags:
        with suppress(ValueError):
            yield claim_topic(f"{image.get('repository', '')}:{tag}")


def _version(spec: Mapping[str, Any]) -> str | None:
    """What tells apart images of one repository whose templates are the same but for it."""
    rebase = (spec.get("build") or {}).get("rebase") or {}
    version = (rebase.get("from") or {}).get("tag")
    return version if isinstance(version, str) else None


def _offers(status: Mapping[str, Any]) -> Iterable[Offer]:
    image = status.get("image") or {}
    if not image.get("digest"):
        return
    yield Offer(image["digest"], image.get("build"))
    repository = repository_of(image.get("reference", ""))
    for build in status.get("builds") or ():
        succeeded = build.get("phase") == BuildPhase.SUCCEEDED and build.get("digest")
        is_here = repository_of(build.get("reference", "")) == repository
        if succeeded and is_here and build["digest"] != image["digest"]:
            yield Offer(build["digest"], build.get("number"))


def _listens(namespace: str, spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[Hashable]:
    image = spec.get("image") or {}
    if _builds(spec):
        for base in spec.get("bases") or ():
            yield from _listens_for_base(namespace, base)
    else:
        tag = tracked_tag(image.get("tag", ""), image.get("floatingTags") or ())
        with suppress(ValueError):
            yield base_topic(namespace, f"{image.get('repository', '')}:{tag}")
    # What a Warehouse has found, or the Dockerfile says, stands in the status alone.
    for known in status.get("bases") or ():
        yield from _listens_for_base(namespace, {"reference": known.get("reference", "")})
    if spec.get("source"):
        with suppress(ValueError):
            yield warehouse_key(namespace, wanted_source(SourceSpec.model_validate(spec["source"])).name)
    if registry := (image.get("registryRef") or {}).get("name"):
        yield registry_key(namespace, registry)
    else:
        yield from _listens_for_host(namespace, image.get("repository", ""))


def _listens_for_base(namespace: str, base: Mapping[str, Any]) -> Iterable[Hashable]:
    if warehouse := (base.get("warehouse") or {}).get("name"):
        yield warehouse_key(namespace, warehouse)
    elif reference := base.get("reference"):
        with suppress(ValueError):
            yield base_topic(namespace, reference)
            yield claim_topic(reference)
        yield from _listens_for_host(namespace, reference)


def _listens_for_host(namespace: str, reference: str) -> Iterable[Hashable]:
    """All Registries of the host, for one that a Warehouse names is among them or refused."""
    with suppress(ValueError):
        yield host_topic(namespace, ImageReference.parse(reference).registry)
