"""The token service for registries."""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Iterator

import jwt
import pytest

from dev.tokens import TokenServer


@pytest.fixture
def tokens() -> Iterator[TokenServer]:
    """A token server that knows one user."""
    with TokenServer(users={"robot": "se:cret"}, lifetime=60) as server:
        yield server


def _basic(user: str, password: str) -> str:
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_a_token_says_who_may_do_what_and_how_long(tokens: TokenServer) -> None:
    """The claims that the distribution specification asks for; a password may contain a colon."""
    query = {"scope": ["repository:shop/api:pull,push repository:shop/web:pull"]}

    status, body = tokens.answer(query, _basic("robot", "se:cret"))

    claims = jwt.decode(body["token"], options={"verify_signature": False})
    assert status == 200
    assert body["expires_in"] == claims["exp"] - claims["iat"] == 60
    assert claims["sub"] == "robot"
    assert claims["access"] == [
        {"type": "repository", "name": "shop/api", "actions": ["pull", "push"]},
        {"type": "repository", "name": "shop/web", "actions": ["pull"]},
    ]


@pytest.mark.parametrize("authorization", ["", "Bearer x", _basic("robot", "wrong"), _basic("nobody", "")])
def test_strangers_get_no_token(tokens: TokenServer, authorization: str) -> None:
    """Neither without nor with a wrong password."""
    assert tokens.answer({}, authorization)[0] == 401
    assert tokens.requests == 1


def test_without_users_everybody_is_let_in() -> None:
    """As public registries give tokens to anonymous clients, over HTTP."""
    with TokenServer() as tokens, urllib.request.urlopen(tokens.authentication.realm, timeout=5) as response:
        assert json.load(response)["expires_in"] == 300
