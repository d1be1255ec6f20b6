from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

import pytest

from slipway.oci import RegistryClient
from slipway.oci.errors import (
    AccessDenied,
    CatalogUnavailable,
    InvalidResponse,
    ListingIncomplete,
    NotARegistry,
)
from slipway.oci.results import RepositoryInfo
from tests.support.raw_server import RawServer, Reply, Seen

UNSUPPORTED = b'{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}'


@asynccontextmanager
async def _client(script: Callable[[Seen], Reply]) -> AsyncIterator[tuple[RegistryClient, RawServer]]:
    async with RawServer(script) as server, RegistryClient(server.url, timeout=5) as client:
        yield client, server


def _page(*names: str | None, link: str | None = None) -> Reply:
    links = () if link is None else (("Link", f'<{link}>; rel="next"'),)
    headers = (("Docker-Distribution-Api-Version", "registry/2.0"), *links)
    return Reply(200, json.dumps({"repositories": list(names)}).encode(), headers)


async def test_repositories_are_listed_over_pages() -> None:
    """Null and what can be no repository are left out."""
    pages = {
        "/v2/_catalog?n=1000": _page("shop/api", None, "Not A Name", link="/v2/_catalog?last=shop%2Fapi&n=0"),
        "/v2/_catalog?n=1000&last=shop%2Fapi": _page("shop/web"),
    }
    async with _client(lambda seen: pages[seen.target]) as (client, _):
        catalog = await client.list_repositories()

    assert tuple(catalog) == (RepositoryInfo("shop/api"), RepositoryInfo("shop/web"))


async def test_the_token_is_for_the_catalog() -> None:
    """Asked for with the scope that distribution names."""

    def script(seen: Seen) -> Reply:
        if seen.path == "/token":
            return Reply(200, b'{"token":"abc"}')
        if seen.headers.get("authorization") != "Bearer abc":
            return Reply(401, b"", (("WWW-Authenticate", f'Bearer realm="{server.url}/token",service="r"'),))
        return _page("shop/api")

    async with _client(script) as (client, server):
        assert (await client.list_repositories()).names == ("shop/api",)
        asked = [seen for seen in server.seen if seen.path == "/token"]

    assert parse_qs(urlsplit(asked[0].target).query)["scope"] == ["registry:catalog:*"]


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        pytest.param(Reply(404, b"404 page not found\n"), CatalogUnavailable, id="no such route"),
        pytest.param(Reply(405, UNSUPPORTED), CatalogUnavailable, id="turned off"),
        pytest.param(Reply(400, UNSUPPORTED), CatalogUnavailable, id="called a bad request"),
        pytest.param(Reply(501), CatalogUnavailable, id="not implemented"),
        pytest.param(Reply(403, b"{}"), AccessDenied, id="for administrators"),
        pytest.param(Reply(401, b"{}"), AccessDenied, id="not for everybody"),
        pytest.param(Reply(200, b"<html>", (("Content-Type", "text/html"),)), NotARegistry, id="a page"),
        pytest.param(Reply(200, b'{"repositories": {}}'), InvalidResponse, id="another shape"),
    ],
)
async def test_a_registry_that_lists_nothing_says_why(reply: Reply, error: type[Exception]) -> None:
    """It is never taken for one that is empty."""
    async with _client(lambda _: reply) as (client, _):
        with pytest.raises(error):
            await client.list_repositories()


async def test_a_page_that_vanishes_costs_one_more_pass() -> None:
    """Harbor answers 400 for a repository that was deleted meanwhile; twice is no coincidence."""
    first = _page("a", "b", link="/v2/_catalog?n=1000&last=b")
    gone = Reply(400, b'{"errors":[{"code":"BAD_REQUEST","message":"repository b not found"}]}')
    answers = [first, gone, _page("a")]
    async with _client(lambda _: answers.pop(0)) as (client, server):
        assert (await client.list_repositories()).names == ("a",)
        answers[:] = [first, gone, first, gone]
        with pytest.raises(ListingIncomplete, match="the repositories at"):
            await client.list_repositories()

    assert len(server.seen) == 7
