"""The watched kinds as lists of views, for the resync of the engine."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable

from slipway.engine.key import Key
from slipway.engine.resync import Expired, Page
from slipway.engine.view import View
from slipway.kube.client import KubeClient
from slipway.kube.errors import Gone
from slipway.kube.watched import Watched

__all__ = ["KubeLister"]


class KubeLister:
    """Lists the watched kinds; implements `slipway.engine.resync.Lister`."""

    __slots__ = ("_client", "_watched")

    def __init__(self, client: KubeClient, watched: Iterable[Watched]) -> None:
        """List these kinds through the client, in all namespaces."""
        self._client = client
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
                views = [view for body in page.items if (view := watched.view(body)) is not None]
                yield Page(views, int(page.resource_version))
        except Gone as error:
            raise Expired(kind) from error

    async def get(self, key: Key) -> View | None:
        """The live object, or None when there is none; a child that lost its label counts as gone.

        Raises:
            KubeError: when the API server could not be asked.
        """
        watched = self._watched[key.kind]
        body = await self._client.get(watched.resource, key.namespace or None, key.name)
        return watched.view(body) if body is not None and watched.selects(body) else None
