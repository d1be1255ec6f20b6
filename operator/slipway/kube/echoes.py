"""Watch streams without what is known already.

Each of our writes comes back as an event of the watch, with a version that the answer to the write has told
already. That is half of all events, and to pass one through Kopf costs ten times as much as to see here that
it is no news. Bookmarks and errors of the stream always pass, so that a stream resumes where it was.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, TypeAlias, cast

import aiohttp
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

__all__ = ["EchoFilter", "IsNews", "news_in"]

IsNews: TypeAlias = Callable[[str, Mapping[str, Any]], bool]
"""Given the path of a collection and an event of its watch: whether anybody has to hear of it."""


class EchoFilter:
    """A middleware for an aiohttp session (https://docs.aiohttp.org/en/stable/client_middleware_cookbook.html)."""

    __slots__ = ("_is_news",)

    def __init__(self, is_news: IsNews) -> None:
        """Let through what this says is news."""
        self._is_news = is_news

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send the request on; of the answer to a watch, only the news arrives."""
        response = await handler(request)
        if response.status == 200 and request.url.query.get("watch") == "true":
            path = request.url.path
            stream = _NewsStream(response.content, lambda event: self._is_news(path, event))
            response.content = cast("aiohttp.StreamReader", stream)
        return response


class _NewsStream:
    """The body of an answer, as far as it is read in chunks; everything else is the body's own."""

    __slots__ = ("_is_news", "_stream")

    def __init__(self, stream: aiohttp.StreamReader, is_news: Callable[[Mapping[str, Any]], bool]) -> None:
        self._stream = stream
        self._is_news = is_news

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The lines of the stream that are news, in chunks."""
        return news_in(self._stream.iter_chunked(size), self._is_news)


async def news_in(
    chunks: AsyncIterator[bytes], is_news: Callable[[Mapping[str, Any]], bool]
) -> AsyncIterator[bytes]:
    """The lines (one JSON event each) that are news; a line may be spread over several chunks."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        if kept := [line for line in lines if line and is_news(json.loads(line))]:
            yield b"\n".join((*kept, b""))
    if rest:
        yield rest
