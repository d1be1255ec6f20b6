"""Owner references: by UID, so that a namesake of an owner that has gone inherits nothing. Pure."""

from __future__ import annotations

from typing import Any, Protocol

from slipway.engine.key import Key
from slipway.kube.resources import BY_KEY_KIND

__all__ = ["Owner", "owner_reference", "plain_reference"]


class Owner(Protocol):
    """What an object needs to own others; `slipway.engine.reconcile.Observed` is one."""

    @property
    def key(self) -> Key:
        """Its kind (`<plural>.<group>`), namespace and name."""

    @property
    def uid(self) -> str:
        """Its UID."""


def owner_reference(owner: Owner) -> dict[str, Any]:
    """What makes the owner the one controller of a child, so that the child goes when its owner goes."""
    return {**plain_reference(owner), "controller": True, "blockOwnerDeletion": True}


def plain_reference(owner: Owner) -> dict[str, Any]:
    """What makes the owner one of several: the object goes when the last of them goes."""
    resource = BY_KEY_KIND[owner.key.kind]
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner.key.name,
        "uid": owner.uid,
    }
