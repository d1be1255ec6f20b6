"""Watches that begin where the engine's own list ended.

Kopf lists a kind before it watches it, and again whenever its watch was lost for good (410). The engine lists
too, and better: it finds what vanished. So Kopf is told of an empty list, at the version of the engine's: it
watches from there, no object is parsed twice, and the two lists leave no gap between them.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias, cast

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

__all__ = ["BeginWatch", "WatchStart"]

BeginWatch: TypeAlias = Callable[[str], Awaitable[int] | None]
"""Given the path of a collection: the version at which its watch may begin; None for what nobody watches."""


class WatchStart:
    """A middleware for an aiohttp session (https://docs.aiohttp.org/en/stable/client_middleware_cookbook.html)."""

    __slots__ = ("_begin_watch",)

    def __init__(self, begin_watch: BeginWatch) -> None:
        """Begin watches where this says."""
        self._begin_watch = begin_watch

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send the request on; the answer to a list becomes an empty list of the version to watch from.

        The API server is asked all the same: its refusals, and that it is down, are for Kopf to know.
        """
        response = await handler(request)
        if request.method != "GET" or response.status != 200 or "watch" in request.url.query:
            return response
        version = self._begin_watch(request.url.path)
        if version is not None:
            response.content = cast("aiohttp.StreamReader", _EmptyList(response.content, await version))
        return response


class _EmptyList:
    """The body of an answer, read to its end and then replaced; everything else is the body's own."""

    __slots__ = ("_stream", "_version")

    def __init__(self, stream: aiohttp.StreamReader, version: int) -> None:
        self._stream = stream
        self._version = version

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    async def read(self) -> bytes:
        """A list without items, which is its own last page."""
        await self._stream.read()  # or the connection could not be used again
        return json.dumps({"items": [], "metadata": {"resourceVersion": str(self._version)}}).encode()
