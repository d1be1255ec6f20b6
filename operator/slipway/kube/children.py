"""Objects that the operator makes for an object of its own: named by rule, owned by UID, never a stranger's.

The first write is a POST with a deterministic name, so that an operator that was killed in between finds its
child again. All later ones are server-side applies that carry the child's UID: between a read and a write the
child may have gone and a stranger's object may have taken its name.

What the API server answers is taken in before the write returns. So the store never knows an older child than
the run that wrote it, and the echo of the write on the watch does not wake the owner.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import Any

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.view import View
from slipway.kube.client import FIELD_MANAGER, KubeClient
from slipway.kube.errors import AlreadyExists, Conflict, Invalid, LeftOver, NameConflict, NotFound
from slipway.kube.finalizers import Finalizers
from slipway.kube.owners import Owner, owner_reference
from slipway.kube.ownership import take_over_created_fields
from slipway.kube.resources import Resource
from slipway.kube.sharing import Shared
from slipway.kube.watched import MANAGED_LABEL, Watched

__all__ = [
    "LONGEST_NAME",
    "Children",
    "child_name",
    "is_child_of",
    "is_left_over",
]

LONGEST_NAME = 63
"""Characters; the longest name that may also stand in a label or be a host name."""

_HASH_LENGTH = 8


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


class Children:
    """Writes the children of all objects, and tells the intake what came of each write."""

    __slots__ = ("_client", "_intake", "_watched", "finalizers", "shared")

    def __init__(self, client: KubeClient, intake: Intake, watched: Iterable[Watched]) -> None:
        """Write through the client; what is taken in are children of the watched kinds."""
        self._client = client
        self._intake = intake
        self._watched = {kind.resource.key_kind: kind for kind in watched}
        self.shared = Shared(client, intake, self._watched.values())
        """Writes what belongs to several objects at once."""
        self.finalizers = Finalizers(client, intake, self._watched.values())
        """Makes deletions of the owners wait."""

    async def ensure(
        self,
        owner: Owner,
        resource: Resource,
        body: Mapping[str, Any],
        *,
        live: Mapping[str, Any] | None = None,
    ) -> dict[str, Any]:
        """Make the child, or bring it to what the body says, and return it as it is then.

        Args:
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
        if live is None:
            if (made := await self._make(owner, resource, child)) is not None:
                return made
            live = await self._read(resource, child["metadata"])
        _refuse_stranger(owner, resource, live)
        if takeover := take_over_created_fields(live["metadata"], FIELD_MANAGER):
            await self.patch(owner, resource, live, takeover)
        return await self._apply(owner, resource, live["metadata"]["uid"], child)

    async def create(self, owner: Owner, resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
        """Make a child whose content never changes, and return it; one that is there already stays as it is.

        Args:
            owner: becomes the controller of the child.
            resource: the kind of the child.
            body: as for `ensure`.

        Raises:
            NameConflict: when a stranger's object has the name; it has not been touched.
            LeftOver: when a child of the owner's deleted namesake has it; Kubernetes is about to remove it.
            Conflict: when the object of this name went while this ran.
        """
        child = _owned(owner, body)
        if (made := await self._make(owner, resource, child)) is not None:
            return made
        existing = await self._read(resource, child["metadata"])
        _refuse_stranger(owner, resource, existing)
        return existing

    async def patch(
        self,
        owner: Owner,
        resource: Resource,
        live: Mapping[str, Any],
        operations: Sequence[Mapping[str, Any]],
    ) -> dict[str, Any]:
        """Change single fields of a child that was read, by an RFC 6902 patch, and return it as it is then.

        Raises:
            Conflict: when the child went, or has changed since and the patch replaces the version.
        """
        namespace, name = owner.key.namespace, live["metadata"]["name"]
        request = self._client.json_patch(resource, namespace, name, operations)
        try:
            return await self._write(owner, resource, name, request)
        except NotFound as error:
            msg = f"{resource.kind} {name} went while it was being written"
            raise Conflict(msg, status=409) from error

    async def delete(self, owner: Owner, resource: Resource, live: Mapping[str, Any]) -> None:
        """Delete exactly the child that was read; one that has gone meanwhile is as good.

        Raises:
            Conflict: when it has changed since, or is another one of that name.
        """
        metadata, key = live["metadata"], _key(owner, resource, live["metadata"]["name"])
        uid, version = metadata["uid"], metadata["resourceVersion"]
        with self._intake.writing(key, owner.key):
            await self._client.delete(resource, key.namespace, key.name, uid=uid, resource_version=version)
            # With a finalizer it is still there, and only the watch tells when it has gone.
            if self._view(resource, live) is not None and not metadata.get("finalizers"):
                self._intake.forget(key, uid, int(version), own=True)

    def wake(self, key: Key) -> None:
        """Queue a key whose object waits for something that no object tells of."""
        self._intake.wake(key)

    # --- one request each

    async def _make(
        self, owner: Owner, resource: Resource, child: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """The new child; None when its name is taken."""
        request = self._client.create(resource, owner.key.namespace, child)
        try:
            return await self._write(owner, resource, child["metadata"]["name"], request)
        except AlreadyExists:
            return None

    async def _read(self, resource: Resource, metadata: Mapping[str, Any]) -> dict[str, Any]:
        """The live object of this name."""
        existing = await self._client.get(resource, metadata["namespace"], metadata["name"])
        if existing is None:
            msg = f"{resource.kind} {metadata['name']} went while it was being written"
            raise Conflict(msg, status=409)
        return existing

    async def _apply(
        self, owner: Owner, resource: Resource, uid: str, child: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Apply to the object of exactly this UID; the API server refuses the write to any other."""
        metadata = {**child["metadata"], "uid": uid}
        namespace, name = metadata["namespace"], metadata["name"]
        request = self._client.apply(resource, namespace, name, {**child, "metadata": metadata})
        try:
            return await self._write(owner, resource, name, request)
        except Invalid as error:
            # It says "metadata.uid: field is immutable" of an object with another UID: to us, a conflict.
            if (await self._read(resource, metadata))["metadata"]["uid"] == uid:
                raise
            msg = f"{resource.kind} {name} was replaced by another object while it was being written"
            raise Conflict(msg, status=409) from error

    # --- what comes of it

    async def _write(
        self, owner: Owner, resource: Resource, name: str, request: Awaitable[dict[str, Any]]
    ) -> dict[str, Any]:
        """The answer to a write, taken in."""
        with self._intake.writing(_key(owner, resource, name), owner.key):
            answer = await request
            if (view := self._view(resource, answer)) is not None:
                self._intake.observe(view, own=True)
        return answer

    def _view(self, resource: Resource, body: Mapping[str, Any]) -> View | None:
        """What the watch would show of this object; None where it would show nothing."""
        watched = self._watched.get(resource.key_kind)
        return watched.view(body) if watched is not None and watched.selects(body) else None


def _key(owner: Owner, resource: Resource, name: str) -> Key:
    return Key(resource.key_kind, owner.key.namespace, name)


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
