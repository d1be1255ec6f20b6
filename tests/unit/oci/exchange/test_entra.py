from __future__ import annotations

from pathlib import Path

import pytest

from slipway.oci.errors import (
    AuthenticationFailed,
    CredentialInvalid,
    InvalidResponse,
    RateLimited,
    RegistryError,
    RegistryFailing,
)
from slipway.oci.exchange.entra import EntraClient, entra_token
from tests.support.clouds import Clouds, answer, form_of
from tests.support.raw_server import Reply

HOST = "login.microsoftonline.com"
AUTHORITY = f"https://{HOST}"
TENANT = "72f988bf-86f1-41af-91ab-2d7cd011db47"
CLIENT = EntraClient(TENANT, "an-application", secret="client-secret-value")


def _refusal(error: str, description: str, status: int = 400) -> Reply:
    words = f"{description} Trace ID: 5fd0\r\nCorrelation ID: 17\r\nTimestamp: 2026-11-21 12:00:00Z"
    return answer({"error": error, "error_description": words, "error_codes": [7000215]}, status)


def _gives_token(clouds: Clouds) -> None:
    clouds.hosts[HOST] = lambda _: answer(
        {"token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": "eyJ-entra"}
    )


async def test_a_client_secret_is_shown_for_a_token_for_registries(clouds: Clouds) -> None:
    """For them alone: the scope is not that of Azure's Resource Manager."""
    _gives_token(clouds)

    assert await entra_token(clouds.http, AUTHORITY, CLIENT) == "eyJ-entra"
    assert clouds.asked() == [f"{HOST}/{TENANT}/oauth2/v2.0/token"]
    assert form_of(clouds.seen[0]) == {
        "grant_type": "client_credentials",
        "client_id": "an-application",
        "client_secret": "client-secret-value",
        "scope": "https://containerregistry.azure.net/.default",
    }


async def test_the_token_of_the_pod_is_shown_as_an_assertion(clouds: Clouds, tmp_path: Path) -> None:
    """Instead of a secret."""
    _gives_token(clouds)
    (tmp_path / "token").write_text("eyJ-pod\n")
    client = EntraClient(TENANT, "an-application", token_file=str(tmp_path / "token"))
    await entra_token(clouds.http, AUTHORITY, client)

    form = form_of(clouds.seen[0])
    assert form["client_assertion"] == "eyJ-pod"
    assert form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    assert "client_secret" not in form


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (
            _refusal("invalid_client", "AADSTS7000215: Invalid client secret provided.", 401),
            AuthenticationFailed,
            "AADSTS7000215.*check AZURE_CLIENT_SECRET",
        ),
        (
            _refusal("invalid_client", "AADSTS7000222: The provided client secret keys are expired.", 401),
            AuthenticationFailed,
            "AADSTS7000222.*client secrets end",
        ),
        (
            _refusal("unauthorized_client", "AADSTS700016: Application was not found in the directory."),
            AuthenticationFailed,
            "AADSTS700016.*check AZURE_TENANT_ID and AZURE_CLIENT_ID",
        ),
        (
            _refusal("invalid_request", "AADSTS90002: Tenant not found."),
            AuthenticationFailed,
            "AADSTS90002.*check AZURE_TENANT_ID",
        ),
        (_refusal("temporarily_unavailable", "AADSTS90033: wait"), RegistryFailing, "asked again"),
        (answer({}, 429, (("Retry-After", "11"),)), RateLimited, "fewer requests"),
        (answer({}, 503), RegistryFailing, "status 503"),
        (answer("<html>", 404), InvalidResponse, "status 404"),
        (answer({"access_token": ""}), InvalidResponse, "without an access token"),
        (answer({"access_token": "a\nX: y"}), InvalidResponse, "without an access token"),
    ],
    ids=lambda value: value.body.decode()[:60] or str(value.status) if isinstance(value, Reply) else None,
)
async def test_refusals_say_what_to_do(
    clouds: Clouds, reply: Reply, error: type[RegistryError], said: str
) -> None:
    """In words that stay the same from one attempt to the next, without ids and times."""
    clouds.hosts[HOST] = lambda _: reply
    with pytest.raises(error, match=said) as caught:
        await entra_token(clouds.http, AUTHORITY, CLIENT)

    assert not any(word in str(caught.value) for word in ("Trace ID", "Correlation", "Timestamp"))
    assert "client-secret-value" not in str(caught.value)


async def test_a_pod_that_is_not_trusted_is_told_what_to_add(clouds: Clouds, tmp_path: Path) -> None:
    """A federated credential: there is no secret that could be wrong."""
    clouds.hosts[HOST] = lambda _: _refusal("invalid_client", "AADSTS70021: No matching federated identity")
    (tmp_path / "token").write_text("eyJ-pod")
    with pytest.raises(AuthenticationFailed, match="add a federated credential"):
        await entra_token(
            clouds.http, AUTHORITY, EntraClient(TENANT, "app", token_file=str(tmp_path / "token"))
        )


@pytest.mark.parametrize("tenant", ["", "../common", "a/b", "a?b", "a#b", "tenant\n", "-x", "x" * 300])
def test_a_tenant_that_would_lead_elsewhere_is_refused(tenant: str) -> None:
    """It becomes a part of a path."""
    with pytest.raises(CredentialInvalid, match="AZURE_TENANT_ID"):
        EntraClient(tenant, "app", secret="s")


def test_the_secret_is_in_no_representation() -> None:
    """An application may stand in a log."""
    assert "client-secret-value" not in repr(CLIENT)
