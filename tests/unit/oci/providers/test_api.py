from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from slipway.egress import EgressPolicy
from slipway.http import HttpClient
from slipway.oci.errors import (
    InvalidResponse,
    ListingIncomplete,
    RateLimited,
    RegistryFailing,
    RegistryUnreachable,
)
from slipway.oci.providers import api as module
from slipway.oci.providers.api import (
    Authorization,
    Call,
    NotOffered,
    VendorApi,
    direct,
    first_offered,
    to_nobody,
)
from slipway.oci.providers.paging import by_link, walk
from slipway.oci.quota import QuotaKind, Quotas
from slipway.oci.retries import Retries
from tests.support.raw_server import Hanging, RawServer, Reply, Script, Seen

JSON = (("Content-Type", "application/json"),)
TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)

FAR = "4102444800"  # the year 2100

MEANINGS = (
    *((Reply(status), RegistryFailing) for status in (408, 503, 522)),
    *((Reply(status), NotOffered) for status in (304, 400, 401, 403, 404, 405, 410, 501)),
    (Reply(502, b"<html>"), RegistryFailing),
    (Reply(403, b"", (("X-RateLimit-Remaining", "59"),)), NotOffered),
    (Reply(204), NotOffered),
    (Reply(200), NotOffered),
    (Reply(200, b"{"), NotOffered),
    (Reply(200, b"[" * 50_000), NotOffered),
    (Reply(200, b"[]", (("Content-Type", "text/html"),)), NotOffered),
    (Reply(200, b" <!doctype html>"), NotOffered),
)

LIMITS: tuple[tuple[int, tuple[tuple[str, str], ...], float | None], ...] = (
    (429, (("Retry-After", "17"),), 17.0),
    (429, (("Retry-After", "0"),), 1.0),
    (429, (("X-Retry-After", FAR),), 86400.0),
    (403, (("X-RateLimit-Remaining", "0"), ("X-RateLimit-Reset", FAR)), 86400.0),
    (403, (("Retry-After", "60"),), 60.0),
    (429, (("X-RateLimit-Reset", "soon"),), None),
    (429, (), None),
)


async def _secret(_: str | None) -> str | None:
    return "Bearer word-of-a-test"


@asynccontextmanager
async def _api(
    script: Script, authorization: Authorization = to_nobody, timeout: float = 5.0
) -> AsyncIterator[tuple[VendorApi, RawServer]]:
    http = HttpClient(timeout=5, verify=TLS)
    async with RawServer(script) as server:
        try:
            yield VendorApi(server.url, direct(http), authorization, timeout=timeout), server
        finally:
            await http.aclose()


async def test_the_secret_stays_behind_when_the_api_redirects() -> None:
    """And what another host answers is no answer of the API."""
    async with RawServer(lambda _: Reply(200, b"[]", JSON)) as stranger:
        redirect = Reply(302, b"", (("Location", f"{stranger.url}/list"),))
        async with _api(lambda _: redirect, _secret) as (api, server):
            with pytest.raises(NotOffered):
                await api.ask(Call(api.url("list")), "a list")

        assert server.seen[0].headers["authorization"] == "Bearer word-of-a-test"
        assert "authorization" not in stranger.seen[0].headers


async def test_another_origin_is_never_asked() -> None:
    """Whoever made the URL: the authorization of this API belongs to this API."""
    async with RawServer(lambda _: Reply()) as stranger, _api(lambda _: Reply(), _secret) as (api, _):
        with pytest.raises(InvalidResponse, match="was not asked"):
            await api.ask(Call(f"{stranger.url}/list"), "a list")

        assert stranger.seen == []


async def test_a_header_that_was_refused_is_replaced_once() -> None:
    """Tokens end early, or are withdrawn."""
    asked: list[str | None] = []

    async def tokens(rejected: str | None) -> str | None:
        asked.append(rejected)
        return f"Bearer {len(asked)}"

    def script(seen: Seen) -> Reply:
        return Reply(200, b"[1]", JSON) if seen.headers["authorization"] == "Bearer 2" else Reply(401)

    async with _api(script, tokens) as (api, _):
        answer = await api.ask(Call(api.url("list")), "a list")

    assert answer.body == [1]
    assert asked == [None, "Bearer 1"]


