from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway import egress
from slipway.egress import Headers, HttpError, InvalidCertificate, Origin, Response
from slipway.oci import errors
from slipway.oci.answers import Asker, Subject, from_http, refusal

ORIGIN = Origin("https", "r.io", 443)
ROBOT = Asker(ORIGIN, anonymous=False, username="robot", secrets=("hunter2",))
NOBODY = Asker(ORIGIN, anonymous=True, username="", secrets=())
NOW = datetime(2026, 11, 21, 9, tzinfo=UTC)
BEARER = ("WWW-Authenticate", 'Bearer realm="https://r.io/token",error="insufficient_scope"')


def _response(status: int, body: object = b"", *headers: tuple[str, str]) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Response(status, Headers(headers), raw, "https://r.io/v2/shop/api/x")


def _error(code: str, message: str = "words") -> object:
    return {"errors": [{"code": code, "message": message, "detail": {"Name": "x"}}]}


@pytest.mark.parametrize(
    ("response", "subject", "kind"),
    [
        (_response(401), Subject.REGISTRY, errors.AuthenticationFailed),
        (_response(401, b"", BEARER), Subject.MANIFEST, errors.AccessDenied),
        (_response(401, b"<html>"), Subject.REGISTRY, errors.NotARegistry),
        (_response(403, _error("DENIED")), Subject.MANIFEST, errors.AccessDenied),
        (_response(404, _error("NAME_UNKNOWN")), Subject.MANIFEST, errors.RepositoryNotFound),
        (_response(404, _error("MANIFEST_UNKNOWN")), Subject.MANIFEST, errors.ManifestNotFound),
        (_response(404, _error("404")), Subject.MANIFEST, errors.ManifestNotFound),
        (_response(404, b"Not found\r\n"), Subject.MANIFEST, errors.ManifestNotFound),
        (_response(404), Subject.MANIFEST, errors.ManifestNotFound),
        (_response(404, b"NOT_FOUND"), Subject.TAGS, errors.RepositoryNotFound),
        (_response(404, _error("BLOB_UNKNOWN")), Subject.BLOB, errors.BlobNotFound),
        (_response(404, b"<!DOCTYPE html>"), Subject.TAGS, errors.NotARegistry),
        (_response(404, b"", ("Content-Type", "text/html")), Subject.MANIFEST, errors.NotARegistry),
        (_response(404, _error("X")), Subject.REGISTRY, errors.NotARegistry),
        (_response(429, {"message": "toomanyrequests: slow down"}), Subject.MANIFEST, errors.RateLimited),
        (_response(400, _error("MANIFEST_INVALID")), Subject.UPLOAD, errors.UploadRejected),
        (_response(413), Subject.UPLOAD, errors.UploadRejected),
        (_response(418), Subject.MANIFEST, errors.InvalidResponse),
        (_response(301), Subject.UPLOAD, errors.UploadRejected),
        (_response(500, _error("UNKNOWN")), Subject.TAGS, errors.RegistryFailing),
        (_response(503, b"<html>"), Subject.TAGS, errors.RegistryFailing),
        (_response(522), Subject.TAGS, errors.RegistryFailing),
        (
            _response(400, b"Client sent an HTTP request to an HTTPS server.\n"),
            Subject.REGISTRY,
            errors.RegistryUnreachable,
        ),
    ],
)
def test_the_status_decides_then_the_code(
    response: Response, subject: Subject, kind: type[errors.RegistryError]
) -> None:
    """Bodies of registries and of web servers, and empty ones, become errors that people understand."""
    assert type(refusal(response, subject, "shop/api:1", ROBOT)) is kind


def test_words_name_the_host_the_subject_and_the_way_out() -> None:
    """A sentence that says what to do, with what the registry said in brackets."""
    message = str(refusal(_response(404, _error("NAME_UNKNOWN")), Subject.MANIFEST, "shop/api:1", ROBOT))
    assert message == "https://r.io has no repository shop/api: push an image to it, or correct the name"

    message = str(refusal(_response(403, _error("DENIED", "no way")), Subject.TAGS, "shop/api", ROBOT))
    assert "denies access to the tags of shop/api (DENIED: no way)" in message
    assert "user robot needs the right" in message

    assert "name a Secret" in str(refusal(_response(401), Subject.REGISTRY, "", NOBODY))
    assert "or it does not exist" in str(refusal(_response(401), Subject.TAGS, "shop/api", NOBODY))
    tls = _response(400, b"Client sent an HTTP request to an HTTPS server.\n")
    assert "write https://" in str(refusal(tls, Subject.REGISTRY, "", NOBODY))


