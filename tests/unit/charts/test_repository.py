from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import pytest

from slipway.charts import errors
from slipway.charts.address import HttpChart
from slipway.charts.index import MAX_BYTES, ChartVersion
from slipway.charts.repository import ChartRepository, Listing
from slipway.http import HttpClient
from tests.support.raw_server import Hanging, RawServer, Reply

INDEX = b"entries:\n  api:\n  - version: 1.0.0\n"
FOUND = (ChartVersion("1.0.0"),)


@pytest.fixture
async def http() -> AsyncIterator[HttpClient]:
    """A client with little patience."""
    client = HttpClient(timeout=5)
    yield client
    await client.aclose()


async def test_an_index_is_asked_for_again_only_when_it_changed(http: HttpClient) -> None:
    """Its validators go back to the server, and 304 brings what was known before."""

    def script(request: object) -> Reply:
        headers = server.seen[-1].headers
        if headers.get("if-none-match") == '"1"':
            return Reply(304)
        return Reply(200, INDEX, (("ETag", '"1"'), ("Last-Modified", "Sat, 21 Nov 2026 09:00:00 GMT")))

    async with RawServer(script) as server:
        chart, repository = HttpChart(f"{server.url}/stable", "api"), ChartRepository(http)
        first = await repository.list_versions(chart)
        again = await repository.list_versions(chart, first)

    assert first == Listing(FOUND, '"1"', "Sat, 21 Nov 2026 09:00:00 GMT")
    assert again is first
    assert [request.path for request in server.seen] == ["/stable/index.yaml"] * 2
    assert "if-none-match" not in server.seen[0].headers
    assert server.seen[1].headers["if-modified-since"] == "Sat, 21 Nov 2026 09:00:00 GMT"


async def test_a_large_index_comes_compressed_and_is_read_beside_the_loop(http: HttpClient) -> None:
    """What takes long to read does not stop other objects."""
    large = gzip.compress(b"#" * 100_000 + b"\n" + INDEX)

    async with RawServer(lambda _: Reply(200, large, (("Content-Encoding", "gzip"),))) as server:
        listing = await ChartRepository(http).list_versions(HttpChart(server.url, "api"))

    assert listing == Listing(FOUND)
    assert listing.conditions == {}
    assert server.seen[0].headers["accept-encoding"] == "gzip"


async def test_the_credential_stays_with_its_origin(http: HttpClient) -> None:
    """A redirect to another host does not take it along, and it shows up in no repr."""
    repository = ChartRepository(http, "Basic c2VjcmV0")
    async with (
        RawServer(lambda _: Reply(200, INDEX)) as other,
        RawServer(lambda _: Reply(302, b"", (("Location", f"{other.url}/index.yaml"),))) as home,
    ):
        await repository.list_versions(HttpChart(home.url, "api"))

    assert home.seen[0].headers["authorization"] == "Basic c2VjcmV0"
    assert "authorization" not in other.seen[0].headers
    assert "c2VjcmV0" not in repr(repository)


REFUSALS: dict[str, tuple[Reply, type[errors.ChartError], str]] = {
    "401": (Reply(401), errors.CredentialRefused, "check user name and password"),
    "403": (Reply(403), errors.RepositoryDenied, "denies access"),
    "404": (Reply(404), errors.RepositoryMissing, "must be that of a chart repository"),
    "500": (Reply(502), errors.RepositoryFailing, "status 502"),
    "418": (Reply(418), errors.IndexInvalid, "status 418"),
    "304 that nobody asked for": (Reply(304), errors.IndexInvalid, "status 304"),
    "a web page": (Reply(200, b"<html></html>"), errors.IndexInvalid, "is not a mapping"),
    "another chart": (Reply(200, b"entries: {}"), errors.ChartMissing, "no chart api"),
    "a bomb": (
        Reply(200, gzip.compress(b"#" * (MAX_BYTES + 1)), (("Content-Encoding", "gzip"),)),
        errors.IndexTooLarge,
        "more than 20971520 bytes",
    ),
    "a redirect from nowhere": (
        Reply(302, b"", (("Location", "ftp://x/"),)),
        errors.IndexInvalid,
        "redirects",
    ),
}


@pytest.mark.parametrize("answer", REFUSALS)
async def test_each_refusal_has_its_error(http: HttpClient, answer: str) -> None:
    """And says what to do."""
    reply, kind, words = REFUSALS[answer]

    async with RawServer(lambda _: reply) as server:
        with pytest.raises(kind, match=words):
            await ChartRepository(http).list_versions(HttpChart(server.url, "api"))


@pytest.mark.parametrize(
    ("stated", "least", "most"),
    [("120", 120, 120), ("0", 1, 1), ("9e9", 86400, 86400), ("Sat, 21 Nov 2026 09:00:00 GMT", 1, 86400)],
)
async def test_a_busy_repository_says_how_long_to_wait(
    http: HttpClient, stated: str, least: float, most: float
) -> None:
    """In seconds or as a date, between a second and a day."""
    async with RawServer(lambda _: Reply(429, b"", (("Retry-After", stated),))) as server:
        with pytest.raises(errors.RepositoryBusy) as busy:
            await ChartRepository(http).list_versions(HttpChart(server.url, "api"))

    assert busy.value.retry_after is not None
    assert least <= busy.value.retry_after <= most


@pytest.mark.parametrize("stated", ["soon", "nan", ""])
async def test_nonsense_is_no_time_to_wait(http: HttpClient, stated: str) -> None:
    """Then the caller decides."""
    async with RawServer(lambda _: Reply(429, b"", (("Retry-After", stated),))) as server:
        with pytest.raises(errors.RepositoryBusy) as busy:
            await ChartRepository(http).list_versions(HttpChart(server.url, "api"))

    assert busy.value.retry_after is None


async def test_no_answer_is_an_error_too() -> None:
    """In time, from a host that may be asked, over a connection that can be made."""
    client = HttpClient(timeout=0.1)
    async with RawServer(lambda _: Hanging()) as server:
        with pytest.raises(errors.RepositoryTimeout):
            await ChartRepository(client).list_versions(HttpChart(server.url, "api"))
    with pytest.raises(errors.RepositoryUnreachable):
        await ChartRepository(client).list_versions(HttpChart(server.url, "api"))
    with pytest.raises(errors.RepositoryForbidden):
        await ChartRepository(client).list_versions(HttpChart("http://169.254.169.254", "api"))
    await client.aclose()
