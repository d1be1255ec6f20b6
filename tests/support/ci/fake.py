"""What the fake CI servers have in common: the runs they have, who may ask, and the trouble they can make."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from slipway.build.builders.contract import Builder, Run
from slipway.build.builders.inputs import correlation_of
from slipway.build.builders.order import BuildOrder, GitSource
from slipway.http import HttpClient
from tests.support.raw_server import Hanging, RawServer, Reply, Seen, Streaming

__all__ = ["NOW", "TOKEN", "FakeCi", "Running", "StoredRun", "cut_off", "json_reply", "order_of"]

NOW: Final = datetime(2026, 11, 21, 9, tzinfo=UTC)
TOKEN: Final = "fake-token-of-a-test"
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # to make one takes as long as a whole test
JSON: Final = ("Content-Type", "application/json; charset=utf-8")


def json_reply(body: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """An answer in JSON."""
    return Reply(status, json.dumps(body).encode(), (JSON, *headers))


def cut_off() -> Streaming:
    """The connection ends before the answer begins."""

    async def end(writer: asyncio.StreamWriter) -> None:
        writer.transport.abort()

    return Streaming(end)


def order_of(key: str = "a" * 32, *, number: int = 7, at: datetime = NOW) -> BuildOrder:
    """An order of a build."""
    return BuildOrder(
        image_name="api",
        namespace="shop",
        uid="0d3b7a6e-1111-2222-3333-444455556666",
        key=key,
        number=number,
        reference=f"registry.example.com:5000/shop/api:1.4.0-{number}",
        bases={"python:3.12-slim": f"sha256:{'1' * 64}", "golang:1.25": f"sha256:{'2' * 64}"},
        source=GitSource(
            url="https://git.example.com/shop/api.git",
            commit="c" * 40,
            path="apps/api",
            target="runtime",
            build_args=(("VERSION", "1.4.0"),),
            platforms=("linux/amd64",),
            secret="git-token",
        ),
        timeout=timedelta(minutes=30),
        requested_at=at,
    )


class ManualClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class StoredRun:
    """A run as the fake has it; its state goes out in the vendor's own words."""

    number: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    name: str = "image"
    state: str = "queued"
    conclusion: str = ""
    created: datetime = NOW
    cancelled: int = 0
    """How often somebody asked it to end."""


@dataclass
class Running:
    """A fake that runs, and a builder that asks it."""

    builder: Builder
    server: RawServer
    clock: ManualClock
    http_client: HttpClient | None = None

    @property
    def http(self) -> HttpClient:
        """What the builder asks with; a Job is asked for in another way."""
        assert self.http_client is not None
        return self.http_client

    def asked(self, method: str, ending: str = "") -> list[Seen]:
        """The requests of a method whose path ends so."""
        return [one for one in self.server.seen if one.method == method and one.path.endswith(ending)]


@dataclass
class FakeCi:
    """A CI server. Each vendor is a subclass; the switches make it misbehave."""

    runs: list[StoredRun] = field(default_factory=list)
    """The oldest first."""

    instead: Callable[[Seen], Reply | Streaming | Hanging | None] = lambda _: None
    """Asked first: what a request is answered with in place of all that follows."""

    loses_answers: bool = False
    """Whether a dispatch is carried out, and then the connection ends."""

    hides: int = 0
    """How many lists are still to be given without the newest run."""

    names_runs: bool = True
    """Whether the name of a run has the key in it, as the workflow should see to."""

    tells_run: bool = True
    """Whether a dispatch is answered with the run, where a vendor has versions that do not."""

    page_size: int | None = None
    """Entries of a page at most, where a test wants more pages than the vendor would make of them."""

    now: Callable[[], datetime] = lambda: NOW
    """When a run is started."""

    url = ""
    """Of the running server."""

    starts_at: str = "/dispatches"
    """How the path ends that starts a run."""

    def builder(self, http: HttpClient, clock: ManualClock, url: str) -> Builder:
        """The code under test."""
        raise NotImplementedError

    def answer(self, seen: Seen, path: str, query: dict[str, str]) -> Reply | None:
        """The vendor's answer; None where it has nothing."""
        raise NotImplementedError

    def words(self, run: StoredRun, state: str) -> None:
        """Puts a run into a state: running, succeeded, failed or cancelled, in the vendor's words."""
        raise NotImplementedError

    def is_authorized(self, seen: Seen) -> bool:
        """Whether the request carries the token in the form that the vendor wants."""
        return seen.headers.get("authorization") == f"Bearer {TOKEN}"

    def unauthorized(self) -> Reply:
        """What a request without a token that is valid is told."""
        return json_reply({"message": "Bad credentials"}, 401)

    def __call__(self, seen: Seen) -> Reply | Streaming | Hanging:
        other = self.instead(seen)
        if other is not None:
            return other
        if not self.is_authorized(seen):
            return self.unauthorized()
        parts = urlsplit(seen.target)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        reply = self.answer(seen, parts.path, query) or json_reply({"message": "Not Found"}, 404)
        if self.loses_answers and seen.method == "POST" and parts.path.endswith(self.starts_at):
            return cut_off()
        return reply

    def started(self, inputs: Mapping[str, str]) -> StoredRun:
        """A new run."""
        name = f"image {inputs.get('slipway_key', '')}" if self.names_runs else "image"
        run = StoredRun(1000 + len(self.runs), dict(inputs), name, created=self.now())
        self.runs.append(run)
        return run

    def dispatched(self, order: BuildOrder) -> StoredRun:
        """A run of an order that somebody dispatched before."""
        run = self.started({"slipway_key": correlation_of(order)})
        run.created = order.requested_at
        return run

    def run_of(self, run: StoredRun) -> Run:
        """What the builder knows a run by."""
        return Run(str(run.number))

    def numbered(self, number: str) -> StoredRun | None:
        return next((run for run in self.runs if str(run.number) == number), None)

    def listed(self, query: dict[str, str], size: str, most: int) -> list[StoredRun]:
        """The page that is asked for, the newest first; a run is not there at once."""
        runs = list(reversed(self.runs))
        if self.hides:
            self.hides -= 1
            runs = runs[1:]
        length = min(int(query.get(size, most)), self.page_size or most, most)
        start = (int(query.get("page", "1")) - 1) * length
        return runs[start : start + length]

    @asynccontextmanager
    async def running(self, *, timeout: float = 5, url: str = "") -> AsyncIterator[Running]:
        """The server, and a builder that uses it."""
        async with RawServer(self) as server:
            self.url = server.url
            http, clock = HttpClient(timeout=timeout, verify=_NO_TLS), ManualClock()
            try:
                yield Running(self.builder(http, clock, url or server.url), server, clock, http)
            finally:
                await http.aclose()
