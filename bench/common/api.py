"""Warehouses by the thousand: made, read, written and removed through a plain aiohttp client."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

import aiohttp

from dev.kubeconfig import Kubeconfig

__all__ = ["API", "IN_FLIGHT", "Api", "connect", "in_flight"]

IN_FLIGHT: Final = 32
"""Requests under way at the same time: as many as the operator has workers."""

API: Final = "/apis/slipway.dev/v1alpha1"
"""Below which the kinds are."""

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Api:
    """An aiohttp session and nothing around it; each method is one request, or one per page."""

    server: str
    session: aiohttp.ClientSession

    async def request(
        self, method: str, path: str, body: Any = None, media_type: str = "application/json"
    ) -> dict[str, Any]:
        """Send JSON, receive JSON; any refusal ends the benchmark."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": media_type}
        async with self.session.request(method, self.server + path, data=data, headers=headers) as response:
            answer = await response.read()
            if response.status >= 300:
                msg = f"{method} {path}: {response.status} {answer[:300]!r}"
                raise RuntimeError(msg)
            result: dict[str, Any] = json.loads(answer)
            return result

    async def warehouses(self, namespace: str) -> list[dict[str, Any]]:
        """All of a namespace, page by page."""
        return await self.all_of(f"{API}/namespaces/{namespace}/warehouses")

    async def all_of(self, path: str) -> list[dict[str, Any]]:
        """All objects of a collection, page by page."""
        found: list[dict[str, Any]] = []
        token = ""
        while True:
            page = await self.request("GET", f"{path}?limit=500&continue={token}")
            found += page["items"]
            token = page["metadata"].get("continue", "")
            if not token:
                return found

    async def create(self, namespace: str, warehouses: Iterable[dict[str, Any]]) -> None:
        """Make a namespace with these Warehouses."""
        await self.request("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}})
        path = f"{API}/namespaces/{namespace}/warehouses"
        await in_flight(warehouses, lambda body: self.request("POST", path, body))

    async def remove(self, namespace: str) -> None:
        """Delete all Warehouses of a namespace."""
        path = f"{API}/namespaces/{namespace}/warehouses"
        names = [item["metadata"]["name"] for item in await self.warehouses(namespace)]
        await in_flight(names, lambda name: self.request("DELETE", f"{path}/{name}"))

    async def apply_status(
        self, namespace: str, name: str, resource_version: str, status: dict[str, Any]
    ) -> None:
        """The operator's one write: a server-side apply of the status, bound to the version."""
        metadata = {"name": name, "namespace": namespace, "resourceVersion": resource_version}
        body = {
            "apiVersion": "slipway.dev/v1alpha1",
            "kind": "Warehouse",
            "metadata": metadata,
            "status": status,
        }
        path = f"{API}/namespaces/{namespace}/warehouses/{name}/status?fieldManager=slipway&force=true"
        await self.request("PATCH", path, body, "application/apply-patch+yaml")


@asynccontextmanager
async def connect(kubeconfig: Path, user_agent: str) -> AsyncIterator[Api]:
    """A session with as many connections as there are requests in flight."""
    configuration = Kubeconfig.read(kubeconfig)
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT, ssl=configuration.ssl_context())
    async with aiohttp.ClientSession(connector=connector, headers={"User-Agent": user_agent}) as session:
        yield Api(configuration.server, session)


async def in_flight(items: Iterable[Item], work: Callable[[Item], Awaitable[object]]) -> None:
    """Do the work for each item, at most `IN_FLIGHT` at a time."""
    queue = iter(items)

    async def worker() -> None:
        for item in queue:
            await work(item)

    await asyncio.gather(*itertools.starmap(worker, itertools.repeat((), IN_FLIGHT)))
