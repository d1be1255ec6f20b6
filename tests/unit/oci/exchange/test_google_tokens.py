from __future__ import annotations

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    CredentialInvalid,
    InvalidResponse,
    RateLimited,
    RegistryError,
    RegistryFailing,
)
from slipway.oci.exchange.google_identity import FederatedAccount, ServiceAccountKey
from slipway.oci.exchange.google_tokens import GoogleTokens
from tests.support.clouds import NOON, Clouds, answer, form_of
from tests.support.raw_server import Reply, Seen

OAUTH, STS, IAM = "oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"
ACCOUNT = "slipway@shop.iam.gserviceaccount.com"
AUDIENCE = "//iam.googleapis.com/projects/42/locations/global/workloadIdentityPools/pool/providers/cluster"
JWT = "urn:ietf:params:oauth:token-type:jwt"
SCOPE = "https://www.googleapis.com/auth/cloud-platform"


@pytest.fixture(scope="session")
def key(rsa_key: RSAPrivateKey) -> ServiceAccountKey:
    """The key of a service account."""
    pem = rsa_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    return ServiceAccountKey(ACCOUNT, "k1", pem)


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    """The projected token of our pod."""
    (tmp_path / "token").write_text("eyJ-pod\n")
    return str(tmp_path / "token")


def _claims(seen: Seen) -> Any:
    payload = form_of(seen)["assertion"].split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


def _token_server(clouds: Clouds) -> None:
    """Takes assertions that are of its own time, as Google's does."""

    def give(seen: Seen) -> Reply:
        now, claims = clouds.server_time().timestamp(), _claims(seen)
        if not claims["iat"] - 60 <= now < claims["exp"]:
            words = (
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe."
            )
            return answer({"error": "invalid_grant", "error_description": words}, 400)
        return answer({"access_token": "ya29.token....", "expires_in": 3599, "token_type": "Bearer"})

    clouds.hosts[OAUTH] = give


async def test_an_assertion_signed_by_the_key_becomes_a_token(clouds: Clouds, key: ServiceAccountKey) -> None:
    """For an hour, with the dots that Google pads tokens with."""
    _token_server(clouds)
    lease = await GoogleTokens(key, clouds.http, clouds.clock).fetch()

    assert (lease.value, lease.lifetime) == ("ya29.token....", 3599)
    assert clouds.asked() == [f"{OAUTH}/token"]
    assert form_of(clouds.seen[0])["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer"
    now = int(NOON.timestamp())
    assert _claims(clouds.seen[0]) == {
        "iss": ACCOUNT,
        "scope": SCOPE,
        "aud": "https://oauth2.googleapis.com/token",
        "iat": now,
        "exp": now + 3600,
    }


@pytest.mark.parametrize("hours", [-5, 5])
async def test_a_clock_that_is_wrong_is_no_obstacle(
    clouds: Clouds, key: ServiceAccountKey, hours: int
) -> None:
    """Google says what time it is, and the next assertion is of that time."""
    _token_server(clouds)
    clouds.server_time = lambda: NOON + timedelta(hours=hours)
    tokens = GoogleTokens(key, clouds.http, clouds.clock)

    assert (await tokens.fetch()).value == "ya29.token...."
    assert len(clouds.seen) == 2
    await tokens.fetch()
    assert len(clouds.seen) == 3


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (
            answer({"error": "invalid_grant", "error_description": "Invalid JWT Signature."}, 400),
            AuthenticationFailed,
            "Invalid JWT Signature.*still exist and are enabled",
        ),
        (
            answer({"error": "invalid_grant", "error_description": "Invalid grant: account not found"}, 400),
            AuthenticationFailed,
            "account not found",
        ),
        (answer({"error": "unauthorized_client"}, 401), AuthenticationFailed, "unauthorized_client"),
        (answer({}, 404), InvalidResponse, "status 404"),
        (answer({}, 429), RateLimited, "fewer requests"),
        (answer({}, 500), RegistryFailing, "status 500"),
        (answer({"access_token": None}), InvalidResponse, "without an access token"),
        (answer({"id_token": "x"}), InvalidResponse, "without an access token"),
    ],
    ids=lambda value: value.body.decode()[:60] if isinstance(value, Reply) else None,
)
async def test_refusals_of_a_key_say_what_to_do(
    clouds: Clouds, key: ServiceAccountKey, reply: Reply, error: type[RegistryError], said: str
) -> None:
    """They are asked once: nothing about the time was wrong."""
    clouds.hosts[OAUTH] = lambda _: reply
    with pytest.raises(error, match=said):
        await GoogleTokens(key, clouds.http, clouds.clock).fetch()

    assert len(clouds.seen) == 1


async def test_a_key_that_cannot_be_read_asks_nobody(clouds: Clouds) -> None:
    """The Secret is what is wrong."""
    with pytest.raises(CredentialInvalid, match="make a new key"):
        await GoogleTokens(ServiceAccountKey(ACCOUNT, "k1", "x"), clouds.http, clouds.clock).fetch()

    assert clouds.seen == []


