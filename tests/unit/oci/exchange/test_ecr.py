from __future__ import annotations

import asyncio
import base64
import contextlib
import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from slipway.oci.credentials import Credential, CredentialKind
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidResponse,
    RateLimited,
    RegistryError,
    RegistryFailing,
)
from slipway.oci.exchange.aws_keys import FixedKeys
from slipway.oci.exchange.ecr import EcrApi, EcrCredential, EcrHost, ecr_host
from slipway.oci.exchange.sigv4 import AwsKeys
from tests.support.clouds import NOON, Clouds, answer
from tests.support.providers.ecr import aws_refusal, is_signed
from tests.support.raw_server import Reply, Seen

HOST = "123456789012.dkr.ecr.eu-central-1.amazonaws.com"
API = "api.ecr.eu-central-1.amazonaws.com"
KEYS = AwsKeys("AKIDEXAMPLE", "secret-access-key")


class Ecr:
    """Gives numbered passwords for 12 hours to whoever signs with the keys, and not minutes too late."""

    def __init__(self, clouds: Clouds) -> None:
        self.clouds = clouds
        self.refusal: Reply | None = None
        self.data: list[Any] | None = None
        self.given = 0
        clouds.hosts[API] = self
        self.source = self.source_with(KEYS)

    def source_with(self, keys: AwsKeys) -> EcrCredential:
        place = ecr_host(HOST)
        assert place is not None
        api = EcrApi(place, FixedKeys(keys), self.clouds.http, self.clouds.clock)
        return EcrCredential(api, self.clouds.clock, (HOST,))

    def __call__(self, seen: Seen) -> Reply:
        if self.refusal is not None:
            return self.refusal
        if not is_signed(seen, KEYS, f"https://{API}/"):
            return aws_refusal("UnrecognizedClientException", "The security token is invalid.")
        signed = datetime.fromisoformat(seen.headers["x-amz-date"])
        if abs(signed - self.clouds.server_time()) > timedelta(minutes=5):
            return aws_refusal("InvalidSignatureException", "Signature expired: it is now earlier than")
        assert (seen.method, seen.target) == ("POST", "/")
        assert seen.headers["x-amz-target"] == "AmazonEC2ContainerRegistry_V20150921.GetAuthorizationToken"
        assert json.loads(seen.body) == {}
        self.given += 1
        token = base64.b64encode(f"AWS:password-{self.given}".encode()).decode()
        end = self.clouds.server_time() + timedelta(hours=12)
        entry = {
            "authorizationToken": token,
            "expiresAt": end.timestamp(),
            "proxyEndpoint": f"https://{HOST}",
        }
        return answer({"authorizationData": [entry] if self.data is None else self.data})


@pytest.fixture
def ecr(clouds: Clouds) -> Ecr:
    """Amazon's registry service."""
    return Ecr(clouds)


@pytest.mark.parametrize(
    ("host", "region", "api"),
    [
        (HOST, "eu-central-1", f"https://{API}/"),
        (HOST.upper(), "eu-central-1", f"https://{API}/"),
        (
            "123456789012.dkr.ecr.cn-north-1.amazonaws.com.cn",
            "cn-north-1",
            "https://api.ecr.cn-north-1.amazonaws.com.cn/",
        ),
        (
            "123456789012.dkr.ecr-fips.us-gov-west-1.amazonaws.com",
            "us-gov-west-1",
            "https://ecr-fips.us-gov-west-1.amazonaws.com/",
        ),
        ("123456789012.dkr-ecr.us-east-2.on.aws", "us-east-2", "https://ecr.us-east-2.api.aws/"),
        ("123456789012.dkr-ecr-fips.us-east-2.on.aws", "us-east-2", "https://ecr-fips.us-east-2.api.aws/"),
    ],
    ids=["standard", "in capitals", "China", "FIPS", "IPv6", "IPv6 with FIPS"],
)
def test_a_host_names_account_region_and_api(host: str, region: str, api: str) -> None:
    """So that nothing else has to be told."""
    assert ecr_host(host) == EcrHost("123456789012", region, api)


@pytest.mark.parametrize(
    "host",
    [
        "public.ecr.aws",
        "12345678901.dkr.ecr.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com.evil.example",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com:5000",
        "123456789012.dkr.ecr.evil.example#.eu-central-1.amazonaws.com",
        "123456789012.dkr.ecr..amazonaws.com",
        "123456789012.dkr.ecr.eu-central-1.amazonaws.com\n",
        "123456789012xdkr.ecr.eu-central-1.amazonaws.com",
        "evil.example/123456789012.dkr.ecr.eu-central-1.amazonaws.com",
        "s3.eu-central-1.amazonaws.com",
        "",
    ],
)
def test_any_other_host_is_none_of_amazons(host: str) -> None:
    """However much it looks like one: keys would sign for it."""
    assert ecr_host(host) is None


async def test_keys_become_a_password(ecr: Ecr) -> None:
    """Of the user AWS, bound to the hosts that the Secret names."""
    credential = await ecr.source.credential()

    assert credential == Credential.basic("AWS", "password-1", (HOST,))
    assert credential.kind is CredentialKind.BASIC
    assert ecr.clouds.asked() == [f"{API}/"]


