"""A response on its way in: bounded in bytes and time, with every error of the libraries below translated."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Callable
from types import TracebackType
from typing import Final

import aiohttp
from aiohttp.http_exceptions import HttpProcessingError

from slipway.egress.deadline import now
from slipway.egress.errors import ConnectionBroken, HttpError, ResponseTooLarge, translate
from slipway.egress.messages import Headers
from slipway.egress.sending import Sending

__all__ = ["FOREIGN_ERRORS", "StreamedResponse", "Translated"]

FOREIGN_ERRORS: Final = (
    OSError,  # TimeoutError and ssl.SSLError are among them
    EOFError,
    UnicodeError,
    zlib.error,
    aiohttp.ClientError,
    HttpProcessingError,
)
"""Everything that the libraries below raise. aiohttp turns most of what its parser finds into a ClientError,
but not on every path."""

_PIECE: Final = 64 * 1024  # bytes
_FRAME: Final = 64 * 1024  # bytes that compression may add to what cannot be compressed


class StreamedResponse:
    """A response whose body is still to come; made by `slipway.http.HttpClient.stream`."""

    __slots__ = (
        "_deadline",
        "_failed",
        "_is_head",
        "_longest_silence",
        "_response",
        "headers",
        "status",
        "url",
    )

    def __init__(
        self,
        response: aiohttp.ClientResponse,
        url: str,
        sending: Sending,
        failed: Callable[[HttpError], None],
        longest_silence: float,
    ) -> None:
        self._response = response
        self._longest_silence = longest_silence
        self._deadline = sending.deadline
        self._failed = failed
        self._is_head = sending.method == "HEAD"  # its Content-Length is that of the GET
        self.status = response.status
        self.headers = Headers((k.decode("latin-1"), v.decode("latin-1")) for k, v in response.raw_headers)
        self.url = url

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body as it was sent, in pieces of at most 64 KiB.

        Only waiting for the server can run into the deadline, so that no time-out hits the consumer between
        two pieces, where nobody could tell it from a cancellation.

        Raises:
            TimedOut: when the deadline of the exchange is over.
            ConnectionBroken: when the body ends early.
        """
        while not self._response.content.at_eof():
            with Translated(self.url, self._failed):
                piece = await self._piece()
            if piece:
                yield piece

    async def _piece(self) -> bytes:
        content = self._response.content
        if content.is_eof():
            return await content.read(_PIECE)  # all of it is here: nothing to wait for
        async with asyncio.timeout_at(min(self._deadline.at, now() + self._longest_silence)):
            return await content.read(_PIECE)

    async def read(self, max_bytes: int, *, truncate: bool = False) -> bytes:
        """The decoded body.

        Args:
            max_bytes: The cap, counted after decoding, so that a gzip bomb is stopped while it unfolds.
            truncate: Give the first `max_bytes` of a larger body instead of raising.

        Raises:
            ResponseTooLarge: when there is more.
        """
        declared = self.headers.get("content-length") or ""
        is_declared_too_large = declared.isdecimal() and int(declared[:20]) > max_bytes
        if is_declared_too_large and not truncate and not self._is_head:
            raise self._too_large(max_bytes)
        unfold = _unfolder(None if self._is_head else self.headers.get("content-encoding"), self.url)
        body, received = bytearray(), 0
        async for piece in self.chunks():
            received += len(piece)
            with Translated(self.url):
                body += unfold.decompress(piece, max_bytes + 1 - len(body)) if unfold else piece
            # Compressed bytes may unfold to nothing, and go on for ever.
            if len(body) > max_bytes or received > max_bytes + _FRAME:
                if truncate:
                    return bytes(body[:max_bytes])
                raise self._too_large(max_bytes)
            if unfold and unfold.eof:
                break  # zlib would keep all that follows
        if unfold and received and not unfold.eof and not truncate:
            msg = f"{self.url} sent a compressed body that ends early"
            raise ConnectionBroken(msg)
        return bytes(body)

    def _too_large(self, max_bytes: int) -> ResponseTooLarge:
        return ResponseTooLarge(f"{self.url} answered with more than {max_bytes} bytes")


class Translated:
    """Turns what the libraries below raise in its block into our errors, and tells `failed` of them."""

    __slots__ = ("_failed", "_url")

    def __init__(self, url: str, failed: Callable[[HttpError], None] | None = None) -> None:
        self._url = url
        self._failed = failed

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if not isinstance(error, FOREIGN_ERRORS):
            return
        ours = translate(error, self._url)
        if self._failed is not None:
            ours.__cause__ = error
            self._failed(ours)
        raise ours from error


def _unfolder(encoding: str | None, url: str) -> zlib._Decompress | None:
    """What decompresses the body; None when it came as it is. Of several members the first counts."""
    name = (encoding or "").strip().lower()
    if name in {"", "identity"}:
        return None
    if name not in {"gzip", "x-gzip"}:
        msg = f"{url} answered in the encoding {name[:40]!r}, which was not asked for"
        raise ConnectionBroken(msg)
    return zlib.decompressobj(wbits=31)
