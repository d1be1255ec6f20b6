"""The least that asks a registry: one request per question, a token per repository, nothing around it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import aiohttp

from bench.common.api import IN_FLIGHT
from bench.warehouses.distant import PASSWORD, USER

__all__ = ["MANIFEST", "Remote", "open_remote"]

MANIFEST: Final = "application/vnd.oci.image.manifest.v1+json"


class _Answer(NamedTuple):
    body: bytes
    digest: str


@dataclass(frozen=True, slots=True)
class Remote:
    """A registry by its base URL, and where its tokens are."""

    session: aiohttp.ClientSession
    realm: str
    service: str
    _tokens: dict[str, str] = field(default_factory=dict, repr=False)

    async def tags(self, host: str, repository: str) -> list[str]:
        """The first page, which is all of a small repository."""
        answer = await self._ask("GET", host, repository, "tags/list?n=1000")
        found: list[str] = json.loads(answer.body)["tags"]
        return found

    async def digest(self, host: str, repository: str, tag: str) -> str:
        """What a tag points at."""
        return (await self._ask("HEAD", host, repository, f"manifests/{tag}")).digest

    async def manifest(self, host: str, repository: str, reference: str) -> dict[str, Any]:
        """A manifest by tag or digest."""
        answer = await self._ask("GET", host, repository, f"manifests/{reference}")
        found: dict[str, Any] = json.loads(answer.body)
        return found

    async def config(self, host: str, repository: str, digest: str) -> dict[str, Any]:
        """The configuration of an image."""
        answer = await self._ask("GET", host, repository, f"blobs/{digest}")
        found: dict[str, Any] = json.loads(answer.body)
        return found

    async def push(self, host: str, repository: str, tag: str, manifest: dict[str, Any]) -> str:
        """Store a manifest whose blobs are there under a tag; its digest."""
        answer = await self._ask("PUT", host, repository, f"manifests/{tag}", json.dumps(manifest).encode())
        return answer.digest

    async def _ask(
        self, method: str, host: str, repository: str, rest: str, body: bytes | None = None
    ) -> _Answer:
        headers = {"Authorization": f"Bearer {await self._token(repository)}", "Accept": MANIFEST}
        if body is not None:
            headers["Content-Type"] = MANIFEST
        url = f"http://{host}/v2/{repository}/{rest}"
        async with self.session.request(method, url, headers=headers, data=body) as response:
            answer = await response.read()
            if response.status >= 300:
                msg = f"{method} {url}: {response.status} {answer[:300]!r}"
                raise RuntimeError(msg)
            return _Answer(answer, response.headers.get("Docker-Content-Digest", ""))

    async def _token(self, repository: str) -> str:
        if repository not in self._tokens:
            query = {"service": self.service, "scope": f"repository:{repository}:pull,push"}
            login = aiohttp.BasicAuth(USER, PASSWORD)
            async with self.session.get(self.realm, params=query, auth=login) as response:
                self._tokens[repository] = json.loads(await response.read())["token"]
        return self._tokens[repository]


@asynccontextmanager
async def open_remote(realm: str, service: str) -> AsyncIterator[Remote]:
    """With as many connections as there are requests in flight."""
    connector = aiohttp.TCPConnector(limit=2 * IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as session:
        yield Remote(session, realm, service)
