from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from slipway.egress import Origin
from slipway.oci.auth import TokenAnswer, TokenRequest, repository_scope
from slipway.oci.challenge import AuthChallenge
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.errors import AuthenticationFailed, RegistryError
from slipway.oci.sources import StaticCredential
from slipway.oci.tokens import Authorizer

REGISTRY = Origin("https", "r.io", 443)
BEARER = AuthChallenge("bearer", {"realm": "https://r.io/token", "service": "r.io"})
BASIC = AuthChallenge("basic", {"realm": "r.io"})
PULL = (repository_scope("shop/api"),)
ROBOT = Credential.basic("robot", "hunter2")


class _Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def now(self) -> datetime:
        return datetime(2026, 11, 21, tzinfo=UTC)

    def monotonic(self) -> float:
        return self.at


class _Server:
    """A token server that counts, and can be held back."""

    def __init__(self) -> None:
        self.requests: list[TokenRequest] = []
        self.open = asyncio.Event()
        self.open.set()
        self.asked = asyncio.Event()
        self.status = 200

    async def carry(self, request: TokenRequest) -> TokenAnswer:
        self.requests.append(request)
        self.asked.set()
        number = len(self.requests)
        await self.open.wait()
        body = json.dumps({"token": f"t{number}", "expires_in": 300}).encode()
        return TokenAnswer(self.status, body, datetime.now(UTC))


@pytest.fixture
def clock() -> _Clock:
    """A clock that the test moves."""
    return _Clock()


@pytest.fixture
async def server() -> _Server:
    """A token server of the test's own."""
    return _Server()


def _authorizer(server: _Server, clock: _Clock, credential: Credential = ROBOT) -> Authorizer:
    return Authorizer(REGISTRY, "https://r.io/v2/", StaticCredential(credential), server.carry, clock)


async def test_nothing_is_shown_before_the_registry_asks(server: _Server, clock: _Clock) -> None:
    """The first request of a client is without authorization."""
    authorizer = _authorizer(server, clock)

    assert await authorizer.header(PULL) is None
    assert not authorizer.was_asked
    assert server.requests == []


async def test_a_token_is_kept_and_shown_at_once_the_next_time(server: _Server, clock: _Clock) -> None:
    """One fetch for one set of scopes, in whatever order they are named."""
    authorizer = _authorizer(server, clock)
    scopes = (*PULL, repository_scope("base"))

    assert await authorizer.answer(BEARER, scopes, rejected=None) == "Bearer t1"
    assert await authorizer.header(scopes[::-1]) == "Bearer t1"
    assert await authorizer.header(PULL) == "Bearer t2"
    assert len(server.requests) == 2


async def test_a_token_is_renewed_five_seconds_early(server: _Server, clock: _Clock) -> None:
    """A request that takes a moment to arrive still carries a valid token."""
    authorizer = _authorizer(server, clock)
    await authorizer.answer(BEARER, PULL, rejected=None)

    clock.at += 294.9
    assert await authorizer.header(PULL) == "Bearer t1"
    clock.at += 0.2
    assert await authorizer.header(PULL) == "Bearer t2"


async def test_many_who_need_a_token_cause_one_fetch(server: _Server, clock: _Clock) -> None:
    """Concurrent refusals wait for one renewal."""
    authorizer = _authorizer(server, clock)
    server.open.clear()
    waiting = [asyncio.create_task(authorizer.answer(BEARER, PULL, rejected=None)) for _ in range(8)]
    await server.asked.wait()
    server.open.set()

    assert set(await asyncio.gather(*waiting)) == {"Bearer t1"}
    assert len(server.requests) == 1


