"""Objects that the operator makes for an object of its own: named by rule, owned by UID, never a stranger's.

The first write is a POST with a deterministic name, so that an operator that was killed in between finds its
child again. All later ones are server-side applies that carry the child's UID: between a read and a write the
child may have gone and a stranger's object may have taken its name.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Protocol

from slipway.kube.client import FIELD_MANAGER, KubeClient
from slipway.kube.errors import AlreadyExists, Conflict, Invalid, LeftOver, NameConflict
from slipway.kube.ownership import take_over_created_fields
from slipway.kube.resources import BY_KEY_KIND, Resource
from slipway.kube.watched import MANAGED_LABEL

__all__ = [
    "LONGEST_NAME",
    "Owner",
    "child_name",
    "create_child",
    "ensure_child",
    "is_child_of",
    "is_left_over",
    "owner_reference",
]

LONGEST_NAME = 63
"""Characters; the longest name that may also stand in a label or be a host name."""

_HASH_LENGTH = 8


class _OwnerKey(Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def namespace(self) -> str: ...
    @property
    def name(self) -> str: ...


class Owner(Protocol):
    """What an object needs to have children; `slipway.engine.reconcile.Observed` is one."""

    @property
    def key(self) -> _OwnerKey:
        """Its kind (`<plural>.<group>`), namespace and name."""

    @property
    def uid(self) -> str:
        """Its UID."""


def owner_reference(owner: Owner) -> dict[str, Any]:
    """What makes the owner the one controller of a child, so that the child goes when its owner goes."""
    resource = BY_KEY_KIND[owner.key.kind]
    return {
        "apiVersion": resource.api_version,
        "kind": resource.kind,
        "name": owner.key.name,
        "uid": owner.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def is_child_of(owner: Owner, body: Mapping[str, Any]) -> bool:
    """Whether exactly this owner controls the object; another object of the owner's name does not count."""
    references = body["metadata"].get("ownerReferences") or []
    return any(reference.get("controller") and reference["uid"] == owner.uid for reference in references)


def is_left_over(owner: Owner, body: Mapping[str, Any]) -> bool:
    """Whether an earlier object of the owner's name controls it: Kubernetes is about to collect it."""
    ours = owner_reference(owner)
    references = body["metadata"].get("ownerReferences") or []
    return any(
        reference.get("controller")
        and reference["uid"] != owner.uid
        and all(reference.get(field) == ours[field] for field in ("apiVersion", "kind", "name"))
        for reference in references
    )


def child_name(parent: str, suffix: str = "") -> str:
    """The name of a child: `<parent>-<suffix>`, cut to 63 characters with a hash of the whole if longer."""
    name = f"{parent}-{suffix}" if suffix else parent
    if len(name) <= LONGEST_NAME:
        return name
    whole = hashlib.sha256(name.encode()).hexdigest()[:_HASH_LENGTH]
    return f"{name[: LONGEST_NAME - _HASH_LENGTH - 1].rstrip('-.')}-{whole}"


async def ensure_child(
    client: KubeClient,
    owner: Owner,
    resource: Resource,
    body: Mapping[str, Any],
    *,
    live: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Make the child, or bring it to what the body says, and return it as it is then.

    Args:
        client: of the cluster that the owner lives in.
        owner: becomes the controller of the child.
        resource: the kind of the child.
        body: with `metadata.name`, without `metadata.namespace`: a child lives where its owner lives.
        live: the child, where it has been read already: spares the POST.

    Raises:
        NameConflict: when a stranger's object has the name; it has not been touched.
        LeftOver: when a child of the owner's deleted namesake has it; Kubernetes is about to remove it.
        Conflict: when the child changed or went while this ran; a new look at it will tell.
    """
    child = _owned(owner, body)
    namespace, name = owner.key.namespace, str(child["metadata"]["name"])
    if live is None:
        try:
            return await client.create(resource, namespace, child)
        except AlreadyExists as met:
            live = await _read(client, resource, namespace, name, met)
    _refuse_stranger(owner, resource, live)
    if takeover := take_over_created_fields(live["metadata"], FIELD_MANAGER):
        await client.json_patch(resource, namespace, name, takeover)
    return await _apply_to(client, resource, live["metadata"]["uid"], child)


async def create_child(
    client: KubeClient, owner: Owner, resource: Resource, body: Mapping[str, Any]
) -> dict[str, Any]:
    """Make a child whose content never changes, and return it; one that is there already stays as it is.

    Raises:
        NameConflict: when a stranger's object has the name; it has not been touched.
        LeftOver: when a child of the owner's deleted namesake has it; Kubernetes is about to remove it.
        Conflict: when the object of this name went while this ran.
    """
    child = _owned(owner, body)
    namespace, name = owner.key.namespace, str(child["metadata"]["name"])
    try:
        return await client.create(resource, namespace, child)
    except AlreadyExists as met:
        existing = await _read(client, resource, namespace, name, met)
    _refuse_stranger(owner, resource, existing)
    return existing


def _owned(owner: Owner, body: Mapping[str, Any]) -> dict[str, Any]:
    metadata = body["metadata"]
    return {
        **body,
        "metadata": {
            **metadata,
            "namespace": owner.key.namespace,
            "labels": {**(metadata.get("labels") or {}), MANAGED_LABEL: "true"},
            "ownerReferences": [owner_reference(owner)],
        },
    }


async def _read(
    client: KubeClient, resource: Resource, namespace: str, name: str, cause: Exception
) -> dict[str, Any]:
    existing = await client.get(resource, namespace, name)
    if existing is None:
        msg = f"{resource.kind} {name} went while it was being written"
        raise Conflict(msg, status=409) from cause
    return existing


def _refuse_stranger(owner: Owner, resource: Resource, existing: Mapping[str, Any]) -> None:
    if is_child_of(owner, existing):
        return
    if is_left_over(owner, existing):
        name = existing["metadata"]["name"]
        msg = f"Still being removed with a deleted object of this name: {resource.kind} {name}"
        raise LeftOver(msg, status=409)
    msg = (
        f"{resource.kind} {existing['metadata']['name']} exists and is not controlled by this object: "
        f"delete or rename it, or choose another name for this object"
    )
    raise NameConflict(msg, status=409)


async def _apply_to(
    client: KubeClient, resource: Resource, uid: str, child: dict[str, Any]
) -> dict[str, Any]:
    """Apply to the object of exactly this UID; the API server refuses the write to any other."""
    metadata = {**child["metadata"], "uid": uid}
    namespace, name = metadata["namespace"], metadata["name"]
    try:
        return await client.apply(resource, namespace, name, {**child, "metadata": metadata})
    except Invalid as error:
        # It says "metadata.uid: field is immutable" of an object with another UID, which is a conflict to us.
        existing = await _read(client, resource, namespace, name, error)
        if existing["metadata"]["uid"] == uid:
            raise
        msg = f"{resource.kind} {name} was replaced by another object of its name while it was being written"
        raise Conflict(msg, status=409) from error
