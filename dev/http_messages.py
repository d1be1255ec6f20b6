"""HTTP/1.1 as it goes over a connection, one message at a time, for proxies that read what they pass on."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

__all__ = ["Message", "framed", "pieces", "read_message", "read_start", "with_body"]

_WITHOUT_BODY = frozenset({"204", "304"})


@dataclass(frozen=True, slots=True)
class Message:
    """A request or an answer."""

    head: bytes
    """With the empty line at its end."""
    body: bytes = b""
    """As it went over the connection: what comes in chunks has their sizes in it."""

    @property
    def start(self) -> list[str]:
        """The three parts of its first line."""
        return self.head.partition(b"\r\n")[0].decode("latin-1").split(" ", 2)

    @property
    def is_chunked(self) -> bool:
        """Whether its body comes in chunks."""
        return self.field("transfer-encoding").lower() == "chunked"

    @property
    def raw(self) -> bytes:
        """All of it."""
        return self.head + self.body

    def field(self, wanted: str) -> str:
        """The value of a header; empty when there is none."""
        for line in self.head.split(b"\r\n")[1:]:
            name, _, value = line.decode("latin-1").partition(":")
            if name.lower() == wanted:
                return value.strip()
        return ""


async def read_start(reader: asyncio.StreamReader) -> Message | None:
    """The next message without its body; None when the connection ended before."""
    try:
        return Message(await reader.readuntil(b"\r\n\r\n"))
    except asyncio.IncompleteReadError as error:
        if error.partial:
            raise
        return None


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """The next whole message; None when the connection ended before.

    Raises:
        IncompleteReadError: it ended in the middle.
    """
    started = await read_start(reader)
    return None if started is None else await with_body(started, reader)


async def with_body(started: Message, reader: asyncio.StreamReader) -> Message:
    """The message with its body.

    Raises:
        IncompleteReadError: the connection ended in the middle.
    """
    if started.is_chunked:
        return Message(
            started.head, b"".join([framed(piece) async for piece in pieces(reader)]) + framed(b"")
        )
    is_empty = started.start[1] in _WITHOUT_BODY
    length = 0 if is_empty else int(started.field("content-length") or 0)
    return Message(started.head, await reader.readexactly(length))


async def pieces(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    """The chunks of a body, up to its end.

    Raises:
        IncompleteReadError: the connection ended in the middle.
    """
    while size := int(await reader.readuntil(b"\r\n"), 16):
        yield await reader.readexactly(size)
        await reader.readexactly(2)
    await reader.readuntil(b"\r\n")


def framed(piece: bytes) -> bytes:
    """A chunk as it goes over the connection; the empty one is the end of the body."""
    return b"%x\r\n%s\r\n" % (len(piece), piece)
