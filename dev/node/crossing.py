"""Passes streams from one network namespace to another.

A socket belongs for good to the namespace it was made in. So the listening sockets are made on one side, and
the thread that connects is started on the other.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from dev.relay import copy_stream

__all__ = ["Crossing", "Way"]


@dataclass(frozen=True, slots=True)
class Way:
    """From a socket that listens already to a server."""

    listening: socket.socket
    target: tuple[str, int]
    """Host and port, on the side of the thread that enters the `Crossing`."""


class Crossing:
    """Serves these ways from a thread of its own for the length of a with block."""

    def __init__(self, ways: Sequence[Way]) -> None:
        self._ways = ways
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="crossing", daemon=True)

    def __enter__(self) -> Self:
        # The thread is in the namespace of the one that starts it.
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._open(), self._loop).result(timeout=10)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result(timeout=10)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self) -> None:
        self._servers = [await self._serve(way) for way in self._ways]

    async def _serve(self, way: Way) -> asyncio.Server:
        async def pass_on(reader: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
            await _pass_on(reader, client, way.target)

        return await asyncio.start_server(pass_on, sock=way.listening)

    async def _close(self) -> None:
        for server in self._servers:
            server.close()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        # A transport lets go of its socket a turn of the loop after it was closed.
        await asyncio.sleep(0)


async def _pass_on(
    reader: asyncio.StreamReader, client: asyncio.StreamWriter, target: tuple[str, int]
) -> None:
    with contextlib.closing(client):
        try:
            server_reader, server = await asyncio.open_connection(*target)
        except OSError:
            return
        with contextlib.closing(server):
            await asyncio.gather(copy_stream(reader, server), copy_stream(server_reader, client))
