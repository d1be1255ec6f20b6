"""A proxy before the API server that loses requests, answers and watch events as a test says.

A relay that only passes bytes on can cut a connection, but not surely between a write and its answer. This
one reads every request. Clients speak plain HTTP with it; to the API server it speaks as the user of a
kubeconfig, with TLS where the server has it.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
from collections.abc import AsyncIterator, Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from dev import ports
from dev.http_messages import Message, framed, pieces, read_message, read_start, with_body
from dev.kubeconfig import Kubeconfig

__all__ = ["Call", "FaultProxy", "Faults"]


@dataclass(frozen=True, slots=True)
class Call:
    """A request to the API server."""

    method: str
    target: str
    """Path and query."""

    @classmethod
    def of(cls, message: Message) -> Self:
        """What a message asks."""
        method, target, _ = message.start
        return cls(method, target)

    @property
    def path(self) -> str:
        """Without the query."""
        return urlsplit(self.target).path

    @property
    def is_watch(self) -> bool:
        """Whether it is answered with a stream of events."""
        return parse_qs(urlsplit(self.target).query).get("watch", ["false"]) != ["false"]

    @property
    def is_write(self) -> bool:
        """Whether it asks for a change."""
        return self.method not in {"GET", "HEAD", "OPTIONS"}

    @property
    def namespace(self) -> str:
        """Of the object or the list; empty without one."""
        return self._parts[1] if self._is_namespaced else ""

    @property
    def resource(self) -> str:
        """Plural name of what it is about: `jobs`; empty for what is no object."""
        return (self._parts[2:] if self._is_namespaced else self._parts or [""])[0]

    @property
    def _parts(self) -> list[str]:
        """What follows the version of the API."""
        root, *parts = self.path.strip("/").split("/")
        return parts[2:] if root == "apis" else parts[1:]

    @property
    def _is_namespaced(self) -> bool:
        """Whether it is about something in a namespace: else the namespace itself may be the object."""
        return self._parts[:1] == ["namespaces"] and len(self._parts) > 2


class Faults:
    """What becomes of the requests of a proxy; here: nothing happens to them.

    The methods are called in the thread of the proxy, one at a time.
    """

    def arrives(self, call: Call) -> bool:
        """Whether a request reaches the API server; else its connection breaks."""
        del call
        return True

    def is_answered(self, call: Call, status: int) -> bool:
        """Whether the client gets what the API server answered with; else its connection breaks."""
        del call, status
        return True

    def events(self, call: Call, event: dict[str, Any]) -> int:
        """How often the client gets an event of its watch."""
        del call, event
        return 1


class FaultProxy:
    """Passes requests on for the length of a with block; `faults` says what goes wrong, and may be exchanged.

    Args:
        kubeconfig: of the user whom the proxy is to the API server.
    """

    def __init__(self, kubeconfig: Path) -> None:
        self.faults = Faults()
        self._upstream = Kubeconfig.read(kubeconfig)
        self._tls = self._upstream.ssl_context() if self._upstream.server.startswith("https:") else None
        self._reservation = ports.reserve(1)
        self.port = self._reservation.ports[0]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)
        self._serving: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._thread.start()
        self._run(self._open())
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.release()

    def write_kubeconfig(self, path: Path) -> Path:
        """Write a kubeconfig that leads through this proxy, and return its path."""
        self._upstream.through(f"http://127.0.0.1:{self.port}").write(path)
        return path

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _open(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for serving in self._serving:
            serving.cancel()
        await asyncio.gather(*self._serving, return_exceptions=True)
        # A transport lets go of its socket a turn of the loop after it was closed.
        await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        serving = self._loop.create_task(self._serve(reader, client))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        address = urlsplit(self._upstream.server)
        try:
            answers, server = await asyncio.open_connection(address.hostname, address.port, ssl=self._tls)
            try:
                # Broken connections are what this is for.
                with contextlib.suppress(OSError, EOFError):
                    while await self._pass_on(reader, client, answers, server):
                        pass
            finally:
                server.transport.abort()
        finally:
            client.transport.abort()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        answers: asyncio.StreamReader,
        server: asyncio.StreamWriter,
    ) -> bool:
        """Pass one request on, and its answer; whether another one may follow."""
        request = await read_message(reader)
        if request is None:
            return False
        call = Call.of(request)
        if not self.faults.arrives(call):
            return False
        server.write(request.raw)
        answer = await read_start(answers)
        if answer is None:
            return False
        status = int(answer.start[1])
        if call.is_watch and answer.is_chunked:
            return await self._pass_events_on(call, reader, client, answer, answers)
        answer = await with_body(answer, answers)
        if not self.faults.is_answered(call, status):
            return False
        client.write(answer.raw)
        await client.drain()
        return True

    async def _pass_events_on(
        self,
        call: Call,
        reader: asyncio.StreamReader,
        client: asyncio.StreamWriter,
        answer: Message,
        answers: asyncio.StreamReader,
    ) -> bool:
        """Pass a watch on until it ends at either side."""
        client.write(answer.head)
        events = asyncio.ensure_future(self._copy_events(call, client, answers))
        # The client sends nothing while it watches: what comes is the end of its connection.
        gone = asyncio.ensure_future(reader.read(1))
        try:
            await asyncio.wait({events, gone}, return_when=asyncio.FIRST_COMPLETED)
            if not events.done() or gone.done():
                return False
            await events
            return True
        finally:
            events.cancel()
            gone.cancel()
            await asyncio.gather(events, gone, return_exceptions=True)

    async def _copy_events(
        self, call: Call, client: asyncio.StreamWriter, answers: asyncio.StreamReader
    ) -> None:
        async for line in _lines(pieces(answers)):
            times = self.faults.events(call, json.loads(line))
            for _ in range(times):
                client.write(framed(line))
            await client.drain()
        client.write(framed(b""))


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The lines of a stream, each with its end, however it is cut into pieces."""
    rest = b""
    async for piece in pieces:
        *whole, rest = (rest + piece).split(b"\n")
        for line in whole:
            yield line + b"\n"
