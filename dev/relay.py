"""A TCP relay on loopback that a test can cut: connections break, new ones are refused, all goes on again."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Coroutine
from typing import Any, Self

from dev import ports

__all__ = ["Relay", "copy_stream"]

_CHUNK = 64 * 1024


class Relay:
    """Passes bytes between clients of its own port and one server.

    It runs in a thread of its own, so that neither blocking tests nor asyncio tests can starve it. Use it as
    a context manager. `port` is where clients connect; it stays the same while the relay refuses them.
    """

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._reservation = ports.reserve(1)
        self.port = self._reservation.ports[0]
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="relay", daemon=True)
        self._server: asyncio.Server | None = None
        self._serving: set[asyncio.Future[None]] = set()
        self._live: dict[asyncio.StreamWriter, asyncio.StreamWriter | None] = {}

    def __enter__(self) -> Self:
        self._thread.start()
        self.reopen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._run(self._settle())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.release()

    @property
    def connections(self) -> int:
        """How many connections are open now."""
        return len(self._live)

    def cut(self) -> None:
        """Break all live connections with a reset; new ones are accepted as before."""
        self._run(self._cut())

    def refuse(self) -> None:
        """Break all live connections and refuse new ones until `reopen`."""
        self._run(self._refuse())

    def reopen(self) -> None:
        """Accept connections again."""
        self._run(self._reopen())

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)

    async def _cut(self) -> None:
        # By client end, with the server's end once there is one.
        for client, server in self._live.items():
            _reset(client)
            if server is not None:
                _reset(server)
        self._live.clear()

    async def _refuse(self) -> None:
        if self._server is not None:
            # Who was let in a moment ago would not find the server it belongs to, and would never be closed.
            for listening in self._server.sockets:
                self._loop.remove_reader(listening.fileno())
            await self._turns()
            self._server.close()
            self._server = None
        await self._cut()

    async def _reopen(self) -> None:
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, "127.0.0.1", self.port)

    async def _settle(self) -> None:
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await self._cut()
        # A transport lets go of its socket a turn of the loop after it was closed.
        await self._turns()

    async def _turns(self) -> None:
        """What the loop has begun goes on."""
        for _ in range(3):
            await asyncio.sleep(0)

    def _accept(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        # Not in the task below: one that is cancelled before its first step would leave the connection open.
        self._live[client] = None
        serving = asyncio.ensure_future(self._serve(reader, client))
        self._serving.add(serving)
        serving.add_done_callback(self._serving.discard)

    async def _serve(self, reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        try:
            server_reader, server = await asyncio.open_connection(*self._target)
        except OSError:
            self._live.pop(client, None)
            _reset(client)
            return
        if client not in self._live:
            # Cut while the connection to the server was being made.
            _reset(server)
            return
        self._live[client] = server
        try:
            await asyncio.gather(copy_stream(reader, server), copy_stream(server_reader, client))
        except asyncio.CancelledError:
            _reset(client)
            _reset(server)
            raise
        finally:
            self._live.pop(client, None)
            client.close()
            server.close()


async def copy_stream(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass on what comes until its end, and the end too."""
    # A broken end is the relay's daily bread; the other direction ends by itself.
    with contextlib.suppress(OSError):
        while data := await source.read(_CHUNK):
            target.write(data)
            await target.drain()
        if target.can_write_eof():
            target.write_eof()


def _reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    if connection is not None:
        with contextlib.suppress(OSError):
            # Linger of zero seconds makes close() send RST, as a crashed peer does, not FIN.
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    writer.transport.abort()
