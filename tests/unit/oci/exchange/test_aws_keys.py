from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    CredentialInvalid,
    InvalidResponse,
    RegistryError,
    RegistryFailing,
)
from slipway.oci.exchange.aws_keys import FixedKeys, WebIdentity, WebIdentityKeys
from slipway.oci.exchange.sigv4 import AwsKeys
from tests.support.clouds import NOON, Clouds, answer, form_of
from tests.support.raw_server import Reply, Seen

STS = "sts.eu-central-1.amazonaws.com"
SECRET = "<SecretAccessKey>b</SecretAccessKey>"
ROLE = "arn:aws:iam::123456789012:role/slipway"


class Sts:
    """Gives numbered keys for whatever token is shown; `refusal` instead, when there is one."""

    def __init__(self, clouds: Clouds, token_file: Path) -> None:
        self.clouds = clouds
        self.refusal: Reply | None = None
        self.expiration = NOON + timedelta(hours=1)
        self.given = 0
        self.token_file = token_file
        clouds.hosts[STS] = self
        identity = WebIdentity(ROLE, str(token_file), "eu-central-1")
        self.source = WebIdentityKeys(identity, clouds.http, clouds.clock)

    def rotate(self, token: str | None) -> None:
        """Replaces the token of the pod, or takes it away."""
        self.token_file.unlink()
        if token is not None:
            self.token_file.write_text(token)

    def __call__(self, _: Seen) -> Reply:
        if self.refusal is not None:
            return self.refusal
        self.given += 1
        return answer(f"""
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult>
                <SubjectFromWebIdentityToken>system:serviceaccount:slipway:slipway</SubjectFromWebIdentityToken>
                <Credentials>
                  <SessionToken>session-{self.given}</SessionToken>
                  <SecretAccessKey>secret/{self.given}&amp;</SecretAccessKey>
                  <Expiration>{self.expiration.strftime("%Y-%m-%dT%H:%M:%SZ")}</Expiration>
                  <AccessKeyId>ASIA{self.given}</AccessKeyId>
                </Credentials>
              </AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>""")


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The projected token."""
    file = tmp_path / "token"
    file.write_text("eyJ-pod-token-1")
    return file


@pytest.fixture
def sts(clouds: Clouds, token_file: Path) -> Sts:
    """Amazon's token service."""
    return Sts(clouds, token_file)


def _refusal(code: str, status: int = 400) -> Reply:
    words = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>No: eyJ-pod-token-1</Message></Error>"
    return answer(f"<ErrorResponse>{words}</ErrorResponse>", status)


async def test_the_token_of_the_pod_is_shown_for_keys_of_the_role(sts: Sts) -> None:
    """By POST, so that no log has it in a URL; unsigned."""
    keys = await sts.source.keys()

    assert keys == AwsKeys("ASIA1", "secret/1&", "session-1")
    (seen,) = sts.clouds.seen
    assert (seen.method, seen.target) == ("POST", "/")
    assert "authorization" not in seen.headers
    assert form_of(seen) == {
        "Action": "AssumeRoleWithWebIdentity",
        "Version": "2011-06-15",
        "RoleArn": ROLE,
        "RoleSessionName": "slipway",
        "WebIdentityToken": "eyJ-pod-token-1",
    }


async def test_keys_are_renewed_with_the_token_of_then(sts: Sts) -> None:
    """Kubernetes has replaced it meanwhile."""
    await sts.source.keys()
    assert await sts.source.keys() == AwsKeys("ASIA1", "secret/1&", "session-1")
    sts.rotate("eyJ-pod-token-2")
    sts.clouds.clock.seconds = 3500

    assert (await sts.source.keys()).access_key_id == "ASIA2"
    assert form_of(sts.clouds.seen[1])["WebIdentityToken"] == "eyJ-pod-token-2"
    assert sts.source.secrets == ("secret/2&", "session-2", "secret/1&", "session-1")


async def test_the_life_of_keys_is_counted_by_amazons_clock(sts: Sts) -> None:
    """Ours is two hours behind, and would count two and a half."""
    sts.clouds.server_time = lambda: NOON + timedelta(hours=2)
    sts.expiration = NOON + timedelta(hours=2.5)
    await sts.source.keys()
    sts.clouds.clock.seconds = 1700
    await sts.source.keys()

    assert sts.given == 2


@pytest.mark.parametrize(
    ("code", "status", "error"),
    [
        ("ExpiredTokenException", 400, AuthenticationFailed),
        ("InvalidIdentityToken", 400, AuthenticationFailed),
        ("IDPRejectedClaim", 403, AuthenticationFailed),
        ("AccessDenied", 403, AccessDenied),
        ("RegionDisabledException", 403, AccessDenied),
        ("IDPCommunicationError", 400, RegistryFailing),
        ("ValidationError", 400, InvalidResponse),
    ],
)
async def test_refusals_are_told_apart(sts: Sts, code: str, status: int, error: type[RegistryError]) -> None:
    """With the role, and never with the token."""
    sts.refusal = _refusal(code, status)
    with pytest.raises(error, match=code) as caught:
        await sts.source.keys()

    assert ROLE in str(caught.value)
    assert "eyJ-pod" not in str(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        "<a/>",
        "<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey>",
        "<AccessKeyId>a\nX: y</AccessKeyId><SessionToken>c</SessionToken>" + SECRET,
    ],
    ids=["nothing", "no token", "a line too many"],
)
async def test_an_answer_without_keys_is_an_error(sts: Sts, body: str) -> None:
    """Nothing is signed with half of them."""
    sts.refusal = answer(body)
    with pytest.raises(InvalidResponse, match="without keys"):
        await sts.source.keys()


async def test_keys_without_an_end_hold_an_hour(sts: Sts) -> None:
    """Which is what Amazon gives when it is not asked for more."""
    sts.refusal = answer(
        "<AccessKeyId>a</AccessKeyId><SecretAccessKey>b</SecretAccessKey><SessionToken>c</SessionToken>"
    )
    await sts.source.keys()
    sts.clouds.clock.seconds = 2400
    await sts.source.keys()

    assert len(sts.clouds.seen) == 1


async def test_without_the_file_nothing_is_asked(sts: Sts) -> None:
    """The error names it."""
    sts.rotate(None)
    with pytest.raises(CredentialInvalid, match="token"):
        await sts.source.keys()

    assert sts.clouds.seen == []


@pytest.mark.parametrize(
    ("region", "endpoint"),
    [
        ("us-east-1", "https://sts.us-east-1.amazonaws.com/"),
        ("us-gov-west-1", "https://sts.us-gov-west-1.amazonaws.com/"),
        ("cn-north-1", "https://sts.cn-north-1.amazonaws.com.cn/"),
    ],
)
def test_the_endpoint_is_that_of_the_region(region: str, endpoint: str) -> None:
    """The one without a region is not there in all partitions."""
    assert WebIdentity(ROLE, "/token", region).endpoint == endpoint


async def test_fixed_keys_stay_what_they_are() -> None:
    """With the secret half for redaction."""
    keys = AwsKeys("AKIA", "secret")

    assert await FixedKeys(keys).keys() is keys
    assert FixedKeys(keys).secrets == ("secret",)
