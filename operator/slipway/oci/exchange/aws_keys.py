"""Where Amazon's access keys come from: a Secret, or the identity token of our own pod.

From a token by AssumeRoleWithWebIdentity ("IAM roles for service accounts"),
https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html. Instance metadata
(IMDS) and EKS Pod Identity answer on link-local addresses (169.254.169.254, 169.254.170.23), which the
egress policy never lets anybody call: they are not used.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from slipway.clock import Clock, parse_time
from slipway.egress import Response
from slipway.http import HttpClient
from slipway.oci.errors import InvalidResponse
from slipway.oci.exchange.aws_answers import aws_error, read_xml_refusal, xml_text
from slipway.oci.exchange.calls import VendorClock, form_call, is_secret_text, send
from slipway.oci.exchange.renewing import Lease, Renewed
from slipway.oci.exchange.sigv4 import AwsKeys
from slipway.oci.exchange.token_files import read_token

__all__ = ["FixedKeys", "KeySource", "WebIdentity", "WebIdentityKeys"]

_SESSION: Final = "slipway"
_HOUR: Final = 3600.0  # what AWS gives when it is not asked for more


class KeySource(Protocol):
    """Gives the keys to sign with now."""

    async def keys(self) -> AwsKeys:
        """The keys.

        Raises:
            RegistryError: when there are none to be had.
        """

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every secret value that it holds or has given out."""


class FixedKeys:
    """Keys that stay what they are."""

    __slots__ = ("_keys",)

    def __init__(self, keys: AwsKeys) -> None:
        self._keys = keys

    async def keys(self) -> AwsKeys:
        """The keys."""
        return self._keys

    @property
    def secrets(self) -> tuple[str, ...]:
        """Their secret half."""
        return self._keys.secrets


@dataclass(frozen=True, slots=True)
class WebIdentity:
    """What EKS puts into the environment of a pod whose service account has a role."""

    role: str
    """The ARN of the role."""

    token_file: str
    region: str

    @property
    def endpoint(self) -> str:
        """The regional endpoint of STS (https://docs.aws.amazon.com/general/latest/gr/sts.html)."""
        domain = "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        return f"https://sts.{self.region}.{domain}/"


class WebIdentityKeys:
    """Keys of a role, which AWS gives to whoever shows the identity token of our pod."""

    def __init__(self, identity: WebIdentity, http: HttpClient, clock: Clock) -> None:
        self._identity = identity
        self._http = http
        self._vendor_clock = VendorClock(clock)
        self._renewed: Renewed[AwsKeys] = Renewed(self._assume, clock)

    async def keys(self) -> AwsKeys:
        """The keys, for about an hour.

        Raises:
            AuthenticationFailed: when AWS does not accept the token.
            AccessDenied: when the role does not trust it.
            RegistryError: whatever else is in the way.
        """
        return await self._renewed.get()

    @property
    def secrets(self) -> tuple[str, ...]:
        """The secret halves of the present keys and of those before them."""
        return tuple(secret for keys in self._renewed.held for secret in keys.secrets)

    async def _assume(self) -> Lease[AwsKeys]:
        token = await read_token(self._identity.token_file)
        call = form_call(
            self._identity.endpoint,
            {
                "Action": "AssumeRoleWithWebIdentity",
                "Version": "2011-06-15",
                "RoleArn": self._identity.role,
                "RoleSessionName": _SESSION,
                "WebIdentityToken": token,
            },
            accept="application/xml",
        )
        response = await send(self._http, call, (token,))
        if response.status != 200:
            refusal = read_xml_refusal(response)
            raise aws_error(refusal, response, "sts:AssumeRoleWithWebIdentity", (token,), self._identity.role)
        return Lease(_read_keys(response), self._lifetime(response))

    def _lifetime(self, response: Response) -> float:
        end = _moment(xml_text(response.body, "Expiration"))
        return _HOUR if end is None else self._vendor_clock.seconds_until(end, response.headers)


def _read_keys(response: Response) -> AwsKeys:
    identity, secret, token = (
        xml_text(response.body, name) for name in ("AccessKeyId", "SecretAccessKey", "SessionToken")
    )
    if identity is None or secret is None or token is None or not all(map(is_secret_text, (identity, token))):
        msg = "AWS answered to sts:AssumeRoleWithWebIdentity without keys"
        raise InvalidResponse(msg)
    return AwsKeys(identity, secret, token)


def _moment(text: str | None) -> datetime | None:
    try:
        return parse_time(text or "")
    except ValueError:
        return None
