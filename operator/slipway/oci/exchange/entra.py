"""Access tokens of Microsoft Entra ID, by the client credentials flow: with a client secret, or with the
identity token of our own pod (workload identity).

https://learn.microsoft.com/en-us/entra/identity-platform/v2-oauth2-client-creds-grant-flow. Managed
identities answer on a link-local address (169.254.169.254), which the egress policy never lets anybody
call: they are not used.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from slipway.egress import Response
from slipway.http import HttpClient, origin_of
from slipway.oci.errors import (
    AuthenticationFailed,
    CredentialInvalid,
    InvalidResponse,
    RegistryError,
    RegistryFailing,
)
from slipway.oci.exchange.calls import form_call, is_secret_text, json_object, send, words
from slipway.oci.exchange.token_files import read_token

__all__ = ["ACR_SCOPE", "EntraClient", "entra_token"]

ACR_SCOPE: Final = "https://containerregistry.azure.net/.default"
"""Tokens for registries and nothing else: those for Azure's Resource Manager, which registries also take
unless told otherwise, would open much more (https://aka.ms/acr/authentication)."""

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_TENANT: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,251}[A-Za-z0-9])?")
_ADVICE_SECRET: Final = (
    "check AZURE_CLIENT_SECRET in the Secret; client secrets end, at the latest after two years"  # noqa: S105
)
_ADVICE_POD: Final = (
    "add a federated credential for the operator's service account to the application of AZURE_CLIENT_ID"
)
_ADVICE_NAMES: Final = "check AZURE_TENANT_ID and AZURE_CLIENT_ID"
# By the error of OAuth: numbers of AADSTS may change at any time, as their own page says.
_PASSING: Final = frozenset({"temporarily_unavailable", "server_error"})
_ABOUT_PROOF: Final = frozenset({"invalid_client", "invalid_grant"})


@dataclass(frozen=True, slots=True)
class EntraClient:
    """An application, and what it shows: a client secret or the token in a file of our pod."""

    tenant: str
    client: str
    secret: str = field(default="", repr=False)
    token_file: str = ""

    def __post_init__(self) -> None:
        if not _TENANT.fullmatch(self.tenant):
            msg = f"AZURE_TENANT_ID is {self.tenant[:80]!r}: write the id of the tenant, or its domain"
            raise CredentialInvalid(msg)


async def entra_token(http: HttpClient, authority: str, client: EntraClient) -> str:
    """An access token for registries. It is used once, at once, so that its end does not matter.

    Args:
        http: Applies the egress policy.
        authority: The login host of the cloud, such as `https://login.microsoftonline.com`.
        client: Who asks.

    Raises:
        AuthenticationFailed: when Entra refuses the application.
        RegistryError: whatever else is in the way.
    """
    proof = client.secret or await read_token(client.token_file)
    fields = {"grant_type": "client_credentials", "client_id": client.client, "scope": ACR_SCOPE}
    if client.secret:
        fields["client_secret"] = proof
    else:
        fields |= {"client_assertion_type": _ASSERTION_TYPE, "client_assertion": proof}
    call = form_call(f"{authority}/{client.tenant}/oauth2/v2.0/token", fields)
    response = await send(http, call, (proof,))
    token = json_object(response).get("access_token")
    if response.status != 200:
        raise _refusal(response, client, proof)
    if not isinstance(token, str) or not is_secret_text(token):
        msg = f"{authority} answered without an access token"
        raise InvalidResponse(msg)
    return token


def _refusal(response: Response, client: EntraClient, proof: str) -> RegistryError:
    body, where = json_object(response), origin_of(response.url)
    description = body.get("error_description")
    # What follows are ids and times, new with each answer: a status that has them would never settle.
    line = description.splitlines()[0] if isinstance(description, str) and description else ""
    said = words(line.partition(" Trace ID:")[0], (proof,))
    error = body.get("error")
    if error in _PASSING:
        return RegistryFailing(f"{where} gives no token now{said}: it will be asked again")
    about_proof = _ADVICE_SECRET if client.secret else _ADVICE_POD
    advice = about_proof if error in _ABOUT_PROOF else _ADVICE_NAMES
    if response.status in {400, 401, 403}:
        return AuthenticationFailed(f"{where} refuses the application {client.client}{said}: {advice}")
    return InvalidResponse(f"{where} answered with status {response.status} instead of a token{said}")
