"""What the store keeps of a Warehouse."""

from __future__ import annotations

import json
import zlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from slipway.charts.address import OciChart, parse_address
from slipway.engine.key import Key
from slipway.engine.view import REQUEST_PREFIX, PlainView, hash_status, hash_wish
from slipway.kinds.registry.view import host_topic, registry_key
from slipway.oci.reference import ImageReference

__all__ = [
    "AUTOMATIC_LABEL",
    "KIND",
    "ArtifactView",
    "ChartView",
    "CommitView",
    "SubscriptionView",
    "WarehouseView",
    "followed_topic",
    "image_topic",
    "tracker_topic",
    "warehouse_key",
]

KIND: Final = "warehouses.slipway.dev"
"""The kind in a Warehouse's key."""

AUTOMATIC_LABEL: Final = "slipway.dev/automatic"
"""On Warehouses that the operator makes for bases, with the value `true`."""

_METADATA: Final = ("name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp")

_LEVEL: Final = 1
"""Of compression: higher ones take three times as long for a tenth less."""


def warehouse_key(namespace: str, name: str) -> Key:
    """The key of a Warehouse."""
    return Key(KIND, namespace, name)


def image_topic(namespace: str, host: str, repository: str, tag: str | None = None) -> Hashable:
    """The topic of the Warehouses of one namespace that watch a repository, or one tag of it.

    Args:
        namespace: of the Warehouse.
        host: as `ImageReference.registry` has it.
        repository: as `ImageReference.repository` has it.
        tag: None for the whole repository.
    """
    return ("image", namespace, f"{host}/{repository}" if tag is None else f"{host}/{repository}:{tag}")


def followed_topic(host: str, repository: str, tag: str) -> Hashable:
    """The topic of all that concerns one tag, in whatever namespace: who builds it is found by it.

    Args:
        host: as `ImageReference.registry` has it.
        repository: as `ImageReference.repository` has it.
        tag: or a template of tags.
    """
    return ("claim", f"{host}/{repository}:{tag}")


def tracker_topic(uid: str) -> Hashable:
    """The topic of the Warehouses that the operator made, among others, for the object of this UID."""
    return ("tracker", uid)


class SubscriptionView(NamedTuple):
    """An image subscription, as far as others find the Warehouse by it."""

    name: str
    host: str
    repository: str
    """The path on the host, without it."""

    tag: str | None
    """The tag it follows; None when the tag is chosen from a list."""

    registry: str | None
    """The name of the Registry that it asks for."""


class ChartView(NamedTuple):
    """A subscription to a chart in a registry."""

    host: str
    """As `ImageReference.registry` has it."""

    registry: str | None
    """The name of the Registry that it asks for."""


class ArtifactView(NamedTuple):
    """What a subscription has found."""

    name: str
    """Of the subscription."""

    repository: str
    """Host and path, as the spec writes them."""

    tag: str
    digest: str


class CommitView(NamedTuple):
    """The commit that a subscription has found."""

    name: str
    """Of the subscription."""

    url: str
    """Of the repository, as the spec writes it."""

    ref: str
    """The branch or tag that points to it, in full: `refs/heads/main`."""

    commit: str