async def test_a_header_that_has_no_successor_is_not_shown_again() -> None:
    """A wrong password tried over and over locks accounts."""
    async with _api(lambda _: Reply(401), _secret) as (api, server):
        with pytest.raises(NotOffered):
            await api.ask(Call(api.url("list")), "a list")

        assert len(server.seen) == 1


async def test_an_answer_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """More bytes than any page has are not read: the plain protocol has shorter ones."""
    monkeypatch.setattr(module, "_MAX_BYTES", 100)
    async with _api(lambda _: Reply(200, b"[" + b"1," * 100 + b"1]", JSON)) as (api, _):
        with pytest.raises(NotOffered):
            await api.ask(Call(api.url("list")), "a list")


async def test_a_listing_has_an_end_in_time() -> None:
    """Ten times the time-out of one request, however many pages there are."""
    number = 0

    def script(_: Seen) -> Reply:
        nonlocal number
        number += 1
        return Reply(200, f"[{number}]".encode(), (*JSON, ("Link", f"</{number}>; rel=next")))

    async with _api(script, timeout=0.01) as (api, _):
        flow = walk(Call(api.url("list")), list, by_link)
        with pytest.raises((ListingIncomplete, RegistryUnreachable)):
            await api.collect(flow, "the numbers")


async def test_a_server_that_says_nothing_times_out() -> None:
    """It is asked again at the next poll, not passed over."""
    async with _api(lambda _: Hanging(), timeout=0.05) as (api, _):
        with pytest.raises(RegistryUnreachable):
            await api.ask(Call(api.url("list")), "a list")


async def test_an_api_that_the_egress_policy_forbids_is_passed_over() -> None:
    """The registry itself may still be allowed."""
    async with RawServer(lambda _: Reply(200, b"[]", JSON)) as server:
        http = HttpClient(EgressPolicy(deny=("127.0.0.0/8",)), verify=TLS)
        api = VendorApi(server.url, direct(http))
        with pytest.raises(NotOffered):
            await api.ask(Call(api.url("list")), "a list")
        await http.aclose()

        assert server.seen == []


async def test_what_an_answer_means() -> None:
    """Failing and limited APIs are asked again later; the others have no answer for us."""
    replies: dict[str, Reply] = {}
    async with _api(lambda seen: replies[seen.path]) as (api, _):
        for number, (reply, error) in enumerate(MEANINGS):
            replies[f"/{number}"] = reply
            with pytest.raises(error):
                await api.ask(Call(api.url(str(number))), "a list")


async def test_how_long_a_limit_lasts() -> None:
    """As the API says, in one of four ways; at least a second, and a day at most."""
    replies: dict[str, Reply] = {}
    async with _api(lambda seen: replies[seen.path]) as (api, _):
        for number, (status, headers, wait) in enumerate(LIMITS):
            replies[f"/{number}"] = Reply(status, b"", headers)
            with pytest.raises(RateLimited) as caught:
                await api.ask(Call(api.url(str(number))), "a list")

            assert caught.value.retry_after == wait, headers


async def test_the_last_refusal_of_several_attempts_is_the_one_told() -> None:
    """And the first that is no refusal counts."""

    async def no(words: str) -> int:
        raise NotOffered(words)

    async def yes() -> int:
        return 7

    assert await first_offered(lambda: no("first"), yes) == 7
    with pytest.raises(NotOffered, match="second"):
        await first_offered(lambda: no("first"), lambda: no("second"))
    await asyncio.sleep(0)


async def test_reads_are_repeated_and_other_requests_are_not() -> None:
    """And what an answer says about the quota of the API is noted as such."""
    quotas = Quotas()
    spent = (("X-RateLimit-Limit", "600"), ("X-RateLimit-Remaining", "7"))
    replies = [Reply(503), Reply(200, b"[]", (*JSON, *spent)), Reply(503)]
    http = HttpClient(timeout=5, verify=TLS)
    async with RawServer(lambda _: replies.pop(0)) as server:
        api = VendorApi(server.url, direct(http, Retries(most=1, delay=0.001), quotas))
        answer = await api.ask(Call(api.url("list")), "a list")
        with pytest.raises(RegistryFailing):
            await api.ask(Call(api.url("list"), "POST"), "a list")
        await http.aclose()

    assert answer.body == []
    assert replies == []
    assert [(kind, quota.remaining) for kind, quota in quotas.latest.items()] == [(QuotaKind.API, 7)]
