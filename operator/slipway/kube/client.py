"""The verbs that the operator uses on the Kubernetes API."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from slipway.engine.fence import Fence
from slipway.kube.connection import Connection
from slipway.kube.errors import NotFound
from slipway.kube.resources import PODS, Resource
from slipway.kube.transport import Transport

__all__ = ["FIELD_MANAGER", "LOG_LIMIT", "KubeClient", "ListPage"]

FIELD_MANAGER = "slipway"
"""Under this name server-side apply records what is ours."""

LOG_LIMIT = 16 << 20
"""Bytes of a log that is read once: what is longer is for tools that keep it elsewhere."""

_LOG_SECONDS = 60.0
_PAGE = 500
_APPLY = "application/apply-patch+yaml"
_JSON_PATCH = "application/json-patch+json"
_MERGE_PATCH = "application/merge-patch+json"
_METADATA_ONLY = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1"


@dataclass(frozen=True, slots=True)
class ListPage:
    """A part of a listing."""

    items: list[dict[str, Any]]
    resource_version: str
    """Of the whole listing: the same on all pages."""


class KubeClient:
    """Reads and writes objects as dicts. Every method raises `slipway.kube.errors.KubeError`.

    With a fence, those that write raise `slipway.engine.lease.LeaseLost` where it does not let them pass.
    """

    __slots__ = ("_transport", "connection")

    def __init__(self, connection: Connection, *, timeout: float = 30.0, fence: Fence | None = None) -> None:
        """Speak through this connection, in the running event loop; `timeout` (seconds) is per attempt."""
        self.connection = connection
        self._transport = Transport(connection, timeout=timeout, fence=fence)

    @classmethod
    async def connect(
        cls, kubeconfig: Path | None = None, *, context: str | None = None, fence: Fence | None = None
    ) -> Self:
        """A client for the cluster that the configuration names, see `Connection.load`."""
        return cls(await Connection.load(kubeconfig, context), fence=fence)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Close all connections."""
        await self._transport.close()

    async def serves(self, resource: Resource) -> bool:
        """Whether the API server knows this kind in this version."""
        prefix = resource.path().rpartition("/")[0]
        try:
            listed = await self._transport.request("GET", prefix)
        except NotFound:
            return False
        return any(known["name"] == resource.plural for known in listed.get("resources") or ())

    async def get(self, resource: Resource, namespace: str | None, name: str) -> dict[str, Any] | None:
        """The live object, or None where there is none."""
        try:
            return await self._transport.request("GET", resource.path(namespace, name))
        except NotFound:
            return None

    async def get_metadata(
        self, resource: Resource, namespace: str | None, name: str
    ) -> dict[str, Any] | None:
        """The live object as a `PartialObjectMetadata`: no content, enough to see that it changed."""
        try:
            return await self._transport.request("GET", resource.path(namespace, name), accept=_METADATA_ONLY)
        except NotFound:
            return None

    async def pages(
        self,
        resource: Resource,
        namespace: str | None = None,
        *,
        limit: int = _PAGE,
        label_selector: str | None = None,
    ) -> AsyncIterator[ListPage]:
        """All objects of a kind, at most `limit` on a page; in all namespaces when none is named.

        Raises:
            Gone: between two pages, when the listing took so long that it must start over.
        """
        query = {"limit": str(limit), **({"labelSelector": label_selector} if label_selector else {})}
        while True:
            answer = await self._transport.request("GET", resource.path(namespace), query=query)
            metadata = answer["metadata"]
            yield ListPage(answer.get("items") or [], metadata["resourceVersion"])
            if not metadata.get("continue"):
                return
            query["continue"] = metadata["continue"]

    async def create(
        self, resource: Resource, namespace: str | None, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Make a new object.

        Raises:
            AlreadyExists: when one of that name exists, whoever made it.
        """
        return await self._transport.request(
            "POST",
            resource.path(namespace),
            query={"fieldManager": FIELD_MANAGER},
            body=_typed(resource, body),
        )

    async def apply(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Mapping[str, Any],
        *,
        subresource: str | None = None,
        manager: str = FIELD_MANAGER,
    ) -> dict[str, Any]:
        """Server-side apply: afterwards the object has these fields, and of ours no others.

        A `metadata.uid` or `metadata.resourceVersion` in the body is a precondition.

        Raises:
            Conflict: when a precondition does not hold.
        """
        return await self._transport.request(
            "PATCH",
            resource.path(namespace, name, subresource),
            query={"fieldManager": manager, "force": "true"},
            body=_typed(resource, body),
            media_type=_APPLY,
        )

    async def apply_status(
        self, resource: Resource, namespace: str | None, name: str, body: Mapping[str, Any]
    ) -> dict[str, Any]:
        """Server-side apply of the complete status; `metadata.resourceVersion` in the body is a precondition.

        Raises:
            Conflict: when the object has changed since that version.
            NotFound: when there is no such object.
        """
        return await self.apply(resource, namespace, name, body, subresource="status")

    async def json_patch(
        self, resource: Resource, namespace: str | None, name: str, operations: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Change single fields by an RFC 6902 patch; one that replaces the version has it as a precondition.

        Raises:
            Conflict: when the object has changed since that version.
        """
        return await self._transport.request(
            "PATCH",
            resource.path(namespace, name),
            query={"fieldManager": FIELD_MANAGER},
            body=operations,
            media_type=_JSON_PATCH,
        )

    async def merge_patch(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        body: Mapping[str, Any],
        *,
        manager: str = FIELD_MANAGER,
    ) -> dict[str, Any]:
        """Change these fields by an RFC 7396 patch, and leave all others of ours as they are.

        A `metadata.uid` in the body is a precondition.

        Raises:
            Conflict: when a precondition does not hold.
            NotFound: when there is no such object.
        """
        return await self._transport.request(
            "PATCH",
            resource.path(namespace, name),
            query={"fieldManager": manager},
            body=body,
            media_type=_MERGE_PATCH,
        )

    async def log(
        self, namespace: str, pod: str, container: str, *, follow: bool = False
    ) -> AsyncGenerator[bytes, None]:
        """The log of a container that has begun, piece by piece.

        Args:
            namespace: of the pod.
            pod: its name.
            container: its name.
            follow: whether to go on until the container ends; without it there are at most `LOG_LIMIT` bytes,
                and a minute to read them.

        Raises:
            NotFound: when there is no such pod any more.
        """
        query = {"container": container} | ({"follow": "true"} if follow else {"limitBytes": str(LOG_LIMIT)})
        path, left = PODS.path(namespace, pod, "log"), LOG_LIMIT
        pieces = self._transport.stream(path, query=query, seconds=None if follow else _LOG_SECONDS)
        async with aclosing(pieces):
            async for piece in pieces:
                # Old kubelets take a limit as a hint.
                yield piece if follow else piece[:left]
                left -= len(piece)
                if left <= 0 and not follow:
                    return

    async def delete(
        self,
        resource: Resource,
        namespace: str | None,
        name: str,
        *,
        uid: str,
        resource_version: str,
        propagation: str = "Background",
    ) -> bool:
        """Delete exactly the object that was read: this UID at this version. False when it was gone already.

        Raises:
            Conflict: when the object has changed since, or is another one of that name.
        """
        options = {
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": {"uid": uid, "resourceVersion": resource_version},
            "propagationPolicy": propagation,
        }
        try:
            await self._transport.request("DELETE", resource.path(namespace, name), body=options)
        except NotFound:
            return False
        return True


def _typed(resource: Resource, body: Mapping[str, Any]) -> dict[str, Any]:
    return {"apiVersion": resource.api_version, "kind": resource.kind, **body}
