"""Azure's Container Registry: exchanges a token of Entra ID for a refresh token of one registry.

`POST /oauth2/exchange`, then the registry's own token server takes the refresh token as an identity token:
https://azure.github.io/acr/AAD-OAuth.html.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from typing_extensions import override

from slipway.clock import Clock
from slipway.egress import Response
from slipway.http import HttpClient
from slipway.oci.credentials import Credential, CredentialKind
from slipway.oci.errors import AccessDenied, AuthenticationFailed, InvalidResponse, RegistryError
from slipway.oci.exchange.calls import form_call, is_secret_text, json_object, send, words
from slipway.oci.exchange.entra import EntraClient, entra_token
from slipway.oci.exchange.jwt import lifetime_of
from slipway.oci.exchange.renewing import Lease, RenewedCredential

__all__ = ["AcrCredential", "AcrHost", "acr_host"]

_NOBODY: Final = "00000000-0000-0000-0000-000000000000"
"""The user name that the registry takes beside a refresh token."""

_HOUR: Final = 3600.0  # refresh tokens say themselves that they hold three; this is for one that does not say
_HOST: Final = re.compile(r"[a-z0-9]{5,50}(?:-[a-z0-9]{1,30})?\.azurecr\.(?P<cloud>io|cn|us)")
_AUTHORITIES: Final = {
    "io": "https://login.microsoftonline.com",
    "cn": "https://login.chinacloudapi.cn",
    "us": "https://login.microsoftonline.us",
}


@dataclass(frozen=True, slots=True)
class AcrHost:
    """A registry, as its host name tells of it."""

    host: str
    authority: str
    """The login host of its cloud."""


def acr_host(host: str) -> AcrHost | None:
    """What `<name>.azurecr.io`, or the like for China or the US government, tells; None for other hosts."""
    found = _HOST.fullmatch(host.lower())
    return AcrHost(host.lower(), _AUTHORITIES[found["cloud"]]) if found else None


class AcrCredential(RenewedCredential):
    """The identity token of one registry, got for an application and renewed while it is used."""

    def __init__(
        self, host: AcrHost, client: EntraClient, http: HttpClient, clock: Clock, hosts: tuple[str, ...] = ()
    ) -> None:
        self._host = host
        self._client = client
        self._http = http
        self._hosts = hosts
        super().__init__(clock)

    @property
    @override
    def own_secrets(self) -> tuple[str, ...]:
        """The client secret."""
        return (self._client.secret,) if self._client.secret else ()

    @override
    async def fetch(self) -> Lease[Credential]:
        token = await entra_token(self._http, self._host.authority, self._client)
        call = form_call(
            f"https://{self._host.host}/oauth2/exchange",
            {
                "grant_type": "access_token",
                "service": self._host.host,
                "tenant": self._client.tenant,
                "access_token": token,
            },
        )
        response = await send(self._http, call, (token,))
        refresh = json_object(response).get("refresh_token")
        if response.status != 200:
            raise self._refusal(response, token)
        if not isinstance(refresh, str) or not is_secret_text(refresh):
            msg = f"{self._host.host} answered to an exchange without a refresh token"
            raise InvalidResponse(msg)
        credential = Credential(CredentialKind.TOKEN, username=_NOBODY, token=refresh, hosts=self._hosts)
        return Lease(credential, lifetime_of(refresh) or _HOUR)

    def _refusal(self, response: Response, token: str) -> RegistryError:
        listed = json_object(response).get("errors")
        first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
        said = words(first.get("message"), (token,))
        whom = f"the application {self._client.client}"
        if response.status == 401:
            advice = (
                f"give it the role AcrPull on the registry, and check that both are of {self._client.tenant}"
            )
            return AuthenticationFailed(f"{self._host.host} refuses {whom}{said}: {advice}")
        if response.status == 403:
            advice = "let its network rules (firewall) admit the cluster"
            return AccessDenied(f"{self._host.host} denies an exchange to {whom}{said}: {advice}")
        if response.status == 404:
            advice = "check the host of the Registry"
            return InvalidResponse(f"{self._host.host} exchanges no tokens{said}: {advice}")
        return InvalidResponse(
            f"{self._host.host} answered with status {response.status} to an exchange{said}"
        )
