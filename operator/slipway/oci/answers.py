"""What an answer that is no success means: status first, error code second (distribution-spec, Error Codes).

Bodies are only words for people: servers send JSON of any shape, HTML, plain text or nothing.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final

from pydantic_core import from_json

from slipway.egress import (
    CertificateRejected,
    CircuitOpen,
    EgressDenied,
    Headers,
    HttpError,
    InvalidCertificate,
    NameNotResolved,
    NotTls,
    Origin,
    QueuedTooLong,
    RedirectRefused,
    Response,
    ResponseTooLarge,
    TimedOut,
    TlsFailed,
)
from slipway.http import origin_of
from slipway.oci.challenge import MalformedChallenge, parse_challenges
from slipway.oci.errors import (
    AccessDenied,
    AuthenticationFailed,
    BlobNotFound,
    CertificateInvalid,
    CertificateUnusable,
    ContentTooLarge,
    EgressRefused,
    InvalidResponse,
    ManifestNotFound,
    NotARegistry,
    PullLimitReached,
    RateLimited,
    RegistryError,
    RegistryFailing,
    RegistryTimeout,
    RegistryUnreachable,
    RepositoryNotFound,
    UploadRejected,
)
from slipway.oci.quota import is_pull_limit
from slipway.oci.waits import retry_after
from slipway.redact import redact

__all__ = [
    "Asker",
    "Subject",
    "from_http",
    "is_html",
    "names_registry",
    "not_a_registry",
    "refusal",
]

_REACHABLE: Final = "check that {registry} is up and reachable from here"
# First hit wins: what is more special stands above what it is a kind of.
_NO_RESPONSE: Final[tuple[tuple[type[Exception], type[RegistryError], str], ...]] = (
    (InvalidCertificate, CertificateUnusable, "correct the Secret that certSecretRef names"),
    (EgressDenied, EgressRefused, ""),
    (
        CertificateRejected,
        CertificateInvalid,
        "name a Secret with its authority (ca.crt) in certSecretRef of a Registry, or correct it",
    ),
    (
        NotTls,
        RegistryUnreachable,
        "if it is meant to be reached without TLS, write http:// in the url of a Registry",
    ),
    (
        TlsFailed,
        RegistryUnreachable,
        "if the registry demands a client certificate, name a Secret with it in certSecretRef of a Registry",
    ),
    (NameNotResolved, RegistryUnreachable, "check the name of the host"),
    (TimedOut, RegistryTimeout, _REACHABLE),
    (QueuedTooLong, RegistryTimeout, "raise limits of the Registry, or the interval of what asks it"),
    (ResponseTooLarge, ContentTooLarge, ""),
    (RedirectRefused, InvalidResponse, ""),
)
_HTTP_TO_TLS_PORT: Final = "HTTP request to an HTTPS server"
_PASSING: Final = frozenset({408, 499, 522})


class Subject(Enum):
    """What was asked about: it decides what a 404 means."""

    REGISTRY = "the registry"
    CATALOG = "its list of repositories"
    TAGS = "the tags of"
    MANIFEST = "the manifest"
    BLOB = "the blob"
    UPLOAD = "an upload to"


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asked, for the words of an error."""

    registry: Origin
    anonymous: bool
    username: str
    secrets: tuple[str, ...]
    """Values that must not come back in a message."""


def from_http(error: HttpError | InvalidCertificate, registry: Origin) -> RegistryError:
    """The error of a request that brought no response, with what to do about it."""
    if isinstance(error, CircuitOpen):
        return _left_alone(error, registry)
    for foreign, ours, advice in _NO_RESPONSE:
        if isinstance(error, foreign):
            return ours(f"{error}: {advice.format(registry=registry)}" if advice else str(error))
    return RegistryUnreachable(f"{error}: {_REACHABLE.format(registry=registry)}")


def _left_alone(error: CircuitOpen, registry: Origin) -> RegistryUnreachable:
    """Of the class of the last failure, so that a status does not change its reason to and fro."""
    if error.last is None:
        kind: type[RegistryUnreachable] = RegistryFailing
    else:
        kind = RegistryTimeout if issubclass(error.last, TimedOut) else RegistryUnreachable
    return kind(f"{error}: {_REACHABLE.format(registry=registry)}", error.retry_after)


def refusal(response: Response, subject: Subject, name: str, asker: Asker) -> RegistryError:
    """The error that a response with an unexpected status stands for.

    Args:
        response: Any response that does not bring what was asked for.
        subject: What was asked about.
        name: The repository, with tag or digest where there is one.
        asker: Who asked.
    """
    code, words = _read(response, asker.secrets)
    said = f" ({words})" if words else ""
    status, where, about = response.status, asker.registry, _about(subject, name)
    if status == 401:
        return _unauthorized(response, subject, asker, about, said)
    if status == 404:
        return _missing(response, subject, name, code)
    if status == 429:
        return _rate_limited(response, asker, words, said)
    if status == 400 and _HTTP_TO_TLS_PORT in words:
        return RegistryUnreachable(f"{where} speaks TLS: write https:// in the URL")
    if status >= 500 or status in _PASSING:
        wait = retry_after(response.headers, datetime.now(UTC))
        return RegistryFailing(f"{where} failed with status {status}{said}", wait)
    return _refused(status, subject, asker, about, said)


