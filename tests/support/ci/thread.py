"""A fake CI server in a thread of its own, for an operator that is a process of its own."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from typing import Self

from tests.support.ci.fake import FakeCi
from tests.support.raw_server import RawServer, Seen

__all__ = ["ServedCi"]


@dataclass
class ServedCi:
    """Serves a fake until the end of the block."""

    fake: FakeCi
    _thread: threading.Thread | None = None
    _ready: threading.Event = field(default_factory=threading.Event)
    _over: asyncio.Event | None = None
    _loop: asyncio.AbstractEventLoop | None = None
    _server: RawServer | None = None

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._serve()), daemon=True)
        self._thread.start()
        assert self._ready.wait(10)
        return self

    def __exit__(self, *_: object) -> None:
        assert self._loop is not None
        assert self._over is not None
        assert self._thread is not None
        self._loop.call_soon_threadsafe(self._over.set)
        self._thread.join()

    @property
    def host(self) -> str:
        """Where it listens, as Secrets name it."""
        return self.fake.url.removeprefix("http://")

    def seen(self, method: str, ending: str = "") -> list[Seen]:
        """The requests of a method whose path ends so."""
        assert self._server is not None
        return [one for one in self._server.seen if one.method == method and one.path.endswith(ending)]

    async def _serve(self) -> None:
        self._loop, self._over = asyncio.get_running_loop(), asyncio.Event()
        async with RawServer(self.fake) as self._server:
            self.fake.url = self._server.url
            self._ready.set()
            await self._over.wait()
