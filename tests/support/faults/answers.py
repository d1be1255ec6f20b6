"""What can be wrong with one answer, whatever was asked."""

from __future__ import annotations

import asyncio
import itertools
import json
import zlib
from collections.abc import Callable, Iterator
from typing import Final

from slipway.oci.manifest import OCI_MANIFEST
from tests.support.faults.shelf import JSON
from tests.support.raw_server import Hanging, Reply, Seen, Streaming

__all__ = [
    "HTML",
    "Endless",
    "chunked",
    "deep_nesting",
    "garbage_json",
    "gzip_bomb",
    "hang",
    "html_page",
    "rate_limited",
    "redirect_loop",
    "short_read",
    "slow_loris",
    "status",
    "wrong_content_type",
]

HTML: Final = ("Content-Type", "text/html; charset=utf-8")
_MEBIBYTE: Final = 1024 * 1024
_SPACES: Final = b" " * 65536


def status(code: int, body: bytes = b"", *headers: tuple[str, str]) -> Reply:
    """This status, and nothing of use."""
    return Reply(code, body, headers)


def rate_limited(retry_after: str | None = None, *headers: tuple[str, str]) -> Reply:
    """429; `retry_after` is the value of Retry-After, `headers` are what the product adds."""
    said = (("Retry-After", retry_after),) if retry_after is not None else ()
    body = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "too many requests"}]}).encode()
    return Reply(429, body, (JSON, *said, *headers))


def hang() -> Hanging:
    """No answer at all."""
    return Hanging()


def slow_loris(pause: float = 1.0) -> Callable[[Seen], Streaming]:
    """A proper beginning, then one byte every `pause` seconds, for ever; of the body, or of a HEAD's head."""

    def answer(seen: Seen) -> Streaming:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 1000000\r\n"
        unfinished = head + (b"X-Padding: " if seen.method == "HEAD" else b"\r\n")

        async def write(writer: asyncio.StreamWriter) -> None:
            writer.write(unfinished)
            while True:
                writer.write(b".")
                await writer.drain()
                await asyncio.sleep(pause)

        return Streaming(write)

    return answer


class Endless:
    """A body without end, or of very many bytes; use it as the answer itself.

    `sent` counts the bytes of all its bodies that went out, or into the buffers of the kernel.
    """

    def __init__(self, head: bytes, pieces: Callable[[], Iterator[bytes]], *, chunked: bool = False) -> None:
        self.sent = 0
        self._head = head
        self._pieces = pieces
        self._chunked = chunked

    def __call__(self, _: Seen) -> Streaming:
        """The answer to one request."""
        return Streaming(self._write)

    async def _write(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n" + self._head + b"\r\n")
        for piece in self._pieces():
            writer.write(b"%x\r\n%b\r\n" % (len(piece), piece) if self._chunked else piece)
            await writer.drain()
            self.sent += len(piece)
        if self._chunked:
            writer.write(b"0\r\n\r\n")

    @classmethod
    def body(cls) -> Endless:
        """Neither a length nor an end."""
        return cls(b"Connection: close\r\n", lambda: itertools.repeat(_SPACES))


def chunked(gibibytes: int) -> Endless:
    """So many GiB in chunks of 64 KiB."""
    pieces = gibibytes * 1024 * 16
    return Endless(b"Transfer-Encoding: chunked\r\n", lambda: itertools.repeat(_SPACES, pieces), chunked=True)


def gzip_bomb(gibibytes: int) -> Endless:
    """So many GiB of spaces, in about one MiB per GiB; `sent` counts what went over the wire."""
    head = b"Content-Encoding: gzip\r\nConnection: close\r\n"
    return Endless(head, lambda: _compressed(gibibytes * 1024))


def garbage_json() -> Reply:
    """Something that begins like JSON and is none."""
    return Reply(200, b'{"name": "shop/api", "tags": ["1.0", ', (JSON,))


def wrong_content_type(body: bytes) -> Reply:
    """The right bytes under a name of something else."""
    return Reply(200, body, (("Content-Type", "image/png"),))


def html_page(code: int = 200) -> Reply:
    """A login page."""
    return Reply(code, b"<!doctype html><title>Sign in</title><form action=/login>", (HTML,))


def deep_nesting(depth: int = 10_000, content_type: str = OCI_MANIFEST) -> Reply:
    """JSON of lists in lists."""
    body = b'{"tags": ' + b"[" * depth + b"]" * depth + b"}"
    return Reply(200, body, (("Content-Type", content_type),))


def short_read(body: bytes = b'{"name": "shop/api", "tags": ["1.0"') -> Streaming:
    """Fewer bytes than announced, and the end of the connection."""

    async def write(writer: asyncio.StreamWriter) -> None:
        head = (
            f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body) + 100}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()

    return Streaming(write)


def redirect_loop(seen: Seen) -> Reply:
    """To another address of the same host every time; use it as the answer itself."""
    number = int(seen.target.rpartition("=")[2]) + 1 if "?hop=" in seen.target else 1
    return Reply(307, b"", (("Location", f"{seen.path}?hop={number}"),))


def _compressed(mebibytes: int) -> Iterator[bytes]:
    packer = zlib.compressobj(9, wbits=31)
    content = b" " * _MEBIBYTE
    yield packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    # After a full flush the same content gives the same bytes: one block is made, and sent again and again.
    block = packer.compress(content) + packer.flush(zlib.Z_FULL_FLUSH)
    for _ in range(mebibytes - 1):
        yield block
