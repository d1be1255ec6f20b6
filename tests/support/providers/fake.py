"""What the fake servers have in common: what they store, who may ask, and the trouble they can make."""

from __future__ import annotations

import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from slipway.http import HttpClient
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.errors import RepositoryNotFound
from slipway.oci.providers.access import Access
from slipway.oci.providers.api import direct
from slipway.oci.providers.product import Product, ProductProvider
from slipway.oci.results import RepositoryCatalog, RepositoryInfo, TagsList
from slipway.oci.retries import NO_RETRIES
from slipway.oci.session import RegistrySession
from slipway.oci.sources import CredentialSource, StaticCredential
from tests.support.raw_server import RawServer, Reply, Seen

__all__ = [
    "EPOCH",
    "FakeVendor",
    "PlainRegistry",
    "Running",
    "StoredTag",
    "digest_named",
    "json_reply",
    "many",
]

EPOCH: Final = datetime(2026, 1, 1, tzinfo=UTC)
JSON: Final = ("Content-Type", "application/json")
PASSWORD: Final = "fake-password-of-a-test"
_NO_TLS: Final = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # shared: to make one takes as long as a whole test


def digest_named(name: str) -> str:
    """A digest that belongs to a name."""
    return f"sha256:{hashlib.sha256(name.encode()).hexdigest()}"


def json_reply(body: Any, status: int = 200, headers: Sequence[tuple[str, str]] = ()) -> Reply:
    """An answer in JSON."""
    return Reply(status, json.dumps(body).encode(), (JSON, *headers))


@dataclass(frozen=True)
class StoredTag:
    """A tag as the fake has it; `digest` and `pushed` go out in the vendor's own form."""

    name: str
    digest: str = ""
    pushed: datetime = EPOCH

    @property
    def stored_digest(self) -> str:
        return self.digest or digest_named(self.name)


def many(count: int) -> list[StoredTag]:
    """So many tags, the newest last."""
    return [StoredTag(f"v{n}", pushed=EPOCH + timedelta(minutes=n)) for n in range(count)]


class PlainRegistry:
    """What the plain protocol says of the same registry; `asked` has the questions so far."""

    def __init__(self, fake: FakeVendor) -> None:
        self._fake = fake
        self.asked: list[str] = []

    async def list_repositories(self) -> RepositoryCatalog:
        self.asked.append("catalog")
        return RepositoryCatalog(tuple(RepositoryInfo(name) for name in self._fake.repositories))

    async def list_tags(self, repository: str) -> TagsList:
        self.asked.append(repository)
        tags = self._fake.repositories.get(repository)
        if tags is None:
            msg = f"the registry has no repository {repository}"
            raise RepositoryNotFound(msg)
        return TagsList(repository, tuple(tag.name for tag in tags))


class ManualClock:
    """Time that only a test moves."""

    def __init__(self) -> None:
        self.seconds = 0.0

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.seconds)

    def monotonic(self) -> float:
        return self.seconds


@dataclass
class Running:
    """A fake that runs, and a provider that asks it."""

    provider: ProductProvider
    plain: PlainRegistry
    server: RawServer
    clock: ManualClock
    fake: FakeVendor

    @property
    def pages(self) -> list[Seen]:
        """The requests so far, those for tokens left out."""
        return [one for one in self.server.seen if self.fake.is_listing(one)]


@dataclass
class FakeVendor:
    """A server of one product. Each product is a subclass; the switches make it misbehave."""

    repositories: dict[str, list[StoredTag]] = field(default_factory=dict)
    page_size: int | None = None
    """Entries of a page at most, where a test wants more pages than the vendor would make of them."""

    trouble: dict[int, Reply] = field(default_factory=dict)
    """What the nth listing request, from 1, is answered with instead."""

    following: str | None = None
    """Where every page claims that the next one is, for vendors that name it."""

    changes: Callable[[FakeVendor, int], None] | None = None
    """Called before the nth page is given."""

    secret_required: bool = False

    listed: int = 0

    url = ""
    """Of the running server."""

    def product(self, access: Access, url: str) -> Product:
        """The code under test."""
        raise NotImplementedError

    def authorized(self, seen: Seen) -> bool:
        """Whether the request carries the secret in the form that the vendor wants."""
        raise NotImplementedError

    def unauthorized(self) -> Reply:
        """What a request without the secret is told."""
        return json_reply({"message": "unauthorized"}, 401)

    def answer(self, path: str, query: dict[str, str], seen: Seen) -> Reply | None:
        """The vendor's answer; None where it has nothing."""
        raise NotImplementedError

    def is_listing(self, seen: Seen) -> bool:
        """Whether a request asks for a page of a list."""
        return seen.method == "GET"

    credential = Credential.basic("robot", PASSWORD)
    """In the form that this product wants; the host of the API is added when it runs."""

    def __call__(self, seen: Seen) -> Reply:
        if self.is_listing(seen):
            self.listed += 1
            if self.changes is not None:
                self.changes(self, self.listed)
            if self.listed in self.trouble:
                return self.trouble[self.listed]
            if self.secret_required and not self.authorized(seen):
                return self.unauthorized()
        parts = urlsplit(seen.target)
        query = {name: values[-1] for name, values in parse_qs(parts.query, keep_blank_values=True).items()}
        return self.answer(parts.path, query, seen) or json_reply({"message": "not found"}, 404)

    def cut(
        self, entries: Sequence[Any], query: dict[str, str], size: str, most: int
    ) -> tuple[list[Any], int]:
        """The page that `page` and a size ask for, and how large pages are."""
        length = min(int(query.get(size, most)), self.page_size or most, most)
        start = (int(query.get("page", "1")) - 1) * length
        return list(entries[start : start + length]), length

    @asynccontextmanager
    async def running(
        self,
        *,
        project: str | None = None,
        credential: Credential = ANONYMOUS,
        source: CredentialSource | None = None,
        registry: str = "",
    ) -> AsyncIterator[Running]:
        """The server, and a provider of its registry."""
        async with RawServer(self) as server:
            self.url = server.url
            http, clock, plain = HttpClient(timeout=5, verify=_NO_TLS), ManualClock(), PlainRegistry(self)
            source = source or StaticCredential(credential)
            session = RegistrySession(registry or server.url, http, source, clock, retries=NO_RETRIES)
            access = Access(session, direct(http), plain, source, project, clock, timeout=5)
            try:
                provider = ProductProvider(self.product(access, server.url), access)
                yield Running(provider, plain, server, clock, self)
            finally:
                await http.aclose()
