"""What it means when a CI server does not do what it was asked.

Rate limits are told as GitHub does (https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api):
403 or 429 with Retry-After, or with nothing remaining until a Unix time, or only in words; and as GitLab does
(https://docs.gitlab.com/administration/settings/user_and_ip_rate_limits/): 429 with Retry-After.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from pydantic_core import from_json

from slipway.build.builders.errors import (
    AnswerInvalid,
    AnswerTooLarge,
    BuilderBusy,
    BuilderError,
    BuilderFailing,
    BuilderForbidden,
    BuilderTimeout,
    BuilderUnreachable,
    BuilderUntrusted,
    OrderRefused,
    TargetMissing,
    TokenDenied,
    TokenExpired,
    TokenRefused,
)
from slipway.build.builders.fields import sentence_in
from slipway.egress import (
    CertificateRejected,
    CircuitOpen,
    ClientClosed,
    ConnectFailed,
    ConnectTimedOut,
    EgressDenied,
    Headers,
    HttpError,
    InvalidUrl,
    NotTls,
    QueuedTooLong,
    RedirectRefused,
    Response,
    ResponseTooLarge,
    TimedOut,
    TlsFailed,
)
from slipway.oci.waits import retry_after
from slipway.redact import redact

__all__ = ["Subject", "from_http", "refusal"]

_SECONDARY_WAIT: Final = 60.0
"""Seconds that GitHub wants to be left alone after a secondary limit without Retry-After."""

_LARGEST_WORDS: Final = 16 * 1024  # bytes of an error that are read for words
_UNSENT: Final = (
    InvalidUrl,
    EgressDenied,
    CircuitOpen,
    QueuedTooLong,
    ClientClosed,
    ConnectTimedOut,
    CertificateRejected,
    NotTls,
)
# First hit wins; whatever is not named here is a way to be unreachable.
_NO_RESPONSE: Final[tuple[tuple[type[HttpError], type[BuilderError], str], ...]] = (
    (EgressDenied, BuilderForbidden, ""),
    (CertificateRejected, BuilderUntrusted, ": have its authority trusted by the operator, or correct it"),
    (QueuedTooLong, BuilderTimeout, ": it is asked again later"),
    (TimedOut, BuilderTimeout, ": check that it is up and reachable from the cluster"),
    (ResponseTooLarge, AnswerTooLarge, ": check that the address is that of the API"),
    (RedirectRefused, AnswerInvalid, ": write the address that it redirects to"),
)
_UNREACHABLE: Final = ": check the address, and that it is up and reachable from the cluster"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a request is about, in the words of errors."""

    what: str
    """Such as `workflow build.yml of shop/api`."""

    right: str
    """What a token needs for it, such as `the permission Actions: write`."""


def from_http(error: HttpError, *, changes: bool) -> BuilderError:
    """The error of a request that brought no answer.

    Args:
        error: What happened.
        changes: Whether the request was to change something.
    """
    arrived = changes and not _is_unsent(error)
    if isinstance(error, CircuitOpen):
        return _left_alone(error)
    for foreign, ours, advice in _NO_RESPONSE:
        if isinstance(error, foreign):
            return ours(f"{error}{advice}", may_have_arrived=arrived)
    return BuilderUnreachable(f"{error}{_UNREACHABLE}", may_have_arrived=arrived)


def _is_unsent(error: HttpError) -> bool:
    """Whether not a byte of the request can have been read: all else may have arrived."""
    # TLS fails in a handshake, as a rule; but OpenSSL may also stumble over the answer.
    is_refused = isinstance(error, ConnectFailed) and not isinstance(error, TlsFailed)
    return is_refused or isinstance(error, _UNSENT)


def _left_alone(error: CircuitOpen) -> BuilderUnreachable:
    """Of the class of the last failure, so that a status does not change its reason to and fro."""
    if error.last is None:
        kind: type[BuilderUnreachable] = BuilderFailing
    else:
        kind = BuilderTimeout if issubclass(error.last, TimedOut) else BuilderUnreachable
    return kind(f"{error}{_UNREACHABLE}", retry_after=error.retry_after)


def refusal(
    response: Response, subject: Subject, now: datetime, secrets: tuple[str, ...], *, changes: bool
) -> BuilderError:
    """The error that an answer other than 2xx stands for.

    Args:
        response: The answer.
        subject: What was asked for.
        now: The wall clock.
        secrets: What must not come back in the words of an error.
        changes: Whether the request was to change something.
    """
    where = response.url.partition("?")[0]
    words = _words(response.body, secrets)
    limited = _limited(response, words, where, now)
    if limited is not None:
        return limited
    said = f" ({words})" if words else ""
    hidden = _hidden(response.status, subject, where, said)
    if hidden is not None:
        return hidden
    match response.status:
        case 401:
            return _refused_token(where, words, said)
        case 408:
            return BuilderTimeout(f"{where} gave up waiting for the request", may_have_arrived=changes)
        case status if status >= 500:
            wait = retry_after(response.headers, now)
            return BuilderFailing(
                f"{where} failed with status {status}{said}", may_have_arrived=changes, retry_after=wait
            )
        case status:
            return OrderRefused(f"{where} answered with status {status}{said}", words, status)


def _hidden(status: int, subject: Subject, where: str, said: str) -> BuilderError | None:
    """What the subject is not there for, or not for this token."""
    if status == 403:
        return TokenDenied(
            f"{where} denies access{said}: for the {subject.what} the token needs {subject.right}"
        )
    if status in {404, 410}:
        return TargetMissing(
            f"{where} does not exist, or is hidden from this token{said}: there must be the {subject.what}, "
            "and the token must be allowed to see it"
        )
    if 300 <= status < 400:
        return TargetMissing(
            f"{where} has moved: write the new name of the {subject.what}, or the new address"
        )
    return None


def _refused_token(where: str, words: str, said: str) -> TokenRefused:
    if "expired" in words.lower() or "revoked" in words.lower():
        return TokenExpired(f"{where} says that the token is over{said}: put a new one into the Secret")
    return TokenRefused(f"{where} refuses the token{said}: put one into the Secret that is valid there")


def _limited(response: Response, words: str, where: str, now: datetime) -> BuilderBusy | None:
    headers = response.headers
    is_spent = headers.get("x-ratelimit-remaining") == "0" or headers.get("retry-after") is not None
    is_secondary = "secondary rate limit" in words.lower()
    if response.status != 429 and not (response.status == 403 and (is_spent or is_secondary)):
        return None
    wait = retry_after(headers, now)
    if wait is None:
        reset = headers.get("x-ratelimit-reset") or headers.get("ratelimit-reset") or ""
        wait = retry_after(Headers([("x-retry-after", reset)]), now) if is_spent or not is_secondary else None
    if wait is None and is_secondary:
        wait = _SECONDARY_WAIT
    return BuilderBusy(f"{where} wants fewer requests: it is asked again later", wait)


def _words(body: bytes, secrets: tuple[str, ...]) -> str:
    """What the server says is wrong; empty when it says so in no form that is known."""
    try:
        document: Any = from_json(body) if len(body) <= _LARGEST_WORDS else None
    except ValueError:
        return ""
    if not isinstance(document, dict):
        return ""
    return redact(sentence_in(document, "error_description", "message", "error"), secrets)
