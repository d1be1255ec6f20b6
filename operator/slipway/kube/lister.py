"""The watched kinds as lists of views, for the resync of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from typing import Any

from slipway.engine.key import Key
from slipway.engine.resync import Expired, Page
from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.kube.client import KubeClient
from slipway.kube.errors import Gone
from slipway.kube.watched import Watched

__all__ = ["KubeLister"]


class KubeLister:
    """Lists the watched kinds; implements `slipway.engine.resync.Lister`."""

    __slots__ = ("_client", "_store", "_watched")

    def __init__(self, client: KubeClient, watched: Iterable[Watched], store: Store) -> None:
        """List these kinds through the client, in all namespaces; what the store has is not read again."""
        self._client = client
        self._store = store
        self._watched = {kind.resource.key_kind: kind for kind in watched}

    async def pages(self, kind: str) -> AsyncIterator[Page]:
        """All pages of a fresh list.

        Raises:
            Expired: when the list cannot be continued (410).
            KubeError: when the API server could not be asked.
        """
        watched = self._watched[kind]
        try:
            async for page in self._client.pages(watched.resource, label_selector=watched.label_selector):
                version = int(page.resource_version)
                # In a restored etcd the same version may be another object.
                is_restored = version < self._store.highest_version(kind)
                found = (
                    (None if is_restored else self._known(kind, body)) or watched.view(body)
                    for body in page.items
                )
                yield Page([view for view in found if view is not None], version)
        except Gone as error:
            raise Expired(kind) from error

    def _known(self, kind: str, body: Mapping[str, Any]) -> View | None:
        """The view of this very version, which is most of what is listed now and then."""
        metadata = body.get("metadata") or {}
        key = Key(kind, metadata.get("namespace") or "", metadata.get("name") or "")
        view = self._store.get(key)
        if view is None or self._store.is_suspect(key):
            return None
        version = metadata.get("uid"), metadata.get("resourceVersion")
        return view if (view.uid, str(view.resource_version)) == version else None

    async def get(self, key: Key) -> View | None:
        """The live object, or None when there is none; a child that lost its label counts as gone.

        Raises:
            KubeError: when the API server could not be asked.
        """
        watched = self._watched[key.kind]
        body = await self._client.get(watched.resource, key.namespace or None, key.name)
        return watched.view(body) if body is not None and watched.selects(body) else None
