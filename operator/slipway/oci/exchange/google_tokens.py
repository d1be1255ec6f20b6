"""Access tokens of Google: for the key of a service account, or for the identity token of our own pod.

JWT bearer grant: https://developers.google.com/identity/protocols/oauth2/service-account#httprest; token
exchange: https://docs.cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token; impersonation:
https://docs.cloud.google.com/iam/docs/reference/credentials/rest/v1/projects.serviceAccounts/generateAccessToken.

GKE's metadata server answers on a link-local address (169.254.169.254), which the egress policy never lets
anybody call: it is not used. On GKE, too, a projected token with a configuration of workload identity
federation works.
"""

from __future__ import annotations

import asyncio
from typing import Final

from pydantic_core import from_json, to_json

from slipway.clock import Clock, parse_time
from slipway.egress import Response
from slipway.http import HttpClient, origin_of
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    CredentialInvalid,
    InvalidResponse,
    RegistryError,
)
from slipway.oci.exchange.calls import Call, VendorClock, form_call, is_secret_text, json_object, send, words
from slipway.oci.exchange.google_identity import FederatedAccount, GoogleIdentity, ServiceAccountKey
from slipway.oci.exchange.jwt import signed_jwt
from slipway.oci.exchange.renewing import Lease
from slipway.oci.exchange.token_files import read_token, read_token_file

__all__ = ["GoogleTokens"]

_SCOPE: Final = "https://www.googleapis.com/auth/cloud-platform"
_TOKEN_URL: Final = "https://oauth2.googleapis.com/token"  # noqa: S105
_STS_URL: Final = "https://sts.googleapis.com/v1/token"
_IAM_URL: Final = "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/{}:generateAccessToken"
_ACCESS_TOKEN: Final = "urn:ietf:params:oauth:token-type:access_token"  # noqa: S105
_HOUR: Final = 3600
_KEY_ADVICE: Final = "check that the service account and its key still exist and are enabled"
_POOL_ADVICE: Final = "check issuer, audience and attribute condition of the workload identity provider"


class GoogleTokens:
    """Gets access tokens, of an hour at most, for one identity."""

    def __init__(self, identity: GoogleIdentity, http: HttpClient, clock: Clock) -> None:
        self._identity = identity
        self._http = http
        self._vendor_clock = VendorClock(clock)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The private key, if there is one."""
        return (self._identity.private_key,) if isinstance(self._identity, ServiceAccountKey) else ()

    async def fetch(self) -> Lease[str]:
        """A new token.

        Raises:
            AuthenticationFailed: when Google does not accept key or token.
            AccessDenied: when the identity may not take on the service account.
            CredentialInvalid: when key or token file are unusable.
            RegistryError: whatever else is in the way.
        """
        if isinstance(self._identity, ServiceAccountKey):
            return await self._by_key(self._identity)
        lease = await self._by_federation(self._identity)
        return await self._impersonated(self._identity, lease) if self._identity.impersonates else lease

    async def _by_key(self, key: ServiceAccountKey) -> Lease[str]:
        response = await self._show_assertion(key)
        if response.status == 400 and self._vendor_clock.corrected_by(response.headers):
            response = await self._show_assertion(key)
        if response.status != 200:
            raise _refusal(response, f"the service account {key.email}", _KEY_ADVICE, self.secrets)
        return _lease(response)

    async def _show_assertion(self, key: ServiceAccountKey) -> Response:
        now = int(self._vendor_clock.now().timestamp())
        claims = {"iss": key.email, "scope": _SCOPE, "aud": _TOKEN_URL, "iat": now, "exp": now + _HOUR}
        assertion = await asyncio.to_thread(signed_jwt, {"kid": key.key_id}, claims, key.private_key)
        fields = {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion}
        return await send(self._http, form_call(_TOKEN_URL, fields), (assertion, *self.secrets))

    async def _by_federation(self, account: FederatedAccount) -> Lease[str]:
        token = await _subject_token(account)
        fields = {
            "grant_type": "urn:ietf:params:oauth:grant-type:token-exchange",
            "audience": account.audience,
            "scope": _SCOPE,
            "requested_token_type": _ACCESS_TOKEN,
            "subject_token": token,
            "subject_token_type": account.token_type,
        }
        response = await send(self._http, form_call(_STS_URL, fields), (token,))
        if response.status != 200:
            raise _refusal(response, "the token of the operator's pod", _POOL_ADVICE, (token,))
        return _lease(response)

    async def _impersonated(self, account: FederatedAccount, lease: Lease[str]) -> Lease[str]:
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {lease.value}"}
        body = to_json({"scope": [_SCOPE]})
        call = Call("POST", _IAM_URL.format(account.impersonates), headers, body)
        response = await send(self._http, call, (lease.value,))
        if response.status != 200:
            raise _impersonation_refusal(response, account, lease.value)
        fields = json_object(response)
        try:
            end = parse_time(str(fields.get("expireTime")))
        except ValueError:
            return Lease(_token(fields.get("accessToken"), response), lease.lifetime)
        left = self._vendor_clock.seconds_until(end, response.headers)
        return Lease(_token(fields.get("accessToken"), response), left)


async def _subject_token(account: FederatedAccount) -> str:
    if not account.token_field:
        return await read_token(account.token_file)
    try:
        fields = from_json(await asyncio.to_thread(read_token_file, account.token_file))
    except ValueError:
        fields = None
    token = fields.get(account.token_field) if isinstance(fields, dict) else None
    if not isinstance(token, str) or not is_secret_text(token):
        msg = f"{account.token_file} in the operator's pod has no token in the field {account.token_field}"
        raise CredentialInvalid(msg)
    return token


def _lease(response: Response) -> Lease[str]:
    fields = json_object(response)
    life = fields.get("expires_in")
    return Lease(
        _token(fields.get("access_token"), response), life if isinstance(life, (int, float)) else _HOUR
    )


def _token(value: object, response: Response) -> str:
    if not isinstance(value, str) or not is_secret_text(value):
        msg = f"{origin_of(response.url)} answered without an access token"
        raise InvalidResponse(msg)
    return value


def _refusal(response: Response, whom: str, advice: str, secrets: tuple[str, ...]) -> RegistryError:
    """`{"error": "invalid_grant", "error_description": …}`, as OAuth has it."""
    fields, where = json_object(response), origin_of(response.url)
    said = words(fields.get("error_description") or fields.get("error"), secrets)
    if response.status in {400, 401, 403}:
        return AuthenticationFailed(f"{where} refuses {whom}{said}: {advice}")
    return InvalidResponse(f"{where} answered with status {response.status} instead of a token{said}")


def _impersonation_refusal(response: Response, account: FederatedAccount, token: str) -> RegistryError:
    """`{"error": {"code": 403, "message": …}}`, as Google's other APIs have it."""
    error = json_object(response).get("error")
    said = words(error.get("message") if isinstance(error, dict) else None, (token,))
    where, whom = origin_of(response.url), f"the service account {account.impersonates}"
    if response.status in {401, 403, 404}:
        advice = "give the operator's identity the role roles/iam.workloadIdentityUser on it"
        return AccessDenied(f"{where} does not let the operator take on {whom}{said}: {advice}")
    return InvalidResponse(f"{where} answered with status {response.status} instead of a token{said}")