async def test_the_token_of_the_pod_is_exchanged(clouds: Clouds, token_file: str) -> None:
    """At Google's STS, without an Authorization header, as its documentation demands."""
    clouds.hosts[STS] = lambda _: answer({"access_token": "ya29.federated", "expires_in": 3000})
    account = FederatedAccount(AUDIENCE, JWT, token_file)
    lease = await GoogleTokens(account, clouds.http, clouds.clock).fetch()

    assert (lease.value, lease.lifetime) == ("ya29.federated", 3000)
    assert clouds.asked() == [f"{STS}/v1/token"]
    assert "authorization" not in clouds.seen[0].headers
    assert form_of(clouds.seen[0]) == {
        "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
        "audience": AUDIENCE,
        "scope": SCOPE,
        "requested_token_type": "urn:ietf:params:oauth:token-type:access_token",
        "subject_token": "eyJ-pod",
        "subject_token_type": JWT,
    }


async def test_an_identity_takes_on_a_service_account(clouds: Clouds, token_file: str) -> None:
    """With the token just got; the end is that of the second one, by Google's clock."""
    clouds.server_time = lambda: NOON + timedelta(hours=1)
    clouds.hosts[STS] = lambda _: answer({"access_token": "ya29.federated", "expires_in": 3000})
    clouds.hosts[IAM] = lambda _: answer(
        {"accessToken": "ya29.account", "expireTime": "2026-11-21T13:30:00Z"}
    )
    account = FederatedAccount(AUDIENCE, JWT, token_file, impersonates=ACCOUNT)
    lease = await GoogleTokens(account, clouds.http, clouds.clock).fetch()

    assert (lease.value, lease.lifetime) == ("ya29.account", 1800)
    assert clouds.asked()[1] == f"{IAM}/v1/projects/-/serviceAccounts/{ACCOUNT}:generateAccessToken"
    assert clouds.seen[1].headers["authorization"] == "Bearer ya29.federated"
    assert json.loads(clouds.seen[1].body) == {"scope": [SCOPE]}


async def test_an_end_that_is_missing_is_that_of_the_first_token(clouds: Clouds, token_file: str) -> None:
    """Which holds as long at most."""
    clouds.hosts[STS] = lambda _: answer({"access_token": "ya29.federated", "expires_in": 3000})
    clouds.hosts[IAM] = lambda _: answer({"accessToken": "ya29.account"})
    account = FederatedAccount(AUDIENCE, JWT, token_file, impersonates=ACCOUNT)

    assert (await GoogleTokens(account, clouds.http, clouds.clock).fetch()).lifetime == 3000


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (
            answer(
                {"error": {"code": 403, "message": "Permission denied", "status": "PERMISSION_DENIED"}}, 403
            ),
            AccessDenied,
            r"Permission denied.*roles/iam\.workloadIdentityUser",
        ),
        (answer({"error": {"code": 404, "message": "Not found"}}, 404), AccessDenied, ACCOUNT),
        (answer({"error": "odd"}, 400), InvalidResponse, "status 400"),
    ],
    ids=["403", "404", "400"],
)
async def test_a_service_account_that_is_not_ours_to_take_on(
    clouds: Clouds, token_file: str, reply: Reply, error: type[RegistryError], said: str
) -> None:
    """The error names the role that is missing."""
    clouds.hosts[STS] = lambda _: answer({"access_token": "ya29.federated"})
    clouds.hosts[IAM] = lambda _: reply
    account = FederatedAccount(AUDIENCE, JWT, token_file, impersonates=ACCOUNT)
    with pytest.raises(error, match=said) as caught:
        await GoogleTokens(account, clouds.http, clouds.clock).fetch()

    assert "ya29" not in str(caught.value)


async def test_a_pool_that_does_not_accept_the_token(clouds: Clouds, token_file: str) -> None:
    """The error says what to check, without the token."""
    words = "The audience in ID Token [eyJ-pod] does not match the expected audience."
    clouds.hosts[STS] = lambda _: answer({"error": "invalid_grant", "error_description": words}, 400)
    with pytest.raises(AuthenticationFailed, match=r"does not match.*workload identity provider") as caught:
        await GoogleTokens(FederatedAccount(AUDIENCE, JWT, token_file), clouds.http, clouds.clock).fetch()

    assert "eyJ-pod" not in str(caught.value)


async def test_a_token_inside_of_json_is_found(clouds: Clouds, tmp_path: Path) -> None:
    """In the field that the configuration names, or the error names both."""
    clouds.hosts[STS] = lambda _: answer({"access_token": "ya29.federated"})
    (tmp_path / "token").write_text(json.dumps({"access_token": "eyJ-inside"}))
    account = FederatedAccount(AUDIENCE, JWT, str(tmp_path / "token"), "access_token")
    await GoogleTokens(account, clouds.http, clouds.clock).fetch()
    assert form_of(clouds.seen[0])["subject_token"] == "eyJ-inside"

    for content in ("eyJ-plain", "{}", "[]", '{"access_token": 3}'):
        (tmp_path / "token").write_text(content)
        with pytest.raises(CredentialInvalid, match="field access_token"):
            await GoogleTokens(account, clouds.http, clouds.clock).fetch()
