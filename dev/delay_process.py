"""The process of `dev.delay`: relays HTTP/1.1, each request a while later, and counts."""

from __future__ import annotations

import asyncio
import json
import selectors
import sys
from collections import Counter, deque
from typing import Final

from typing_extensions import override

from dev.endpoints import Endpoint

__all__ = ["RequestLines", "main"]

_LONGEST_HEAD: Final = 64 * 1024


class RequestLines:
    """Finds the request lines in what a client sends over one connection, however it is cut into pieces.

    Bodies are skipped by their Content-Length. What comes in chunks is not understood.
    """

    def __init__(self) -> None:
        self._head = b""
        self._skip = 0

    def feed(self, data: bytes) -> list[tuple[str, str]]:
        """Method and target of every request whose head ends in this piece.

        Raises:
            ValueError: it is no HTTP/1.1, or a body comes in chunks.
        """
        found: list[tuple[str, str]] = []
        while data:
            if self._skip:
                skipped = min(self._skip, len(data))
                self._skip, data = self._skip - skipped, data[skipped:]
                continue
            self._head += data
            head, end, data = self._head.partition(b"\r\n\r\n")
            if not end:
                self._require_short()
                break
            self._head = b""
            found.append(self._read(head))
        return found

    def _read(self, head: bytes) -> tuple[str, str]:
        line, *fields = head.decode("latin-1").split("\r\n")
        method, target, _ = line.split(" ")
        for field in fields:
            name, _, value = field.partition(":")
            if name.lower() == "content-length":
                self._skip = int(value)
            elif name.lower() == "transfer-encoding":
                msg = "bodies in chunks cannot be counted past"
                raise ValueError(msg)
        return method, target

    def _require_short(self) -> None:
        if len(self._head) > _LONGEST_HEAD:
            msg = "the head of a request has no end"
            raise ValueError(msg)


class _Counts:
    """What went through, by endpoint and one by one."""

    def __init__(self) -> None:
        self.targets: list[str] = []

    def add(self, method: str, target: str) -> None:
        self.targets.append(f"{method} {target}")

    def by_endpoint(self) -> dict[str, int]:
        return dict(Counter(Endpoint.of(*line.split(" ", 1)) for line in self.targets))


class _Client(asyncio.Protocol):
    """The client's end: counts, and passes everything on when its time has come."""

    def __init__(self, upstream: tuple[str, int], seconds: float, counts: _Counts) -> None:
        self._upstream = upstream
        self._seconds = seconds
        self._counts = counts
        self._lines = RequestLines()
        self._loop = asyncio.get_running_loop()
        # What the server shall get, with the time when it does; None is the end of the connection.
        self._waiting: deque[tuple[float, bytes | None]] = deque()
        self._server: asyncio.Transport | None = None
        # As the handshake of TCP takes a round trip, before anything can be sent.
        self._earliest = self._loop.time() + seconds

    @override
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._connecting = self._loop.create_task(self._connect())

    @override
    def data_received(self, data: bytes) -> None:
        try:
            for method, target in self._lines.feed(data):
                self._counts.add(method, target)
        except ValueError as error:
            print(f"a connection is closed: {error}", file=sys.stderr)
            self.transport.abort()
            return
        self._later(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._later(None)

    @override
    def pause_writing(self) -> None:
        if self._server is not None:
            self._server.pause_reading()

    @override
    def resume_writing(self) -> None:
        if self._server is not None:
            self._server.resume_reading()

    async def _connect(self) -> None:
        try:
            transport, _ = await self._loop.create_connection(lambda: _Server(self), *self._upstream)
        except OSError:
            self.transport.abort()
            return
        self._server = transport
        self._pass_on()

    def _later(self, data: bytes | None) -> None:
        due = max(self._loop.time(), self._earliest) + self._seconds
        self._waiting.append((due, data))
        self._loop.call_at(due, self._pass_on)

    def _pass_on(self) -> None:
        # One queue, for timers that are due at the same moment may fire in any order.
        while self._server is not None and self._waiting and self._waiting[0][0] <= self._loop.time():
            _, data = self._waiting.popleft()
            if data is None:
                self._server.close()
            else:
                self._server.write(data)


class _Server(asyncio.Protocol):
    """The server's end: what comes from it has waited already, as a request."""

    def __init__(self, client: _Client) -> None:
        self._client = client

    @override
    def data_received(self, data: bytes) -> None:
        self._client.transport.write(data)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._client.transport.close()


async def _serve(port: int, control: int, upstream: tuple[str, int], seconds: float) -> None:
    counts = _Counts()

    async def tell(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        line = await reader.readuntil(b"\r\n\r\n")
        told = counts.targets if line.startswith(b"GET /targets") else counts.by_endpoint()
        body = json.dumps(told).encode()
        writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        await writer.drain()
        writer.close()

    loop = asyncio.get_running_loop()
    relay = await loop.create_server(lambda: _Client(upstream, seconds, counts), "127.0.0.1", port)
    # Last, for whoever is answered here may send requests through the relay.
    await asyncio.start_server(tell, "127.0.0.1", control)
    await relay.serve_forever()


def main() -> None:
    """Run the relay: `delay_process.py PORT CONTROL_PORT HOST:PORT SECONDS`."""
    port, control, upstream, seconds = sys.argv[1:]
    host, _, upstream_port = upstream.rpartition(":")
    # epoll waits for whole milliseconds, which would be a twentieth of what is to be exact.
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_serve(int(port), int(control), (host, int(upstream_port)), float(seconds)))


if __name__ == "__main__":
    main()