async def test_many_who_wait_share_a_failure(server: _Server, clock: _Clock) -> None:
    """A token server that refuses is not asked once per waiting request."""
    authorizer = _authorizer(server, clock)
    server.open.clear()
    server.status = 401
    waiting = [asyncio.create_task(authorizer.answer(BEARER, PULL, rejected=None)) for _ in range(8)]
    await server.asked.wait()
    server.open.set()
    results = await asyncio.gather(*waiting, return_exceptions=True)

    assert all(isinstance(result, AuthenticationFailed) for result in results)
    assert len(server.requests) == 1
    with pytest.raises(AuthenticationFailed):
        await authorizer.header(PULL)
    assert len(server.requests) == 2


async def test_a_waiter_goes_on_when_the_fetcher_is_cancelled(server: _Server, clock: _Clock) -> None:
    """A cancelled request takes nobody's token away."""
    authorizer = _authorizer(server, clock)
    server.open.clear()
    first = asyncio.create_task(authorizer.answer(BEARER, PULL, rejected=None))
    second = asyncio.create_task(authorizer.answer(BEARER, PULL, rejected=None))
    await server.asked.wait()
    first.cancel()
    server.open.set()

    assert await second == "Bearer t2"


async def test_a_rejected_token_is_replaced_once_for_all(server: _Server, clock: _Clock) -> None:
    """Only who was refused with the current token fetches; who comes with the old one gets the new."""
    authorizer = _authorizer(server, clock)
    await authorizer.answer(BEARER, PULL, rejected=None)

    assert await authorizer.answer(BEARER, PULL, rejected="Bearer t1") == "Bearer t2"
    assert await authorizer.answer(BEARER, PULL, rejected="Bearer t1") == "Bearer t2"
    assert len(server.requests) == 2


async def test_a_scope_that_the_registry_demands_is_asked_for_first(server: _Server, clock: _Clock) -> None:
    """An insufficient token is replaced by one with the demanded scope; the scope of a ping is ignored."""
    authorizer = _authorizer(server, clock)
    demanding = AuthChallenge("bearer", {**BEARER.parameters, "scope": "repository:other:pull"})

    await authorizer.answer(demanding, PULL, rejected=None)
    await authorizer.answer(demanding, (), rejected=None)

    assert "scope=repository%3Aother%3Apull&scope=repository%3Ashop%2Fapi%3Apull" in server.requests[0].url
    assert "scope" not in server.requests[1].url


async def test_basic_is_shown_once_and_not_repeated(server: _Server, clock: _Clock) -> None:
    """A refused password is not sent a second time for the same request."""
    authorizer = _authorizer(server, clock)

    header = await authorizer.answer(BASIC, PULL, rejected=None)

    assert header == "Basic cm9ib3Q6aHVudGVyMg=="
    assert await authorizer.answer(BASIC, PULL, rejected=header) is None
    assert await authorizer.header(PULL) == header
    assert await _authorizer(server, clock, ANONYMOUS).answer(BASIC, PULL, rejected=None) is None


async def test_secrets_name_every_token_held(server: _Server, clock: _Clock) -> None:
    """What may come back in an error message is known, to be taken out of it."""
    authorizer = _authorizer(server, clock)
    await authorizer.answer(BEARER, PULL, rejected=None)

    assert {"hunter2", "cm9ib3Q6aHVudGVyMg==", "t1"} == set(authorizer.secrets)


async def test_tokens_do_not_pile_up(server: _Server, clock: _Clock) -> None:
    """Tokens for repositories that were asked for long ago are forgotten."""
    authorizer = _authorizer(server, clock)
    for number in range(1010):
        await authorizer.answer(BEARER, (f"repository:r{number}:pull",), rejected=None)

    assert len(authorizer.secrets) == 2 + 1000


async def test_a_realm_that_is_refused_is_an_error(server: _Server, clock: _Clock) -> None:
    """The credential stays here when the token server is elsewhere."""
    authorizer = _authorizer(server, clock)
    foreign = AuthChallenge("bearer", {"realm": "https://evil.example.net/token"})

    with pytest.raises(RegistryError):
        await authorizer.answer(foreign, PULL, rejected=None)
    assert server.requests == []
