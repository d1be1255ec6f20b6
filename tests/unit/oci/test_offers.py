from __future__ import annotations

import pytest

from slipway.http import HttpClient
from slipway.oci.errors import InvalidReference
from slipway.oci.manifest import OCI_INDEX
from slipway.oci.offers import Offers
from slipway.oci.session import RegistrySession
from tests.support.raw_server import RawServer, Reply, Seen

DIGEST = "sha256:" + "a" * 64
INDEX = Reply(200, b'{"manifests": []}', (("Content-Type", f"{OCI_INDEX}; charset=utf-8"),))
PAGE = Reply(200, b"<!doctype html>", (("Content-Type", "text/html"),))
NAMELESS = Reply(200, b"{}")


@pytest.mark.parametrize(
    ("answer", "offered"),
    [(INDEX, True), (PAGE, False), (NAMELESS, False), (Reply(404), False), (Reply(405), False)],
    ids=["an index", "a web page", "no type", "404", "405"],
)
async def test_referrers_are_offered_by_who_answers_with_an_index(answer: Reply, offered: bool) -> None:
    """Status 200 alone says nothing: some have a web page for every path."""
    async with RawServer(lambda _: answer) as server:
        session = RegistrySession(server.url, HttpClient(timeout=5))
        assert await Offers(session).referrers("shop/api", DIGEST) is offered
        await session.aclose()

    assert [seen.target for seen in server.seen] == [f"/v2/shop/api/referrers/{DIGEST}"]


@pytest.mark.parametrize("compares", [True, False])
async def test_conditional_requests_are_offered_by_who_compares_the_digest(compares: bool) -> None:
    """Asked by HEAD, which no registry counts as a pull."""

    def script(seen: Seen) -> Reply:
        knows = seen.headers.get("if-none-match") == f'"{DIGEST}"'
        return Reply(304 if compares and knows else 200)

    async with RawServer(script) as server:
        session = RegistrySession(server.url, HttpClient(timeout=5))
        assert await Offers(session).conditional_requests("shop/api", DIGEST) is compares
        await session.aclose()

    assert [seen.method for seen in server.seen] == ["HEAD"]


@pytest.mark.parametrize(("repository", "digest"), [("../x", DIGEST), ("shop/api", "latest")])
async def test_names_that_cannot_be_are_never_sent(repository: str, digest: str) -> None:
    """They would get into the path."""
    async with RawServer(lambda _: INDEX) as server:
        session = RegistrySession(server.url, HttpClient(timeout=5))
        offers = Offers(session)
        for ask in (offers.referrers, offers.conditional_requests):
            with pytest.raises(InvalidReference):
                await ask(repository, digest)
        await session.aclose()

    assert server.seen == []
