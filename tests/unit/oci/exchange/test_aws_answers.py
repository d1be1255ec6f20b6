from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from slipway.egress import Headers, Response
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    InvalidResponse,
    RateLimited,
    RegistryError,
    RegistryFailing,
    RepositoryNotFound,
)
from slipway.oci.exchange.aws_answers import (
    AwsRefusal,
    aws_error,
    read_json_refusal,
    read_xml_refusal,
    xml_text,
)

URL = "https://api.ecr.eu-central-1.amazonaws.com/"


def _response(status: int, body: bytes = b"", *headers: tuple[str, str]) -> Response:
    return Response(status, Headers(headers), body, URL)


@pytest.mark.parametrize(
    ("code", "error", "advice"),
    [
        ("UnrecognizedClientException", AuthenticationFailed, "check AWS_ACCESS_KEY_ID"),
        ("InvalidSignatureException", AuthenticationFailed, "check AWS_ACCESS_KEY_ID"),
        ("MissingAuthenticationTokenException", AuthenticationFailed, "check AWS_ACCESS_KEY_ID"),
        ("ExpiredTokenException", AuthenticationFailed, "put new keys into the Secret"),
        ("InvalidIdentityToken", AuthenticationFailed, "identity provider of the cluster"),
        ("IDPRejectedClaim", AuthenticationFailed, "trust policy"),
        ("AccessDeniedException", AccessDenied, "allow ecr:DescribeImages in a policy"),
        ("RepositoryNotFoundException", RepositoryNotFound, "push an image"),
        ("ThrottlingException", RateLimited, "longer interval"),
        ("TooManyRequestsException", RateLimited, "longer interval"),
        ("ServerException", RegistryFailing, "asked again"),
        ("IDPCommunicationError", RegistryFailing, "asked again"),
        ("InvalidParameterException", InvalidResponse, "status 400"),
    ],
)
def test_a_code_says_what_went_wrong_and_what_to_do(
    code: str, error: type[RegistryError], advice: str
) -> None:
    """The status is 400 for all of them."""
    raised = aws_error(AwsRefusal(code, "Some words."), _response(400), "ecr:DescribeImages", (), "shop/api")

    assert type(raised) is error
    assert advice in str(raised)
    assert f"{code}: Some words." in str(raised)
    assert "ecr:DescribeImages of shop/api" in str(raised)


@pytest.mark.parametrize(
    ("status", "error", "said"),
    [
        (301, InvalidResponse, "check account and region"),
        (307, InvalidResponse, "check account and region"),
        (401, AuthenticationFailed, "check AWS_ACCESS_KEY_ID"),
        (403, AuthenticationFailed, "check AWS_ACCESS_KEY_ID"),
        (404, InvalidResponse, "status 404"),
        (429, RateLimited, "fewer requests"),
        (500, RegistryFailing, "status 500"),
    ],
)
def test_without_a_code_the_status_decides(status: int, error: type[RegistryError], said: str) -> None:
    """Load balancers and proxies have no codes of Amazon's."""
    raised = aws_error(AwsRefusal("", ""), _response(status), "ecr:GetAuthorizationToken", ())

    assert type(raised) is error
    assert said in str(raised)


@pytest.mark.parametrize(
    ("code", "status", "advice"),
    [
        ("ExpiredTokenException", 400, "restart the operator"),
        ("AccessDenied", 403, "trust policy"),
        ("", 403, "trust policy"),
    ],
)
def test_advice_about_the_token_of_the_pod_names_no_secret(code: str, status: int, advice: str) -> None:
    """There is none."""
    raised = aws_error(AwsRefusal(code, ""), _response(status), "sts:AssumeRoleWithWebIdentity", (), "a role")

    assert advice in str(raised)
    assert "Secret" not in str(raised)


def test_a_limit_without_a_code_says_how_long_to_wait() -> None:
    """By Retry-After."""
    raised = aws_error(AwsRefusal("", ""), _response(429, b"", ("Retry-After", "5")), "ecr:X", ())

    assert isinstance(raised, RateLimited)
    assert raised.retry_after == 5


@pytest.mark.parametrize(
    ("body", "header", "code", "message"),
    [
        (b'{"__type":"com.amazonaws.ecr#ThrottlingException","message":"Rate exceeded"}', "",
         "ThrottlingException", "Rate exceeded"),
        (b'{"__type":"ThrottlingException","Message":"Rate exceeded"}', "",
         "ThrottlingException", "Rate exceeded"),
        (b"{}", "AccessDeniedException:http://internal.amazon.com/", "AccessDeniedException", ""),
        (b'{"__type":3,"message":[]}', "", "3", ""),
        (b"<html>", "", "", ""),
        (b"[]", "", "", ""),
    ],
    ids=["with a namespace", "capital message", "in a header", "wrong kinds", "a page", "a list"],
)  # fmt: skip
def test_refusals_in_json_are_read(body: bytes, header: str, code: str, message: str) -> None:
    """In the forms that services write them."""
    response = _response(400, body, ("x-amzn-ErrorType", header))

    assert read_json_refusal(response) == AwsRefusal(code, message)


def test_a_success_is_no_refusal() -> None:
    """Whatever its fields are called."""
    assert read_json_refusal(_response(200, b'{"__type": "a", "message": "b"}')) == AwsRefusal("", "")


def test_refusals_in_xml_are_read() -> None:
    """With entities taken back."""
    body = (
        b'<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>'
        b"<Code>ExpiredTokenException</Code><Message>Token expired: 1 &lt; 2 &amp; 3</Message></Error>"
        b"<RequestId>1</RequestId></ErrorResponse>"
    )

    refusal = read_xml_refusal(_response(400, body))
    assert refusal == AwsRefusal("ExpiredTokenException", "Token expired: 1 < 2 & 3")
    assert xml_text(body, "Nothing") is None


@settings(max_examples=25, deadline=None)
@given(st.binary(max_size=200), st.integers(300, 599))
def test_any_refusal_becomes_an_error(body: bytes, status: int) -> None:
    """Never something else."""
    response = _response(status, body)
    for refusal in (read_json_refusal(response), read_xml_refusal(response)):
        assert isinstance(aws_error(refusal, response, "ecr:X", ()), RegistryError)


def test_words_that_are_new_in_each_answer_are_left_out() -> None:
    """A status that has them would never settle."""
    message = (
        "The request signature we calculated does not match. Check your AWS Secret Access Key.\n\n"
        "The Canonical String for this request should have been\n'POST\n/\n\nx-amz-date:20261121T120000Z'"
    )
    raised = aws_error(AwsRefusal("InvalidSignatureException", message), _response(400), "ecr:X", ())

    assert "does not match" in str(raised)
    assert "20261121" not in str(raised)


def test_secrets_that_are_said_back_are_redacted() -> None:
    """Amazon shows the canonical request when a signature is wrong."""
    refusal = AwsRefusal("InvalidSignatureException", "canonical: the-session-token")

    assert "the-session" not in str(aws_error(refusal, _response(400), "ecr:X", ("the-session-token",)))
