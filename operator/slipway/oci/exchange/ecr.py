"""Amazon's Elastic Container Registry: its API, and the password that its registry takes for 12 hours.

GetAuthorizationToken:
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_GetAuthorizationToken.html; hosts:
https://docs.aws.amazon.com/general/latest/gr/ecr.html.
"""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from pydantic_core import to_json

from slipway.clock import Clock
from slipway.egress import Response
from slipway.http import HttpClient
from slipway.oci.credentials import Credential
from slipway.oci.errors import InvalidResponse
from slipway.oci.exchange.aws_answers import AwsRefusal, aws_error, read_json_refusal
from slipway.oci.exchange.aws_keys import KeySource
from slipway.oci.exchange.calls import Call, VendorClock, json_object, send
from slipway.oci.exchange.renewing import Lease, Renewed
from slipway.oci.exchange.sigv4 import AwsKeys, SigningScope, sign

__all__ = ["EcrApi", "EcrCredential", "EcrHost", "ecr_host"]

_TARGET: Final = "AmazonEC2ContainerRegistry_V20150921"
_MOST_BYTES: Final = 8 * 1024 * 1024  # a page of 1,000 images has about 1 MiB
_HALF_A_DAY: Final = 12 * 3600.0
_HOST: Final = re.compile(
    r"(?P<account>[0-9]{12})\.dkr[.-]ecr(?P<fips>-fips)?\.(?P<region>[a-z]{2,3}(?:-[a-z]+)+-[0-9]{1,2})"
    r"\.(?P<domain>amazonaws\.com(?:\.cn)?|on\.aws)"
)
# What AWS answers when the time of a signature is too far from its own.
_CLOCK_REFUSALS: Final = frozenset({"InvalidSignatureException", "RequestExpired", "SignatureDoesNotMatch"})


@dataclass(frozen=True, slots=True)
class EcrHost:
    """A private registry, as its host name tells of it."""

    account: str
    region: str
    api: str
    """The URL of the API for its region."""


def ecr_host(host: str) -> EcrHost | None:
    """What `<account>.dkr.ecr.<region>.amazonaws.com` tells, and its variants with FIPS, IPv6 and for China.

    None for any other host: `public.ecr.aws` is a plain registry, and a name that merely resembles Amazon's
    belongs to somebody else.
    """
    found = _HOST.fullmatch(host.lower())
    if found is None:
        return None
    region, domain, fips = found["region"], found["domain"], found["fips"]
    if domain == "on.aws":
        api = f"https://ecr{fips or ''}.{region}.api.aws/"
    else:
        api = f"https://{'ecr-fips' if fips else 'api.ecr'}.{region}.{domain}/"
    return EcrHost(found["account"], region, api)


class EcrApi:
    """The API of one registry, signed."""

    def __init__(self, host: EcrHost, keys: KeySource, http: HttpClient, clock: Clock) -> None:
        self.host = host
        self._keys = keys
        self._http = http
        self._vendor_clock = VendorClock(clock)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret halves of the keys."""
        return self._keys.secrets

    async def call(self, action: str, fields: dict[str, Any], subject: str = "") -> dict[str, Any]:
        """The answer to an action.

        Args:
            action: Such as `DescribeImages`.
            fields: Its request.
            subject: What it is about, for the words of errors.

        Raises:
            AuthenticationFailed: when the keys are wrong, or have ended.
            AccessDenied: when no policy allows the action.
            RepositoryNotFound: when there is no such repository.
            RateLimited: when AWS throttles.
            RegistryError: whatever else is in the way.
        """
        return json_object(await self._ask(action, fields, subject))

    async def token(self) -> tuple[str, float]:
        """The pair `AWS:password` that the registry takes, and the seconds it holds.

        Raises:
            RegistryError: as `call` does.
        """
        response = await self._ask("GetAuthorizationToken", {}, "")
        listed = json_object(response).get("authorizationData")
        data = listed[0] if isinstance(listed, list) and listed else {}
        token, end = (
            (data.get(name) for name in ("authorizationToken", "expiresAt")) if data else (None, None)
        )
        if isinstance(end, (int, float)):
            moment = datetime.fromtimestamp(min(max(end, 0), 2**32), UTC)
            return _pair(token), self._vendor_clock.seconds_until(moment, response.headers)
        return _pair(token), _HALF_A_DAY

    async def _ask(self, action: str, fields: dict[str, Any], subject: str) -> Response:
        keys = await self._keys.keys()
        response = await self._signed(action, fields, keys)
        if response.status == 200:
            return response
        refusal = read_json_refusal(response)
        if refusal.code in _CLOCK_REFUSALS and self._vendor_clock.corrected_by(response.headers):
            response = await self._signed(action, fields, keys)
            refusal = AwsRefusal("", "") if response.status == 200 else read_json_refusal(response)
        if response.status == 200:
            return response
        raise aws_error(refusal, response, f"ecr:{action}", keys.secrets, subject)

    async def _signed(self, action: str, fields: dict[str, Any], keys: AwsKeys) -> Response:
        body = to_json(fields)
        headers = {"Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": f"{_TARGET}.{action}"}
        scope = SigningScope(self.host.region, "ecr")
        url, now = self.host.api, self._vendor_clock.now()
        signed = sign("POST", url, headers=headers, body=body, keys=keys, scope=scope, now=now)
        return await send(self._http, Call("POST", url, signed, body, _MOST_BYTES), keys.secrets)


class EcrCredential:
    """The Basic credential of a registry, got with keys and renewed while it is used."""

    def __init__(self, api: EcrApi, clock: Clock, hosts: tuple[str, ...] = ()) -> None:
        self.api = api
        """For what the plain protocol does not tell."""

        self._hosts = hosts
        self._renewed: Renewed[Credential] = Renewed(self._fetch, clock)

    async def credential(self) -> Credential:
        """The credential, for up to 12 hours.

        Raises:
            RegistryError: as `EcrApi.call` does.
        """
        return await self._renewed.get()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret halves of the keys, and the passwords got with them."""
        return (*self.api.secrets, *(secret for one in self._renewed.held for secret in one.secrets))

    async def _fetch(self) -> Lease[Credential]:
        pair, lifetime = await self.api.token()
        username, _, password = pair.partition(":")
        return Lease(Credential.basic(username, password, self._hosts), lifetime)


def _pair(token: object) -> str:
    try:
        pair = base64.b64decode(str(token or ""), validate=True).decode()
    except (binascii.Error, ValueError):
        pair = ""
    username, colon, password = pair.partition(":")
    if not username or not colon or not password:
        msg = "AWS answered to ecr:GetAuthorizationToken without a token"
        raise InvalidResponse(msg)
    return pair
