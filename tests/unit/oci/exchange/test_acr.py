from __future__ import annotations

import base64
import json

import pytest

from slipway.oci.credentials import Credential, CredentialKind
from slipway.oci.errors import AccessDenied, AuthenticationFailed, InvalidResponse, RegistryError
from slipway.oci.exchange.acr import AcrCredential, AcrHost, acr_host
from slipway.oci.exchange.entra import EntraClient
from tests.support.clouds import Clouds, answer, form_of
from tests.support.raw_server import Reply, Seen

HOST = "shopregistry.azurecr.io"
LOGIN = "login.microsoftonline.com"


def _token(number: int, hours: float | None = 3.0) -> str:
    claims = {"jti": number} if hours is None else {"jti": number, "iat": 1000, "exp": 1000 + hours * 3600}
    payload = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJ0.{payload}.c2ln"


class Azure:
    """Entra, and one registry that gives numbered refresh tokens."""

    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds
        self.refusal: Reply | None = None
        self.hours: float | None = 3.0
        self.given = 0
        clouds.hosts[LOGIN] = lambda _: answer({"access_token": "eyJ-entra"})
        clouds.hosts[HOST] = self
        client = EntraClient("shop.example", "an-application", secret="client-secret-value")
        place = acr_host(HOST)
        assert place is not None
        self.source = AcrCredential(place, client, clouds.http, clouds.clock, (HOST,))

    def __call__(self, _: Seen) -> Reply:
        if self.refusal is not None:
            return self.refusal
        self.given += 1
        return answer({"refresh_token": _token(self.given, self.hours)})


@pytest.fixture
def azure(clouds: Clouds) -> Azure:
    """Azure."""
    return Azure(clouds)


@pytest.mark.parametrize(
    ("host", "authority"),
    [
        (HOST, "https://login.microsoftonline.com"),
        ("ShopRegistry.azurecr.io", "https://login.microsoftonline.com"),
        ("shopregistry-a1b2c3.azurecr.io", "https://login.microsoftonline.com"),
        ("shopregistry.azurecr.cn", "https://login.chinacloudapi.cn"),
        ("shopregistry.azurecr.us", "https://login.microsoftonline.us"),
    ],
)
def test_a_host_names_the_login_of_its_cloud(host: str, authority: str) -> None:
    """A client secret never goes to the login of another one."""
    assert acr_host(host) == AcrHost(host.lower(), authority)


@pytest.mark.parametrize(
    "host",
    [
        "azurecr.io",
        "shopregistry.azurecr.io.evil.example",
        "evil.example/shopregistry.azurecr.io",
        "shopregistry.azurecr.io:5000",
        "shopregistry.azurecr.de",
        "shop.registry.azurecr.io",
        "shopregistryxazurecr.io",
        "shopregistry.azurecr.io\n",
        "",
    ],
)
def test_any_other_host_is_none_of_azures(host: str) -> None:
    """However much it looks like one: it would get a token of the application."""
    assert acr_host(host) is None


async def test_an_application_becomes_an_identity_token(azure: Azure) -> None:
    """For the registry's own token server, with the user name that the registry wants beside it."""
    credential = await azure.source.credential()

    assert credential == Credential(
        CredentialKind.TOKEN,
        username="00000000-0000-0000-0000-000000000000",
        token=_token(1),
        hosts=(HOST,),
    )
    assert azure.clouds.asked() == [f"{LOGIN}/shop.example/oauth2/v2.0/token", f"{HOST}/oauth2/exchange"]
    assert form_of(azure.clouds.seen[1]) == {
        "grant_type": "access_token",
        "service": HOST,
        "tenant": "shop.example",
        "access_token": "eyJ-entra",
    }


@pytest.mark.parametrize(
    ("hours", "holds"), [(3.0, 1.95 * 3600), (None, 0.65 * 3600)], ids=["says", "does not"]
)
async def test_a_token_is_renewed_before_its_own_end(azure: Azure, hours: float | None, holds: float) -> None:
    """What it says of its life counts; one that says nothing is kept for most of an hour."""
    azure.hours = hours
    await azure.source.credential()
    azure.clouds.clock.seconds = holds
    assert (await azure.source.credential()).token == _token(1, hours)
    assert 0 < azure.source.renews_in < 0.2 * holds
    azure.clouds.clock.seconds = holds * 1.25
    assert (await azure.source.credential()).token == _token(2, hours)


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (
            answer({"errors": [{"code": "UNAUTHORIZED", "message": "authentication required"}]}, 401),
            AuthenticationFailed,
            "authentication required.*AcrPull",
        ),
        (
            answer(
                {"errors": [{"code": "DENIED", "message": "client with IP '10.0.0.1' is not allowed"}]}, 403
            ),
            AccessDenied,
            "not allowed.*network rules",
        ),
        (answer({"errors": []}, 404), InvalidResponse, "check the host"),
        (answer({"errors": 3}, 400), InvalidResponse, "status 400"),
        (answer({"refresh_token": 3}), InvalidResponse, "without a refresh token"),
    ],
    ids=["401", "403", "404", "400", "no token"],
)
async def test_refusals_say_what_to_do(
    azure: Azure, reply: Reply, error: type[RegistryError], said: str
) -> None:
    """About the application, and without its token."""
    azure.refusal = reply
    with pytest.raises(error, match=said) as caught:
        await azure.source.credential()

    assert "eyJ-entra" not in str(caught.value)


async def test_what_entra_refuses_does_not_reach_the_registry(azure: Azure) -> None:
    """There is nothing to exchange."""
    azure.clouds.hosts[LOGIN] = lambda _: answer({"error": "invalid_client"}, 401)
    with pytest.raises(AuthenticationFailed):
        await azure.source.credential()

    assert len(azure.clouds.seen) == 1


async def test_secrets_are_known_for_redaction_and_shown_nowhere(azure: Azure) -> None:
    """The client secret and the refresh token."""
    credential = await azure.source.credential()

    assert azure.source.secrets == ("client-secret-value", _token(1))
    assert _token(1) not in repr(credential)
    assert "client-secret" not in repr(azure.source)