def _rate_limited(response: Response, asker: Asker, words: str, said: str) -> RateLimited:
    wait = retry_after(response.headers, datetime.now(UTC), words)
    if is_pull_limit(response):
        advice = "name a Registry with a credential that may pull more, or poll less often"
        return PullLimitReached(
            f"{asker.registry} grants {_whom(asker)} no more pulls for now: {advice}{said}", wait
        )
    return RateLimited(f"{asker.registry} wants fewer requests{said}", wait)


def _refused(status: int, subject: Subject, asker: Asker, about: str, said: str) -> RegistryError:
    if status == 403:
        return AccessDenied(
            f"{asker.registry} denies access to {about}{said}: {_whom(asker)} needs the right"
        )
    kind = UploadRejected if subject is Subject.UPLOAD else InvalidResponse
    return kind(f"{asker.registry} answered with status {status} about {about}{said}")


def names_registry(headers: Headers) -> bool:
    """Whether the server says of itself that it is a registry."""
    return (headers.get("docker-distribution-api-version") or "").lower().startswith("registry/2")


def is_html(response: Response) -> bool:
    """Whether a web page came instead of an answer."""
    content_type = (response.headers.get("content-type") or "").lower()
    return "html" in content_type or response.body.lstrip()[:1] == b"<"


def _unauthorized(response: Response, subject: Subject, asker: Asker, about: str, said: str) -> RegistryError:
    where = asker.registry
    if is_html(response) and not names_registry(response.headers):
        return not_a_registry(where)
    if asker.anonymous and subject is Subject.REGISTRY:
        return AuthenticationFailed(f"{where} does not let everybody in: name a Secret in secretRef{said}")
    if asker.anonymous:
        advice = "name a Registry that has a secretRef, or correct the name"
        return AccessDenied(
            f"{where} does not show {about} to everybody, or it does not exist: {advice}{said}"
        )
    if _is_insufficient(response):
        return AccessDenied(f"{where} denies {about} to {_whom(asker)}, or it does not exist{said}")
    advice = "check user name and password or token in the Secret"
    return AuthenticationFailed(f"{where} refuses {_whom(asker)}: {advice}{said}")


def _is_insufficient(response: Response) -> bool:
    """Whether a token was taken but not enough, rather than a password wrong."""
    try:
        challenges = parse_challenges(response.headers.all("www-authenticate"))
    except MalformedChallenge:
        return False
    return any(
        one.scheme == "bearer" and one.get("error") in {"", "insufficient_scope"} for one in challenges
    )


def _missing(response: Response, subject: Subject, name: str, code: str) -> RegistryError:
    where = origin_of(response.url)
    is_page = is_html(response) and not names_registry(response.headers)
    if is_page or subject is Subject.REGISTRY:
        return not_a_registry(where)
    if subject is Subject.MANIFEST and code != "NAME_UNKNOWN":
        return ManifestNotFound(f"{where} has no image {name}: push it, or correct the tag or digest")
    if subject is Subject.BLOB and code != "NAME_UNKNOWN":
        return BlobNotFound(f"{where} has no blob {name}")
    repository = name.partition("@")[0].partition(":")[0]
    advice = "push an image to it, or correct the name"
    return RepositoryNotFound(f"{where} has no repository {repository}: {advice}")


def not_a_registry(where: Origin) -> NotARegistry:
    """The error for a web server that is no registry."""
    advice = "check the URL (scheme, host, port and path)"
    return NotARegistry(f"{where} answers, but not as a container registry: {advice}")


def _about(subject: Subject, name: str) -> str:
    return f"{subject.value} {name}" if name else subject.value


def _whom(asker: Asker) -> str:
    if asker.anonymous:
        return "an anonymous client"
    return f"user {asker.username}" if asker.username else "the token"


def _read(response: Response, secrets: Iterable[str]) -> tuple[str, str]:
    """The error code and the words of an error body, the latter cleaned and cut to one line."""
    if is_html(response):
        return "", ""
    code, words = "", response.body.decode("utf-8", "replace")
    with contextlib.suppress(ValueError):
        code, words = _from_json(from_json(response.body)) or (code, words)
    line = " ".join("".join(c if c.isprintable() else " " for c in redact(words[:4096], secrets)).split())
    return code, line[:300]


def _from_json(body: Any) -> tuple[str, str] | None:
    """`{"errors": [{code, message, detail}]}`, or Docker Hub's `{"message": …}`."""
    if not isinstance(body, dict):
        return None
    errors = body.get("errors")
    first = errors[0] if isinstance(errors, list) and errors else body
    if not isinstance(first, dict):
        return None
    code, message = str(first.get("code") or ""), str(first.get("message") or first.get("details") or "")
    detail = first.get("detail")
    extra = f": {detail}" if isinstance(detail, str) and detail else ""
    return code, ": ".join(filter(None, (code, message))) + extra
