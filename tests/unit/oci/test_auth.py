from __future__ import annotations

import base64
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.egress import Origin
from slipway.http import join_url, origin_of
from slipway.oci.auth import (
    BearerToken,
    TokenAnswer,
    TokenRequest,
    basic_header,
    fetch_token,
    merge_scopes,
    realm_for,
    repository_scope,
)
from slipway.oci.challenge import AuthChallenge
from slipway.oci.credentials import ANONYMOUS, Credential
from slipway.oci.errors import AuthenticationFailed, InvalidResponse

NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
REALM = "https://auth.r.io/token"
PULL = repository_scope("shop/api")
ROBOT = Credential.basic("robot", "hunter2")
REGISTRY = Origin("https", "r.io", 443)


def _answer(status: int, body: object) -> TokenAnswer:
    return TokenAnswer(status, json.dumps(body).encode(), NOW)


def _run(
    credential: Credential, *answers: TokenAnswer, service: str = "r.io", scopes: tuple[str, ...] = (PULL,)
) -> tuple[BearerToken, list[TokenRequest]]:
    """The token, and the requests it took."""
    flow = fetch_token(REALM, service, scopes, credential)
    requests = [next(flow)]
    for answer in answers:
        try:
            requests.append(flow.send(answer))
        except StopIteration as done:
            return done.value, requests
    pytest.fail("the flow wants more answers")


def _lifetime(**fields: Any) -> float:
    return _run(ANONYMOUS, _answer(200, {"token": "t", **fields}))[0].lifetime


def test_everybody_gets_a_token_without_a_credential() -> None:
    """The anonymous request names service and scope, and carries no Authorization."""
    token, [request] = _run(ANONYMOUS, _answer(200, {"token": "abc", "expires_in": 300}))

    assert token == BearerToken("abc", 300)
    assert request.method == "GET"
    assert request.url == f"{REALM}?service=r.io&scope=repository%3Ashop%2Fapi%3Apull"
    assert "Authorization" not in request.headers


def test_a_user_shows_name_and_password_to_the_token_server() -> None:
    """Basic credentials in the header, the account in the query, one scope parameter for each scope."""
    _, [request] = _run(
        ROBOT, _answer(200, {"token": "abc"}), scopes=(PULL, repository_scope("base", push=True))
    )

    query = parse_qs(urlsplit(request.url).query)
    assert query["scope"] == ["repository:shop/api:pull", "repository:base:pull,push"]
    assert query["account"] == ["robot"]
    assert request.headers["Authorization"] == "Basic " + base64.b64encode(b"robot:hunter2").decode()


def test_a_realm_with_a_query_keeps_it() -> None:
    """Parameters are added to those that the realm has."""
    request = next(fetch_token("https://r.io/jwt?realm=a", "s", (), ANONYMOUS))

    assert request.url == "https://r.io/jwt?realm=a&service=s"
    assert next(fetch_token(REALM, "", (), ANONYMOUS)).url == REALM


def test_an_identity_token_is_posted() -> None:
    """OAuth2 with one joined scope and a client ID, and the token in the body alone."""
    _, [request] = _run(
        Credential.bearer("refresh"), _answer(200, {"access_token": "abc"}), scopes=(PULL, "b")
    )

    form = dict(parse_qsl(request.body.decode()))
    assert request.method == "POST"
    assert request.url == REALM
    assert form == {
        "grant_type": "refresh_token",
        "refresh_token": "refresh",
        "service": "r.io",
        "client_id": "slipway",
        "scope": f"{PULL} b",
    }
    assert "Authorization" not in request.headers


@pytest.mark.parametrize("status", [400, 401, 404, 405])
def test_a_server_without_oauth_gets_a_get(status: int) -> None:
    """Where there is no POST endpoint, the token is shown as a password."""
    token, requests = _run(Credential.bearer("pat"), _answer(status, {}), _answer(200, {"token": "abc"}))

    assert token.value == "abc"
    assert [request.method for request in requests] == ["POST", "GET"]
    assert requests[1].headers["Authorization"] == basic_header(Credential.bearer("pat"))


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_user_is_named_without_the_password(status: int) -> None:
    """The error says whom the server refuses, and where to look."""
    with pytest.raises(AuthenticationFailed, match="refuses user robot: check") as caught:
        _run(ROBOT, _answer(status, {"details": "no"}))

    assert "hunter2" not in str(caught.value)