async def test_a_password_is_used_for_most_of_its_twelve_hours(ecr: Ecr) -> None:
    """And renewed before they are over."""
    await ecr.source.credential()
    ecr.clouds.clock.seconds = 7.9 * 3600
    assert (await ecr.source.credential()).password == "password-1"
    assert ecr.source.renews_in <= 1.1 * 3600
    ecr.clouds.clock.seconds = 9.1 * 3600
    assert (await ecr.source.credential()).password == "password-2"


async def test_one_caller_asks_for_all(ecr: Ecr) -> None:
    """Fifty Warehouses of one Registry."""
    await asyncio.gather(*(ecr.source.credential() for _ in range(50)))

    assert len(ecr.clouds.seen) == 1


async def test_a_clock_that_is_wrong_is_no_obstacle(ecr: Ecr) -> None:
    """Amazon says what time it is; the request is signed again with that, and the life counted by it."""
    ecr.clouds.server_time = lambda: NOON + timedelta(hours=7)

    assert (await ecr.source.credential()).password == "password-1"
    assert len(ecr.clouds.seen) == 2
    ecr.clouds.clock.seconds = 7.9 * 3600
    await ecr.source.credential()
    assert len(ecr.clouds.seen) == 2


@pytest.mark.parametrize("refusal", [None, aws_refusal("ThrottlingException")], ids=["accepted", "throttled"])
async def test_a_clock_that_is_wrong_but_did_no_harm_costs_no_request(
    ecr: Ecr, refusal: Reply | None
) -> None:
    """What was accepted, or refused for another reason, is not asked again."""
    ecr.clouds.server_time = lambda: NOON + timedelta(minutes=4)
    ecr.refusal = refusal
    with contextlib.suppress(RateLimited):
        await ecr.source.credential()

    assert len(ecr.clouds.seen) == 1


async def test_wrong_keys_are_refused_once(ecr: Ecr) -> None:
    """They are not tried again with another time."""
    source = ecr.source_with(AwsKeys("AKIDEXAMPLE", "another-secret"))
    with pytest.raises(AuthenticationFailed, match="check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"):
        await source.credential()

    assert len(ecr.clouds.seen) == 1


async def test_keys_that_end_send_their_token(ecr: Ecr) -> None:
    """Signed with the rest."""
    source = ecr.source_with(AwsKeys(KEYS.access_key_id, KEYS.secret_access_key, "session-token"))
    with pytest.raises(AuthenticationFailed):
        await source.credential()

    assert ecr.clouds.seen[0].headers["x-amz-security-token"] == "session-token"
    assert "x-amz-security-token" in ecr.clouds.seen[0].headers["authorization"]


@pytest.mark.parametrize(
    ("reply", "error", "said"),
    [
        (aws_refusal("ExpiredTokenException", "ended"), AuthenticationFailed, "put new keys"),
        (aws_refusal("AccessDeniedException", "no"), AccessDenied, "allow ecr:GetAuthorizationToken"),
        (aws_refusal("ThrottlingException", "Rate exceeded"), RateLimited, "Rate exceeded"),
        (aws_refusal("ServerException", "", 500), RegistryFailing, "asked again"),
        (aws_refusal("InvalidParameterException", "no such account"), InvalidResponse, "no such account"),
        (answer({}, 429, (("Retry-After", "3"),)), RateLimited, "fewer requests"),
        (answer("<html>", 502), RegistryFailing, "status 502"),
        (
            Reply(307, b"", (("Location", "https://api.ecr.us-east-1.amazonaws.com/"),)),
            InvalidResponse,
            "check account and region",
        ),
        (answer([]), InvalidResponse, "JSON object"),
        (answer({"authorizationData": []}), InvalidResponse, "without a token"),
        (answer({"authorizationData": [3]}), InvalidResponse, "without a token"),
        (
            answer({"authorizationData": [{"authorizationToken": "%%"}]}),
            InvalidResponse,
            "without a token",
        ),
        (
            answer({"authorizationData": [{"authorizationToken": "QVdT"}]}),
            InvalidResponse,
            "without a token",
        ),
    ],
    ids=lambda value: value.body.decode()[:40] or str(value.status) if isinstance(value, Reply) else None,
)
async def test_what_is_no_token_is_an_error_that_says_what_to_do(
    ecr: Ecr, reply: Reply, error: type[RegistryError], said: str
) -> None:
    """A redirect is not followed: the signature holds for one host, and the keys for whom they are given."""
    ecr.refusal = reply
    with pytest.raises(error, match=said):
        await ecr.source.credential()

    assert set(ecr.clouds.asked()) == {f"{API}/"}


@pytest.mark.parametrize("end", [None, "soon", -5, 1e300, True], ids=repr)
async def test_an_end_that_is_none_does_no_harm(ecr: Ecr, end: object) -> None:
    """The password counts; how long it is kept stays within bounds."""
    ecr.data = [{"authorizationToken": base64.b64encode(b"AWS:pw").decode(), "expiresAt": end}]

    assert (await ecr.source.credential()).password == "pw"


async def test_secrets_are_known_for_redaction_and_shown_nowhere(ecr: Ecr) -> None:
    """The secret half of the keys, the password, and the form in which a header has it."""
    credential = await ecr.source.credential()

    assert {"secret-access-key", "password-1", *credential.secrets} <= set(ecr.source.secrets)
    assert "password-1" not in repr(credential)
    assert "secret" not in repr(ecr.source)
