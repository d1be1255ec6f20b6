"""The clouds' own hosts, all of them played by one server on loopback."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterable, AsyncIterator, Callable, Hashable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from typing_extensions import override

from slipway.egress import EndpointClass, Response
from slipway.egress.deadline import Deadline
from slipway.http import MAX_BODY, HttpClient
from tests.support.raw_server import Hanging, RawServer, Reply, Seen

__all__ = ["NOON", "Clouds", "MovedClock", "answer", "form_of"]

NOON: Final = datetime(2026, 11, 21, 12, tzinfo=UTC)
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # shared: to make one takes as long as a whole test

Host = Callable[[Seen], Reply | Hanging]


def answer(body: Any, status: int = 200, headers: tuple[tuple[str, str], ...] = ()) -> Reply:
    """JSON, or XML when it is a text."""
    if isinstance(body, str):
        return Reply(status, body.encode(), (("Content-Type", "text/xml"), *headers))
    return Reply(status, json.dumps(body).encode(), (("Content-Type", "application/json"), *headers))


def form_of(seen: Seen) -> dict[str, str]:
    """The fields of a form."""
    assert seen.headers["content-type"] == "application/x-www-form-urlencoded"
    return {name: values[0] for name, values in parse_qs(seen.body.decode(), strict_parsing=True).items()}


class MovedClock:
    """A clock that a test moves."""

    def __init__(self, start: datetime = NOON) -> None:
        self.start = start
        self.seconds = 0.0

    def now(self) -> datetime:
        return self.start + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return 1000.0 + self.seconds


class _Network(HttpClient):
    """Takes every https URL to one server, which sees the host that was asked for."""

    def __init__(self, server: RawServer) -> None:
        super().__init__(timeout=5, verify=_NO_TLS)
        self._server = server

    @override
    async def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | AsyncIterable[bytes] = b"",
        max_bytes: int = MAX_BODY,
        timeout: float | Deadline | None = None,
        endpoint: EndpointClass = EndpointClass.OTHER,
        party: Hashable = None,
    ) -> Response:
        parts = urlsplit(url)
        assert parts.scheme == "https", f"{url} would be asked without TLS"
        response = await super().request(
            method,
            self._server.url + url.removeprefix(f"https://{parts.netloc}"),
            headers={**(headers or {}), "Host": parts.netloc},
            content=content,
            max_bytes=max_bytes,
            timeout=timeout,
        )
        return replace(response, url=url)


class Clouds:
    """Hosts by name, each with what it answers. Whoever is not there answers 404, and shows in `seen`."""

    def __init__(self) -> None:
        self.hosts: dict[str, Host] = {}
        self.clock = MovedClock()
        self.server_time: Callable[[], datetime] = self.clock.now
        self.server: RawServer
        self.http: HttpClient

    @property
    def seen(self) -> list[Seen]:
        """The requests so far."""
        return self.server.seen

    def asked(self) -> list[str]:
        """The requests so far, as host and path."""
        return [f"{one.headers['host']}{one.path}" for one in self.seen]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Clouds]:
        """The server, and `http` that leads to it."""
        async with RawServer(self._answer) as self.server:
            self.http = _Network(self.server)
            try:
                yield self
            finally:
                await self.http.aclose()

    def _answer(self, seen: Seen) -> Reply | Hanging:
        host = self.hosts.get(seen.headers["host"])
        reply = answer({}, 404) if host is None else host(seen)
        if isinstance(reply, Hanging):
            return reply
        date = ("Date", format_datetime(self.server_time(), usegmt=True))
        return replace(reply, headers=(date, *reply.headers))