def test_an_anonymous_refusal_asks_for_a_secret() -> None:
    """Whoever named no Secret is told to."""
    with pytest.raises(AuthenticationFailed, match="name a Secret"):
        _run(ANONYMOUS, _answer(401, {}))


@pytest.mark.parametrize(
    "body", [{}, {"token": ""}, {"token": 3}, {"token": "a\r\nX-Evil: 1"}, [], "text", None]
)
def test_an_answer_without_a_token_is_invalid(body: object) -> None:
    """200 alone is no token, and neither is something that would break a header."""
    with pytest.raises(InvalidResponse, match="without a token"):
        _run(ANONYMOUS, _answer(200, body))


def test_an_answer_that_is_no_json_is_invalid() -> None:
    """A web page with status 200 is no token."""
    with pytest.raises(InvalidResponse):
        _run(ANONYMOUS, TokenAnswer(200, b"<html>", NOW))


@pytest.mark.parametrize(
    ("fields", "want"),
    [
        ({}, 60),
        ({"expires_in": 0}, 60),
        ({"expires_in": -5}, 60),
        ({"expires_in": 30}, 60),
        ({"expires_in": "300"}, 60),
        ({"expires_in": True}, 60),
        ({"expires_in": 300}, 300),
        ({"expires_in": 1e300}, 86400),
        ({"expires_in": 300, "issued_at": (NOW - timedelta(seconds=100)).isoformat()}, 200),
        ({"expires_in": 300, "issued_at": "2026-11-21T08:59:00Z"}, 240),
        ({"expires_in": 300, "issued_at": "2026-11-21T08:59:00"}, 240),
        ({"expires_in": 300, "issued_at": (NOW + timedelta(hours=1)).isoformat()}, 300),
        ({"expires_in": 300, "issued_at": (NOW - timedelta(hours=1)).isoformat()}, 300),
        ({"expires_in": 300, "issued_at": "0001-01-01T00:00:00Z"}, 300),
        ({"expires_in": 60, "issued_at": (NOW - timedelta(seconds=57)).isoformat()}, 60),
        ({"expires_in": 300, "issued_at": "nonsense"}, 300),
        ({"expires_in": 300, "issued_at": 7}, 300),
    ],
)
def test_lifetimes_survive_odd_clocks(fields: dict[str, Any], want: float) -> None:
    """A minute at least, a day at most; issued in the future or born expired counts from now."""
    assert _lifetime(**fields) == want


@given(
    st.none() | st.floats() | st.integers() | st.text(max_size=5),
    st.none() | st.integers() | st.text(max_size=30),
)
def test_no_answer_makes_a_token_live_for_ever_or_not_at_all(expires_in: object, issued_at: object) -> None:
    """Whatever the server says, the lifetime is positive and at most a day."""
    body = json.dumps({"token": "t", "expires_in": expires_in, "issued_at": issued_at}).encode()

    token, _ = _run(ANONYMOUS, TokenAnswer(200, body, NOW))

    assert 0 < token.lifetime <= 86400


def _realm(realm: str, credential: Credential = ROBOT, registry: Origin = REGISTRY) -> str:
    return realm_for(AuthChallenge("bearer", {"realm": realm}), registry, f"{registry}/v2/", credential)


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        (Origin("https", "registry-1.docker.io", 443), "https://auth.docker.io/token"),
        (Origin("https", "registry.gitlab.com", 443), "https://gitlab.com/jwt/auth"),
        (Origin("https", "registry.acme.co.uk", 443), "https://git.acme.co.uk/jwt"),
        (Origin("https", "quay.io", 443), "https://quay.io/v2/auth"),
        (Origin("https", "10.0.0.5", 5000), "https://10.0.0.5:5001/token"),
        (Origin("http", "127.0.0.1", 5603), "http://127.0.0.1:5604/token"),
        (Origin("http", "127.0.0.1", 5603), "https://127.0.0.1:5604/token"),
    ],
)
def test_token_servers_of_the_same_domain_get_the_credential(registry: Origin, realm: str) -> None:
    """The common arrangement: another host or port of the same owner."""
    assert _realm(realm, registry=registry) == realm


