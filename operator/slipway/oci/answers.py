"""What an answer that is no success means: status first, error code second (distribution-spec, Error Codes).

Bodies are only words for people: servers send JSON of any shape, HTML, plain text or nothing.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from enum import Enum
from typing import Any, Final

from pydantic_core import from_json

from slipway.egress import (
    CertificateRejected,
    EgressDenied,
    Headers,
    HttpError,
    InvalidCertificate,
    NameNotResolved,
    NotTls,
    Origin,
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
    RateLimited,
    RegistryError,
    RegistryFailing,
    RegistryTimeout,
    RegistryUnreachable,
    RepositoryNotFound,
    UploadRejected,
)
from slipway.redact import redact

__all__ = [
    "Asker",
    "Subject",
    "from_http",
    "is_html",
    "names_registry",
    "not_a_registry",
    "refusal",
    "retry_after",
]

_REACHABLE: Final = "check that {registry} is up and reachable from the cluster"
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
    (ResponseTooLarge, ContentTooLarge, ""),
    (RedirectRefused, InvalidResponse, ""),
)
_HTTP_TO_TLS_PORT: Final = "HTTP request to an HTTPS server"
_PASSING: Final = frozenset({408, 499, 522})
_LONGEST_WAIT: Final = 24 * 3600.0


class Subject(Enum):
    """What was asked about: it decides what a 404 means."""

    REGISTRY = "the registry"
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
    for foreign, ours, advice in _NO_RESPONSE:
        if isinstance(error, foreign):
            return ours(f"{error}: {advice.format(registry=registry)}" if advice else str(error))
    return RegistryUnreachable(f"{error}: {_REACHABLE.format(registry=registry)}")


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
        wait = retry_after(response.headers, datetime.now(UTC))
        return RateLimited(f"{where} wants fewer requests{said}", wait)
    if status == 400 and _HTTP_TO_TLS_PORT in words:
        return RegistryUnreachable(f"{where} speaks TLS: write https:// in the URL")
    if status >= 500 or status in _PASSING:
        return RegistryFailing(f"{where} failed with status {status}{said}")
    return _refused(status, subject, asker, about, said)


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


def retry_after(headers: Headers, now: datetime) -> float | None:
    """Seconds to wait: from Retry-After (seconds or a date) or Docker Hub's X-Retry-After (a Unix time).

    At least 1 and at most a day; None when the server does not say, or says nonsense.
    """
    stated = headers.get("retry-after")
    wait = _seconds(stated.strip(), now) if stated is not None else None
    if wait is None:
        unix = _number((headers.get("x-retry-after") or "").strip())
        wait = unix - now.timestamp() if unix is not None else None
    return None if wait is None else min(max(1.0, wait), _LONGEST_WAIT)


def _seconds(text: str, now: datetime) -> float | None:
    number = _number(text)
    if number is not None:
        return number
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()


def _number(text: str) -> float | None:
    if not text.isascii() or len(text) > 20:
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


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
    extra = f": {detail}" if isinstance(detail, (str, dict, list)) and detail else ""
    return code, ": ".join(filter(None, (code, message))) + extra
