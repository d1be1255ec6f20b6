"""The registry itself: a shelf, the faults in front of it, and a thread that serves both."""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Self

from dev import ports
from dev.endpoints import Endpoint
from tests.support.faults.shelf import Shelf
from tests.support.raw_server import Hanging, RawServer, Reply, Seen, Streaming

__all__ = ["Answer", "Fault", "FaultyRegistry"]

Answer = Reply | Streaming | Hanging
Fault = Answer | Callable[[Seen], Answer]
"""What is answered instead: always the same, or made from the request."""


@dataclass
class _Playing:
    fault: Fault
    on: Endpoint | None
    repository: str | None
    left: int | None

    def takes(self, seen: Seen) -> bool:
        """Whether it answers this request, which then counts."""
        if self.left == 0 or self.on not in {None, Endpoint.of(seen.method, seen.target)}:
            return False
        if self.repository is not None and not seen.path.startswith(f"/v2/{self.repository}/"):
            return False
        if self.left is not None:
            self.left -= 1
        return True


class FaultyRegistry:
    """A registry on loopback that behaves until a fault is played; use it in a with block.

    Args:
        tls: serve HTTPS with this context.

    `host` and `url` stay the same over `refuse` and `reopen`; `shelf` is what it has; `seen` are the requests
    so far, in their order.
    """

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.shelf = Shelf()
        self._playing: list[_Playing] = []
        self._reservation = ports.reserve(1)
        self._server = RawServer(self._answer, tls, port=self._reservation.ports[0])
        self.host = f"127.0.0.1:{self._reservation.ports[0]}"
        self.url = f"{'https' if tls else 'http'}://{self.host}"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="faulty-registry", daemon=True)
        self._is_open = False

    def __enter__(self) -> Self:
        self._thread.start()
        self.reopen()
        return self

    def __exit__(self, *_: object) -> None:
        self.refuse()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self._reservation.release()

    @property
    def seen(self) -> list[Seen]:
        """Every request so far."""
        return self._server.seen

    def targets(self, endpoint: Endpoint | None = None) -> list[str]:
        """What was asked for so far, as `METHOD target`; of one endpoint or of all."""
        wanted = [one for one in self.seen if endpoint in {None, Endpoint.of(one.method, one.target)}]
        return [f"{one.method} {one.target}" for one in wanted]

    def play(
        self,
        fault: Fault,
        *,
        on: Endpoint | None = None,
        repository: str | None = None,
        times: int | None = None,
    ) -> None:
        """From now on answer so, on top of what is played already.

        Args:
            fault: the answer, or what makes it from a request.
            on: the requests it is for; None is all of them.
            repository: the repository it is for; None is all of them.
            times: how many requests; None is until `heal`.
        """
        self._playing.insert(0, _Playing(fault, on, repository, times))

    def heal(self) -> None:
        """Behave again."""
        self._playing.clear()

    def refuse(self) -> None:
        """Break all connections and refuse new ones until `reopen`."""
        if self._is_open:
            self._is_open = False
            self._run(self._server.__aexit__())

    def reopen(self) -> None:
        """Accept connections again."""
        if not self._is_open:
            self._run(self._server.__aenter__())
            self._is_open = True

    def _answer(self, seen: Seen) -> Answer:
        for playing in tuple(self._playing):
            if playing.takes(seen):
                return playing.fault(seen) if callable(playing.fault) else playing.fault
        return self.shelf.answer(seen)

    def _run(self, work: Coroutine[Any, Any, object]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=10)