def test_a_relative_realm_is_of_the_registry_itself() -> None:
    """A path is read against the address that was asked."""
    assert _realm("/v2/token") == "https://r.io/v2/token"


@pytest.mark.parametrize(
    ("registry", "realm"),
    [
        (REGISTRY, "https://evil.example.net/token"),
        (REGISTRY, "https://r.io.evil.net/token"),
        (Origin("https", "registry.acme.co.uk", 443), "https://evil.co.uk/token"),
        (Origin("https", "10.0.0.5", 5000), "https://11.0.0.5/token"),
        (Origin("http", "localhost", 5000), "http://evil.net/token"),
    ],
)
def test_token_servers_of_another_domain_do_not(registry: Origin, realm: str) -> None:
    """Abuse 21: a registry that was tampered with cannot pass the credential on; the error says so."""
    with pytest.raises(AuthenticationFailed, match="another domain, so the credential was not sent"):
        _realm(realm, registry=registry)


def test_the_secret_may_name_the_token_server() -> None:
    """Where the owner of the Secret says so, another domain gets the credential; anonymous needs no leave."""
    named = Credential.basic("robot", "hunter2", ("r.io", "auth.example.net:443"))

    private = Credential.basic("robot", "hunter2", ("r.io", "10.0.0.5"))

    assert _realm("https://10.0.0.5/token", private) == "https://10.0.0.5/token"
    assert _realm("https://auth.example.net/token", named) == "https://auth.example.net/token"
    assert _realm("https://auth.example.net/token", ANONYMOUS) == "https://auth.example.net/token"


@pytest.mark.parametrize(
    "realm",
    [
        "https://10.0.0.5/token",
        "https://100.64.0.5/token",
        "https://127.0.0.1:8443/token",
        "https://2130706433/token",
        "https://[::1]/token",
        "https://[::ffff:10.0.0.5]/token",
        "https://localhost/token",
        "https://vault/token",
        "https://vault.other.svc/token",
        "https://vault.other.svc.cluster.local/token",
    ],
)
@pytest.mark.parametrize("credential", [ROBOT, ANONYMOUS])
def test_a_public_registry_cannot_have_us_call_a_private_address(realm: str, credential: Credential) -> None:
    """Not even without a credential; unless the Secret names it, or the registry is private itself."""
    with pytest.raises(AuthenticationFailed, match=r"private address|another domain"):
        _realm(realm, credential)

    for inside in ("https://10.0.0.9", "https://registry.shop.svc", "http://127.0.0.1:5000"):
        assert _realm(realm, ANONYMOUS, origin_of(inside)) == join_url(realm, "")


@pytest.mark.parametrize("credential", [ROBOT, ANONYMOUS])
def test_a_token_server_without_tls_is_refused_behind_one_with(credential: Credential) -> None:
    """Tokens of an https registry do not travel in the clear either."""
    with pytest.raises(AuthenticationFailed, match="plain http"):
        _realm("http://r.io/token", credential)


@pytest.mark.parametrize("realm", ["file:///etc/passwd", "gopher://r.io/", "https://u:p@r.io/", "\r\n"])
def test_a_realm_that_is_no_url_is_refused(realm: str) -> None:
    """Nothing but http and https, and no user info."""
    with pytest.raises(InvalidResponse, match="no URL"):
        _realm(realm)


def test_demanded_scopes_come_first_and_once() -> None:
    """Some token servers read only the first scope."""
    assert merge_scopes((PULL, "b"), "c b") == ("c", "b", PULL)
    assert merge_scopes((PULL,), "") == (PULL,)
