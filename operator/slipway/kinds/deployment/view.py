"""What the store keeps of a Deployment (deployments.slipway.dev)."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from slipway.engine.key import Key
from slipway.engine.view import PlainView, hash_status, hash_wish
from slipway.kinds.managedimage.view import managed_image_key
from slipway.kinds.registry.view import host_topic
from slipway.kinds.warehouse.view import warehouse_key
from slipway.oci.errors import InvalidReference
from slipway.oci.reference import ImageReference

__all__ = ["KIND", "DeploymentView", "deployment_key"]

KIND: Final = "deployments.slipway.dev"
"""The kind in a Deployment's key."""


def deployment_key(namespace: str, name: str) -> Key:
    """The key of a Deployment."""
    return Key(KIND, namespace, name)


@dataclass(frozen=True, slots=True)
class DeploymentView(PlainView):
    """A Deployment, as far as others' changes concern it: everything else is read live."""

    key: Key
    uid: str
    resource_version: int
    generation: int
    wish: bytes
    status_hash: bytes
    listens: tuple[Hashable, ...]
    """The ManagedImage or Warehouse of its image, and the Registries of the image's host."""

    @property
    def owner(self) -> Key | None:
        """Nobody: a person made it."""
        return None

    @property
    def topics(self) -> tuple[Hashable, ...]:
        """It is found by its name only."""
        return ()

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> DeploymentView:
        """Read a live object. Lenient: what the schema would refuse is left out."""
        metadata, spec, status = body["metadata"], body.get("spec") or {}, body.get("status") or {}
        namespace = metadata.get("namespace", "")
        return cls(
            key=deployment_key(namespace, metadata["name"]),
            uid=metadata.get("uid", ""),
            resource_version=int(metadata.get("resourceVersion") or 0),
            generation=metadata.get("generation", 0),
            wish=hash_wish(spec, metadata.get("annotations"), metadata.get("deletionTimestamp")),
            status_hash=hash_status(status),
            listens=tuple(dict.fromkeys(_listens(namespace, spec.get("image") or {}, status))),
        )


def _listens(namespace: str, image: Mapping[str, Any], status: Mapping[str, Any]) -> Iterable[Hashable]:
    if name := (image.get("managedImage") or {}).get("name"):
        yield managed_image_key(namespace, name)
    if name := (image.get("warehouse") or {}).get("name"):
        yield warehouse_key(namespace, name)
    for reference in (image.get("reference"), (status.get("image") or {}).get("reference")):
        if reference:
            try:
                yield host_topic(namespace, ImageReference.parse(reference).registry)
            except InvalidReference:
                continue
