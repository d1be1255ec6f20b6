from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime

import pytest

from slipway.egress import Origin
from slipway.oci.auth import TokenAnswer, TokenRequest, basic_header
from slipway.oci.challenge import AuthChallenge
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.errors import AuthenticationFailed
from slipway.oci.sources import StaticCredential
from slipway.oci.tokens import Authorizer
from tests.unit.engine.support import ManualClock

BEARER = AuthChallenge("bearer", {"realm": "https://r.io/token", "service": "r.io"})
BASIC = AuthChallenge("basic", {"realm": "r.io"})
OLD, NEW = Credential.basic("AWS", "old-password"), Credential.basic("AWS", "new-password")


class _Exchange:
    """A cloud whose credentials the test changes."""

    def __init__(self, credential: Credential) -> None:
        self.now = credential
        self.fails = False
        self.given = 0

    async def credential(self) -> Credential:
        self.given += 1
        await asyncio.sleep(0)
        if self.fails:
            msg = "the cloud refuses the exchange"
            raise AuthenticationFailed(msg)
        return self.now

    @property
    def renews_in(self) -> float | None:
        return None

    @property
    def secrets(self) -> tuple[str, ...]:
        return (*OLD.secrets, *NEW.secrets)


class _TokenServer:
    def __init__(self) -> None:
        self.shown: list[str] = []

    async def carry(self, request: TokenRequest) -> TokenAnswer:
        self.shown.append(request.headers.get("Authorization", ""))
        body = json.dumps({"token": f"t{len(self.shown)}", "expires_in": 300}).encode()
        return TokenAnswer(200, body, datetime.now(UTC))


def _authorizer(source: _Exchange, server: _TokenServer) -> Authorizer:
    return Authorizer(Origin("https", "r.io", 443), "https://r.io/v2/", source, server.carry, ManualClock())


async def test_a_credential_that_stays_is_what_it_is() -> None:
    """With its secrets; without one it is nobody's."""
    assert await StaticCredential(OLD).credential() is OLD
    assert StaticCredential(OLD).renews_in is None
    assert StaticCredential(OLD).secrets == OLD.secrets
    assert await StaticCredential().credential() is ANONYMOUS


async def test_a_changed_credential_drops_the_tokens() -> None:
    """What was got with the former one is shown no more; while it stays, so do they."""
    source, server = _Exchange(OLD), _TokenServer()
    authorizer = _authorizer(source, server)
    await authorizer.answer(BEARER, ("a",), rejected=None)
    assert await authorizer.header(("a",)) == "Bearer t1"

    source.now = NEW

    assert await authorizer.header(("a",)) == "Bearer t2"
    assert await authorizer.header(("a",)) == "Bearer t2"
    assert server.shown == [basic_header(OLD), basic_header(NEW)]
    assert authorizer.credential == NEW


async def test_the_first_request_knows_who_asks() -> None:
    """Also before the registry wants to know: an error that speaks of nobody would mislead."""
    authorizer = _authorizer(_Exchange(OLD), _TokenServer())

    assert await authorizer.header(("a",)) is None
    assert authorizer.credential == OLD


async def test_basic_shows_the_credential_of_now() -> None:
    """ECR's password changes every twelve hours; one that was refused is not repeated, a new one is shown."""
    source = _Exchange(OLD)
    authorizer = _authorizer(source, _TokenServer())

    first = await authorizer.answer(BASIC, (), rejected=None)
    assert first == basic_header(OLD) == await authorizer.basic()
    assert await authorizer.answer(BASIC, (), rejected=first) is None
    source.now = NEW
    assert await authorizer.answer(BASIC, (), rejected=first) == basic_header(NEW)
    assert await authorizer.header(()) == basic_header(NEW)


async def test_an_exchange_that_fails_is_the_error() -> None:
    """Nothing is sent without it; when it works again, so does everything."""
    source, server = _Exchange(OLD), _TokenServer()
    source.fails = True
    authorizer = _authorizer(source, server)

    with pytest.raises(AuthenticationFailed, match="refuses the exchange"):
        await authorizer.header(())
    with pytest.raises(AuthenticationFailed):
        await authorizer.answer(BEARER, (), rejected=None)
    assert server.shown == []
    source.fails = False
    assert await authorizer.answer(BEARER, (), rejected=None) == "Bearer t1"


async def test_every_secret_of_the_source_is_known() -> None:
    """The former one may still come back in an error."""
    authorizer = _authorizer(_Exchange(NEW), _TokenServer())
    await authorizer.answer(BEARER, (), rejected=None)

    assert {"old-password", "new-password", "t1"} <= set(authorizer.secrets)
