from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.oci.exchange.sigv4 import AwsKeys, SigningScope, sign

KEYS = AwsKeys("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
AUGUST = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
SERVICE = SigningScope("us-east-1", "service")
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def _signature(
    method: str,
    url: str,
    headers: dict[str, str] | None = None,
    body: bytes = b"",
    *,
    now: datetime = AUGUST,
) -> str:
    signed = sign(method, url, headers=headers or {}, body=body, keys=KEYS, scope=SERVICE, now=now)
    return signed["Authorization"].rpartition("Signature=")[2]


@pytest.mark.parametrize(
    ("method", "path", "headers", "body", "signature"),
    [
        ("GET", "", {}, b"", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
        (
            "GET",
            "?Param2=value2&Param1=value1",
            {},
            b"",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        ("POST", "", {}, b"", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
        (
            "POST",
            "",
            FORM,
            b"Param1=value1",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "get-vanilla-query-order-key-case", "post-vanilla", "post-x-www-form-urlencoded"],
)
def test_the_cases_of_amazons_test_suite_have_its_signatures(
    method: str, path: str, headers: dict[str, str], body: bytes, signature: str
) -> None:
    """aws-sig-v4-test-suite, https://docs.aws.amazon.com/general/latest/gr/signature-v4-test-suite.html."""
    assert _signature(method, f"https://example.amazonaws.com/{path}", headers, body) == signature


def test_the_example_of_the_documentation_is_signed_as_there() -> None:
    """ListUsers of IAM, whole: algorithm, scope, names and signature."""
    signed = sign(
        "GET",
        "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
        headers={"Content-Type": "application/x-www-form-urlencoded; charset=utf-8"},
        body=b"",
        keys=KEYS,
        scope=SigningScope("us-east-1", "iam"),
        now=AUGUST,
    )

    assert signed["X-Amz-Date"] == "20150830T123600Z"
    assert signed["Authorization"] == (
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request,"
        " SignedHeaders=content-type;host;x-amz-date,"
        " Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7"
    )


def test_the_token_of_keys_that_end_travels_and_is_signed() -> None:
    """As get-vanilla-with-session-token would have it: named among the signed headers."""
    keys = AwsKeys("AKIDEXAMPLE", "secret", "session")
    signed = sign("GET", "https://a.example/", headers={}, body=b"", keys=keys, scope=SERVICE, now=AUGUST)

    assert signed["X-Amz-Security-Token"] == "session"
    assert "SignedHeaders=host;x-amz-date;x-amz-security-token," in signed["Authorization"]


def test_the_day_is_that_of_utc() -> None:
    """Whatever zone the clock speaks of."""
    elsewhere = AUGUST.astimezone(timezone(timedelta(hours=14)))

    assert _signature("GET", "https://a.example/", now=elsewhere) == _signature("GET", "https://a.example/")


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["X-Amz-Target", "Accept", "X-One"]), st.from_regex(r"[!-~]{1,9}", fullmatch=True)
    ),
    st.binary(max_size=20),
    st.binary(max_size=20),
)
def test_a_signature_depends_on_what_is_said_and_not_on_how_it_is_written(
    headers: dict[str, str], body: bytes, other: bytes
) -> None:
    """Order, case and spaces of headers are nothing; every other body is another signature."""
    rewritten = {name.upper(): f"  {value} " for name, value in reversed(headers.items())}
    signature = _signature("POST", "https://a.example/", headers, body)

    assert _signature("POST", "https://a.example/", rewritten, body) == signature
    assert (_signature("POST", "https://a.example/", headers, other) == signature) is (body == other)


def test_secrets_are_in_no_representation() -> None:
    """Neither the secret half nor the token."""
    keys = AwsKeys("AKIDEXAMPLE", "the-secret-half", "the-session-token")

    assert "the-" not in repr(keys)
    assert keys.secrets == ("the-secret-half", "the-session-token")
    assert KEYS.secrets == (KEYS.secret_access_key,)
