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
from typing_extensions import override

from slipway.clock import Clock
from slipway.egress import Response
from slipway.http import HttpClient
from slipway.oci.credentials import Credential
from slipway.oci.errors import InvalidResponse, NotFound
from slipway.oci.exchange.aws_answers import aws_error, read_json_refusal
from slipway.oci.exchange.aws_keys import KeySource
from slipway.oci.exchange.calls import Call, VendorClock, carry, json_object
from slipway.oci.exchange.renewing import Lease, RenewedCredential
from slipway.oci.exchange.sigv4 import AwsKeys, SigningScope, sign
from slipway.oci.session import Ask

__all__ = ["TARGET", "EcrApi", "EcrCredential", "EcrHost", "ecr_host", "ecr_request"]

TARGET: Final = "X-Amz-Target"
"""The header that names the action."""

_SERVICE: Final = "AmazonEC2ContainerRegistry_V20150921"
_HALF_A_DAY: Final = 12 * 3600.0
_LATEST: Final = 2**32  # seconds since 1970; what is later is no end but a number
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
    """The API of one registry, signed with keys."""

    def __init__(self, host: EcrHost, keys: KeySource, http: HttpClient, clock: Clock) -> None:
        self.host = host
        self._keys = keys
        self._http = http
        self._vendor_clock = VendorClock(clock)

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret halves of the keys."""
        return self._keys.secrets

    async def send(self, ask: Ask) -> Response:
        """Signs a request to the API, and carries it.

        Raises:
            AuthenticationFailed: when the keys are wrong, or have ended.
            AccessDenied: when no policy allows it.
            RateLimited: when AWS throttles.
            RegistryError: whatever else is in the way, but for what depends on the request.
        """
        keys = await self._keys.keys()
        response = await self._signed(ask, keys)
        refusal = read_json_refusal(response)
        if refusal.code in _CLOCK_REFUSALS and self._vendor_clock.corrected_by(response.headers):
            response = await self._signed(ask, keys)
            refusal = read_json_refusal(response)
        action = ask.headers[TARGET].rpartition(".")[2]
        error = aws_error(refusal, response, f"ecr:{action}", keys.secrets) if refusal.code else None
        if error is None or isinstance(error, (NotFound, InvalidResponse)):
            return response
        raise error

    async def token(self) -> tuple[str, float]:
        """The pair `AWS:password` that the registry takes, and the seconds it holds.

        Raises:
            RegistryError: as `send` does, and when there is none.
        """
        response = await self.send(ecr_request(self.host.api, "GetAuthorizationToken", {}))
        if response.status != 200:
            refusal = read_json_refusal(response)
            raise aws_error(refusal, response, "ecr:GetAuthorizationToken", self.secrets)
        listed = json_object(response).get("authorizationData")
        first = listed[0] if isinstance(listed, list) and listed else None
        data = first if isinstance(first, dict) else {}
        return _pair(data.get("authorizationToken")), self._lifetime(data.get("expiresAt"), response)

    def _lifetime(self, end: object, response: Response) -> float:
        if not isinstance(end, (int, float)):
            return _HALF_A_DAY
        moment = datetime.fromtimestamp(min(max(end, 0), _LATEST), UTC)
        return self._vendor_clock.seconds_until(moment, response.headers)

    async def _signed(self, ask: Ask, keys: AwsKeys) -> Response:
        assert isinstance(ask.content, bytes)
        headers = sign(
            ask.method,
            ask.url,
            headers=ask.headers,
            body=ask.content,
            keys=keys,
            scope=SigningScope(self.host.region, "ecr"),
            now=self._vendor_clock.now(),
        )
        call = Call(ask.method, ask.url, headers, ask.content, ask.max_bytes, ask.timeout)
        return await carry(self._http, call)


def ecr_request(api: str, action: str, fields: dict[str, Any]) -> Ask:
    """A request to the API.

    Args:
        api: Its URL.
        action: Such as `DescribeImages`.
        fields: What goes into the body.
    """
    headers = {"Content-Type": "application/x-amz-json-1.1", TARGET: f"{_SERVICE}.{action}"}
    return Ask("POST", api, headers=headers, content=to_json(fields))


class EcrCredential(RenewedCredential):
    """The Basic credential of a registry, got with keys and renewed while it is used."""

    def __init__(self, api: EcrApi, clock: Clock, hosts: tuple[str, ...] = ()) -> None:
        self.api = api
        """For what the plain protocol does not tell."""

        self._hosts = hosts
        super().__init__(clock)

    @property
    @override
    def own_secrets(self) -> tuple[str, ...]:
        """The secret halves of the keys."""
        return self.api.secrets

    @override
    async def fetch(self) -> Lease[Credential]:
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