def test_a_registry_that_echoes_our_secrets_does_not_get_them_into_a_message() -> None:
    """The Authorization header, the password and tokens are taken out of what the server says."""
    echo = _error(
        "DENIED", "bad Authorization: Basic cm9ib3Q6aHVudGVyMg== of hunter2 at https://r.io/x?sig=abc"
    )

    message = str(refusal(_response(403, echo), Subject.TAGS, "shop/api", ROBOT))

    assert "cm9ib3Q6aHVudGVyMg==" not in message
    assert "hunter2" not in message
    assert "sig=abc" not in message


def test_a_rate_limit_says_how_long() -> None:
    """The error carries the wait."""
    error = refusal(_response(429, b"", ("Retry-After", "7")), Subject.TAGS, "a", ROBOT)

    assert isinstance(error, errors.RateLimited)
    assert error.retry_after == 7


@pytest.mark.parametrize(
    ("body", "headers", "kind", "wait"),
    [
        (b"", (("Retry-After", "7"),), errors.RateLimited, 7),
        (b"Too Many Requests", (), errors.RateLimited, None),
        (_error("TOOMANYREQUESTS", "retry-after: 2.5s, allowed: 44000/minute"), (), errors.RateLimited, 2.5),
        (b'{"message":"You have reached your pull rate limit."}', (), errors.PullLimitReached, None),
        (b"", (("RateLimit-Remaining", "0;w=21600"),), errors.PullLimitReached, None),
    ],
)
def test_used_up_pulls_are_no_reason_to_stop_everything(
    body: bytes, headers: tuple[tuple[str, str], ...], kind: type[errors.RateLimited], wait: float | None
) -> None:
    """Docker Hub's pull limit has an error of its own; both are rate limits, with their wait."""
    error = refusal(_response(429, body, *headers), Subject.MANIFEST, "a:1", ROBOT)

    assert type(error) is kind
    assert error.retry_after == wait
    assert error.reason == "RateLimited"


def test_a_failing_registry_may_say_when_to_come_back() -> None:
    """503 with Retry-After."""
    error = refusal(_response(503, b"", ("Retry-After", "120")), Subject.TAGS, "a", ROBOT)

    assert isinstance(error, errors.RegistryFailing)
    assert error.retry_after == 120


@pytest.mark.parametrize(
    ("last", "kind"),
    [
        (None, errors.RegistryFailing),
        (egress.TimedOut, errors.RegistryTimeout),
        (egress.ConnectTimedOut, errors.RegistryTimeout),
        (egress.ConnectFailed, errors.RegistryUnreachable),
        (egress.ConnectionBroken, errors.RegistryUnreachable),
    ],
)
def test_a_registry_that_is_left_alone_keeps_the_reason_of_its_failure(
    last: type[HttpError] | None, kind: type[errors.RegistryUnreachable]
) -> None:
    """Otherwise a Ready condition would change to and fro; when it is asked again stands beside."""
    error = from_http(egress.CircuitOpen("https://r.io is left alone", 17, last), ORIGIN)

    assert type(error) is kind
    assert error.retry_after == 17
    assert "17" not in str(error)


def _all_http_errors(root: type[HttpError] = HttpError) -> list[type[HttpError]]:
    return [root, *(kind for child in root.__subclasses__() for kind in _all_http_errors(child))]


@pytest.mark.parametrize("kind", _all_http_errors())
def test_every_way_to_get_no_response_has_an_error(kind: type[HttpError]) -> None:
    """Each comes with its words kept and a reason of its own."""
    error = from_http(kind("words"), ORIGIN)

    assert "words" in str(error)
    assert error.reason != "RegistryError"


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        (egress.EgressDenied("x"), "EgressDenied"),
        (egress.CertificateRejected("x"), "CertificateInvalid"),
        (egress.NotTls("x"), "RegistryUnreachable"),
        (egress.NameNotResolved("x"), "RegistryUnreachable"),
        (egress.TimedOut("x"), "Timeout"),
        (egress.ResponseTooLarge("x"), "ContentTooLarge"),
        (egress.RedirectRefused("x"), "InvalidResponse"),
        (InvalidCertificate("x"), "CertificateUnusable"),
    ],
)
def test_reasons_are_those_of_a_ready_condition(error: HttpError | InvalidCertificate, reason: str) -> None:
    """People find the reason in the documentation."""
    assert from_http(error, ORIGIN).reason == reason


@given(st.integers(min_value=300, max_value=599), st.binary(max_size=60), st.sampled_from(Subject))
def test_any_refusal_has_an_error(status: int, body: bytes, subject: Subject) -> None:
    """No status and no body crash the reading, and no message is without bounds."""
    error = refusal(_response(status, body), subject, "shop/api:1", ROBOT)

    assert len(str(error)) <= 1024
