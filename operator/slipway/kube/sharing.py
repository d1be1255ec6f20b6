"""Objects that the operator makes for several objects at once: none controls it, each is one of its owners.

Kubernetes collects such an object when its last owner goes. An owner that needs it no more leaves by itself;
the last one to leave deletes it, in the version that names no other, so that nobody loses what it has just
joined.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.kube.client import KubeClient
from slipway.kube.errors import AlreadyExists, Conflict, NameConflict
from slipway.kube.owners import Owner, plain_reference
from slipway.kube.resources import Resource
from slipway.kube.watched import Watched

__all__ = ["Shared"]


class Shared:
    """Joins and leaves shared objects, and tells the intake what came of it."""

    __slots__ = ("_client", "_intake", "_watched")

    def __init__(self, client: KubeClient, intake: Intake, watched: Iterable[Watched]) -> None:
        """Write through the client; what is taken in are objects of the watched kinds."""
        self._client = client
        self._intake = intake
        self._watched = {kind.resource.key_kind: kind for kind in watched}

    async def join(self, owner: Owner, resource: Resource, body: Mapping[str, Any], label: str) -> None:
        """Make the owner one of those of a shared object, which is created where there is none.

        Args:
            owner: of the namespace that the object is in.
            resource: the kind of the object.
            body: with `metadata.name` and with the label, which tells shared objects from those of people.
            label: its name.

        Raises:
            NameConflict: when a stranger's object has the name; it has not been touched.
            Conflict: when the object went while this ran.
        """
        namespace, name = owner.key.namespace, body["metadata"]["name"]
        reference = plain_reference(owner)
        metadata = {**body["metadata"], "ownerReferences": [reference]}
        if self._intake.knows(Key(resource.key_kind, namespace, name)):
            # Nearly always, where many share one: an attempt to create it would be refused.
            self._observe(resource, await self._join(owner, resource, name, label, reference))
            return
        try:
            created = await self._client.create(resource, namespace, {**body, "metadata": metadata})
        except AlreadyExists:
            created = await self._join(owner, resource, name, label, reference)
        self._observe(resource, created)

    async def leave(self, owner: Owner, resource: Resource, name: str) -> None:
        """Take the owner out of the owners; the object goes with its last one. One that has gone is as good.

        Raises:
            Conflict: when the object has changed meanwhile.
        """
        key = Key(resource.key_kind, owner.key.namespace, name)
        live = await self._client.get(resource, key.namespace, key.name)
        if live is not None:
            await self._leave(owner, resource, key, live["metadata"])

    async def _join(
        self, owner: Owner, resource: Resource, name: str, label: str, reference: Mapping[str, Any]
    ) -> dict[str, Any]:
        namespace = owner.key.namespace
        live = await self._client.get(resource, namespace, name)
        if live is None:
            msg = f"{resource.kind} {name} went while it was being joined"
            raise Conflict(msg, status=409)
        if (live["metadata"].get("labels") or {}).get(label) != "true":
            msg = (
                f"{resource.kind} {name} exists and lacks the label {label}: the operator did not make it; "
                "rename it, because its name is one that the operator uses"
            )
            raise NameConflict(msg, status=409)
        if any(known["uid"] == owner.uid for known in live["metadata"].get("ownerReferences") or ()):
            return live
        # A field manager for each owner: applies of different owners never undo each other.
        change = {"metadata": {"name": name, "uid": live["metadata"]["uid"], "ownerReferences": [reference]}}
        manager = f"slipway-{owner.uid}"
        return await self._client.apply(resource, namespace, name, change, manager=manager)

    async def _leave(self, owner: Owner, resource: Resource, key: Key, metadata: Mapping[str, Any]) -> None:
        owners = metadata.get("ownerReferences") or []
        others = [known for known in owners if known["uid"] != owner.uid]
        uid, version = metadata["uid"], metadata["resourceVersion"]
        if not others:
            await self._client.delete(resource, key.namespace, key.name, uid=uid, resource_version=version)
            if not metadata.get("finalizers"):
                self._intake.forget(key, uid, int(version), own=True)
        elif len(others) < len(owners):
            operations = [
                {"op": "replace", "path": "/metadata/resourceVersion", "value": version},
                {"op": "replace", "path": "/metadata/ownerReferences", "value": others},
            ]
            self._observe(
                resource, await self._client.json_patch(resource, key.namespace, key.name, operations)
            )

    def _observe(self, resource: Resource, body: Mapping[str, Any]) -> None:
        watched = self._watched.get(resource.key_kind)
        if watched is not None and (view := watched.view(body)) is not None:
            self._intake.observe(view)
