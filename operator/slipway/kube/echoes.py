"""Watch streams without what Kopf need not hear of: what is known already, and what was taken out before.

Each of our writes comes back as an event of the watch, with a version that the answer to the write has told
already, or tells in a moment: the two race. That is half of all events, and to pass one through Kopf costs
ten times as much as to see here that it is no news. Bookmarks and errors of the stream always pass, so that a
stream resumes where it was.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from functools import partial
from typing import Any, Final, TypeAlias, cast

import aiohttp
import orjson
from aiohttp import ClientHandlerType, ClientRequest, ClientResponse

__all__ = ["EchoFilter", "news_in"]

_Asked: TypeAlias = Callable[[str, Mapping[str, Any]], bool]
"""Something asked of an event, given the path of its collection."""

_AskedHere: TypeAlias = Callable[[Mapping[str, Any]], bool]

_PAUSE: Final = 0.02
"""Seconds between two looks at whether the answer to a write came."""

_LOOKS: Final = 10
"""Looks for an answer before the event counts as news: a write may hang for longer than news can wait."""


class EchoFilter:
    """A middleware for an aiohttp session (https://docs.aiohttp.org/en/stable/client_middleware_cookbook.html)."""

    __slots__ = ("_is_news", "_is_taken", "_is_under_way")

    def __init__(self, is_news: _Asked, is_under_way: _Asked, is_taken: _Asked) -> None:
        """Let news through.

        Args:
            is_news: whether anybody has to hear of an event.
            is_under_way: whether that cannot be told yet, since a write of ours has not been answered.
            is_taken: takes an event that Kopf need not hear of, and says so; asked once of each event.
        """
        self._is_news = is_news
        self._is_under_way = is_under_way
        self._is_taken = is_taken

    async def __call__(self, request: ClientRequest, handler: ClientHandlerType) -> ClientResponse:
        """Send the request on; of the answer to a watch, only the news arrives."""
        response = await handler(request)
        if response.status == 200 and request.url.query.get("watch") == "true":
            path = request.url.path
            asked = (partial(ask, path) for ask in (self._is_news, self._is_under_way, self._is_taken))
            stream = _NewsStream(response.content, *asked)
            response.content = cast("aiohttp.StreamReader", stream)
        return response


class _NewsStream:
    """The body of an answer, as far as it is read in chunks; everything else is the body's own."""

    __slots__ = ("_asked", "_stream")

    def __init__(self, stream: aiohttp.StreamReader, *asked: _AskedHere) -> None:
        self._stream = stream
        self._asked = asked

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def iter_chunked(self, size: int) -> AsyncIterator[bytes]:
        """The lines of the stream that are news, in chunks."""
        return news_in(self._stream.iter_chunked(size), *self._asked)


async def news_in(
    chunks: AsyncIterator[bytes], is_news: _AskedHere, is_under_way: _AskedHere, is_taken: _AskedHere
) -> AsyncIterator[bytes]:
    """The lines (one JSON event each) that are news; a line may be spread over several chunks."""
    rest = b""
    async for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        read = [(line, orjson.loads(line)) for line in lines if line]
        events = [(line, event) for line, event in read if not is_taken(event)]
        for _ in range(_LOOKS):
            events = [(line, event) for line, event in events if is_news(event)]
            if not any(is_under_way(event) for _, event in events):
                break
            await asyncio.sleep(_PAUSE)
        if events:
            yield b"\n".join((*(line for line, _ in events), b""))
    if rest:
        yield rest