@dataclass(frozen=True, slots=True)
class WarehouseView(PlainView):
    """A Warehouse as look-ups, and the objects that take their images from it, need it."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    wish: bytes
    status_hash: bytes
    suspended: bool
    subscriptions: tuple[SubscriptionView, ...]
    artifacts: tuple[ArtifactView, ...]
    packed: bytes
    """The object, as far as a decision needs it, compressed: see `body`."""

    charts: tuple[ChartView, ...] = ()
    commits: tuple[CommitView, ...] = ()
    is_automatic: bool = False
    """Whether the operator made it for bases that nobody watched."""
    trackers: tuple[str, ...] = ()
    """The UIDs of the objects that it was made for."""

    @property
    def owner(self) -> Key | None:
        """Nobody: a person made it."""
        return None

    @property
    def topics(self) -> tuple[Hashable, ...]:
        """The repositories it watches, and the tags it follows or has chosen."""
        return tuple(dict.fromkeys(self._topics()))

    def _topics(self) -> Iterable[Hashable]:
        chosen = {artifact.name: artifact.tag for artifact in self.artifacts}
        for name, host, repository, tag, _ in self.subscriptions:
            yield image_topic(self.key.namespace, host, repository)
            for known in (tag, chosen.get(name)):
                if known:
                    yield image_topic(self.key.namespace, host, repository, known)
        yield from map(tracker_topic, self.trackers)

    @property
    def listens(self) -> tuple[Hashable, ...]:
        """The Registries it may go through: the one it names, else all for its host; who builds its tags."""
        namespace = self.key.namespace
        ways: tuple[SubscriptionView | ChartView, ...] = (*self.subscriptions, *self.charts)
        registries = (
            registry_key(namespace, way.registry) if way.registry else host_topic(namespace, way.host)
            for way in ways
        )
        followed = (
            followed_topic(host, repository, tag) for _, host, repository, tag, _ in self.subscriptions if tag
        )
        return (*registries, *followed)

    def body(self) -> dict[str, Any]:
        """The object as it was seen in this version, without what others note on it."""
        body: dict[str, Any] = json.loads(zlib.decompress(self.packed))
        return body

    def artifact(self, subscription: str) -> ArtifactView | None:
        """What the subscription of this name has found."""
        return next((artifact for artifact in self.artifacts if artifact.name == subscription), None)

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> WarehouseView:
        """Read a live object. Lenient: what the schema would refuse is left out."""
        metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
        return cls(
            key=warehouse_key(metadata.get("namespace", ""), metadata["name"]),
            uid=metadata.get("uid", ""),
            resource_version=int(metadata.get("resourceVersion") or 0),
            generation=metadata.get("generation", 0),
            wish=hash_wish(spec, metadata.get("annotations"), metadata.get("deletionTimestamp")),
            status_hash=hash_status(status),
            suspended=spec.get("suspend") is True,
            subscriptions=tuple(_subscriptions(spec)),
            artifacts=tuple(_artifacts(spec, status)),
            charts=tuple(_charts(spec)),
            commits=tuple(_commits(spec, status)),
            is_automatic=_is_automatic(metadata),
            trackers=tuple(_trackers(metadata)),
            packed=_packed(metadata, spec, status),
        )


def _commits(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[CommitView]:
    """What was found in the repositories that the spec names now."""
    meant = {
        (subscription.get("name"), (subscription.get("git") or {}).get("url"))
        for subscription in spec.get("subscriptions") or ()
    }
    for artifact in status.get("artifacts") or ():
        git = artifact.get("git") or {}
        if git.get("commit") and (artifact.get("name"), git.get("url")) in meant:
            yield CommitView(artifact["name"], git["url"], git.get("ref", ""), git["commit"])


def _is_automatic(metadata: Mapping[str, Any]) -> bool:
    return (metadata.get("labels") or {}).get(AUTOMATIC_LABEL) == "true"


def _trackers(metadata: Mapping[str, Any]) -> Iterable[str]:
    if _is_automatic(metadata):
        for reference in metadata.get("ownerReferences") or ():
            yield reference.get("uid", "")


def _packed(metadata: Mapping[str, Any], spec: Mapping[str, Any], status: Mapping[str, Any]) -> bytes:
    kept = {name: metadata[name] for name in _METADATA if name in metadata}
    annotations = metadata.get("annotations") or {}
    # What else people and their tools wrote there may be larger than all the rest.
    requests = {name: text for name, text in annotations.items() if name.startswith(REQUEST_PREFIX)}
    body = {"metadata": {**kept, "annotations": requests}, "spec": spec, "status": status}
    return zlib.compress(json.dumps(body, separators=(",", ":")).encode(), _LEVEL)


def _subscriptions(spec: Mapping[str, Any]) -> Iterable[SubscriptionView]:
    for subscription in spec.get("subscriptions") or ():
        image = subscription.get("image") or {}
        try:
            reference = ImageReference.parse(image.get("repository", ""))
        except ValueError:
            continue
        yield SubscriptionView(
            name=subscription.get("name", ""),
            host=reference.registry,
            repository=reference.repository,
            tag=((image.get("policy") or {}).get("digest") or {}).get("tag"),
            registry=(image.get("registryRef") or {}).get("name"),
        )


def _charts(spec: Mapping[str, Any]) -> Iterable[ChartView]:
    for subscription in spec.get("subscriptions") or ():
        chart = subscription.get("chart") or {}
        try:
            address = parse_address(chart.get("url", ""), chart.get("name"))
            if isinstance(address, OciChart):
                host = ImageReference.parse(address.repository).registry
                yield ChartView(host, (chart.get("registryRef") or {}).get("name"))
        except ValueError:
            continue


def _artifacts(spec: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[ArtifactView]:
    """What was found in the repositories that the spec names now: what is left of another one is no offer."""
    meant = {
        (subscription.get("name"), (subscription.get("image") or {}).get("repository"))
        for subscription in spec.get("subscriptions") or ()
    }
    for artifact in status.get("artifacts") or ():
        image = artifact.get("image") or {}
        if image.get("digest") and (artifact.get("name"), image.get("repository")) in meant:
            yield ArtifactView(artifact["name"], image["repository"], image.get("tag", ""), image["digest"])
