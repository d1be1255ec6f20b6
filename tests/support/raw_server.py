"""A server on loopback that answers with exactly the bytes a test wants, as slowly as it wants."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Self

__all__ = ["Hanging", "RawServer", "Reply", "Seen", "Streaming"]


@dataclass(frozen=True)
class Seen:
    """A request as it came; header names are lower-case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]


@dataclass(frozen=True)
class Reply:
    """A whole answer. `headers` may name a field several times; Content-Length is added if missing."""

    status: int = 200
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()

    def encode(self, method: str) -> bytes:
        """The bytes on the wire."""
        fields = list(self.headers)
        if "content-length" not in {name.lower() for name, _ in fields}:
            fields.append(("Content-Length", str(len(self.body))))
        head = "".join(f"{name}: {value}\r\n" for name, value in fields)
        body = b"" if method == "HEAD" else self.body
        return f"HTTP/1.1 {self.status} Any\r\n{head}\r\n".encode("latin-1") + body


@dataclass(frozen=True)
class Streaming:
    """An answer written piece by piece, by a function that gets the way to write."""

    write: Callable[[asyncio.StreamWriter], Awaitable[None]]


class Hanging:
    """No answer at all: the request is read, and the connection stays open."""


Script = Callable[[Seen], Reply | Streaming | Hanging]


class RawServer:
    """Answers every request by `script`, in the test's own event loop; use it as an async context manager.

    `seen` has the requests so far; `connections` counts those that were opened. Port 0 is a free one.
    """

    def __init__(self, script: Script, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.script = script
        self.port = port
        self.seen: list[Seen] = []
        self.connections = 0
        self._tls = tls
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port, ssl=self._tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.host = f"127.0.0.1:{self.port}"
        self.url = f"{'https' if self._tls else 'http'}://{self.host}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await asyncio.sleep(0)  # what was accepted just now becomes a task
        writers = tuple(self._writers)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for writer in writers:
            writer.transport.abort()  # closing alone would wait until somebody reads what is still to be sent
        await asyncio.sleep(0)

    def targets(self) -> list[str]:
        """What was asked for, as `METHOD target`."""
        return [f"{one.method} {one.target}" for one in self.seen]

    async def end_connections(self) -> None:
        """Closes the connections that are open, as a server does that is tired of waiting."""
        for writer in self._writers:
            writer.transport.abort()
        await asyncio.sleep(0)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.connections += 1
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
                while await self._answer(reader, writer):
                    pass
        except asyncio.CancelledError:
            pass  # the end of the server: asyncio.streams would report it as an error of its own
        finally:
            writer.close()
            self._writers.discard(writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        """Whether the connection goes on."""
        first = await reader.readexactly(1)
        if first == b"\x16":  # a TLS handshake; web servers answer it so
            writer.write(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
            return False
        seen = await _read(first, reader)
        self.seen.append(seen)
        answer = self.script(seen)
        match answer:
            case Reply():
                writer.write(answer.encode(seen.method))
                await writer.drain()
                return True
            case Streaming():
                await answer.write(writer)
            case Hanging():
                await reader.read()
        return False


async def _read(first: bytes, reader: asyncio.StreamReader) -> Seen:
    head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    line, *fields = head.split("\r\n")
    method, target, _ = line.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (f.partition(":") for f in fields if f)}
    if headers.get("transfer-encoding") == "chunked":
        return Seen(method, target, headers, await _read_chunks(reader))
    return Seen(method, target, headers, await reader.readexactly(int(headers.get("content-length", "0"))))


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    body = b""
    while size := int(await reader.readline(), 16):
        body += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return body
