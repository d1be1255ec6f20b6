# ruff: noqa: N818 - the names say what happened; a suffix would say only that something did
"""What a registry, or the way to it, did wrong; each says what to do and has a reason for a Ready condition.

::

    RegistryError
    ├── InvalidReference        what was asked for cannot exist (ours to refuse, nothing was sent)
    ├── CredentialError
    │   ├── CredentialNotBound  the Secret does not name the host that it would be sent to
    │   ├── CredentialInvalid   the Secret is of a refused type, or has not what its type promises
    │   └── CertificateUnusable the Secret's certificates or key cannot be read
    ├── EgressRefused           the operator's egress policy forbids the host
    ├── RegistryUnreachable     no connection, one that broke, or the host is left alone for a while
    │   ├── CertificateInvalid  the registry's certificate is not trusted
    │   ├── RegistryTimeout     no whole answer in time
    │   └── RegistryFailing     the registry answered with a server error
    ├── NotARegistry            something else answers there
    ├── AuthenticationFailed    user name, password or token are wrong, or missing
    │   └── AccessDenied        the credential is known, but not enough for this
    ├── RateLimited             too many requests; `retry_after` says how long to wait
    │   └── PullLimitReached    the pulls that the registry grants are used up; HEADs and its API still work
    ├── NotFound
    │   ├── CatalogUnavailable  the registry does not list its repositories at all
    │   ├── RepositoryNotFound
    │   ├── ManifestNotFound
    │   ├── BlobNotFound
    │   └── PlatformNotFound    an index without an image for the platform
    └── InvalidResponse         an answer that breaks the protocol
        ├── DigestMismatch      content that is not what its digest says
        ├── ContentTooLarge     more bytes than are ever needed
        ├── ListingIncomplete   a listing that could not be read to its end
        ├── UnsupportedManifest a manifest of a kind that is not handled
        └── UploadRejected      the registry refused what was pushed
"""

from __future__ import annotations

from typing import ClassVar

from slipway.api.conditions import Reason
from slipway.redact import redact

__all__ = [
    "AccessDenied",
    "AuthenticationFailed",
    "BlobNotFound",
    "CatalogUnavailable",
    "CertificateInvalid",
    "CertificateUnusable",
    "ContentTooLarge",
    "CredentialError",
    "CredentialInvalid",
    "CredentialNotBound",
    "DigestMismatch",
    "EgressRefused",
    "InvalidReference",
    "InvalidResponse",
    "ListingIncomplete",
    "ManifestNotFound",
    "NotARegistry",
    "NotFound",
    "PlatformNotFound",
    "PullLimitReached",
    "RateLimited",
    "RegistryError",
    "RegistryFailing",
    "RegistryTimeout",
    "RegistryUnreachable",
    "RepositoryNotFound",
    "UnsupportedManifest",
    "UploadRejected",
]


class RegistryError(Exception):
    """Something about a registry. The message holds no secret and is at most 1 KiB long."""

    reason: ClassVar[str] = Reason.RECONCILE_FAILED
    """The reason of a Ready condition; whatever is raised has one of its own."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message)[:1024])


class InvalidReference(RegistryError, ValueError):
    """A name, tag or digest that no registry can have."""

    reason = Reason.INVALID_REFERENCE


class CredentialError(RegistryError):
    """A Secret that cannot be used as it is; a person has to change it."""

    reason = Reason.CREDENTIAL_INVALID


class CredentialNotBound(CredentialError):
    """The Secret does not name the host that its content would be sent to."""

    reason = Reason.CREDENTIAL_NOT_BOUND


class CredentialInvalid(CredentialError):
    """The Secret is of a refused type, or has not what its type promises."""


class CertificateUnusable(CredentialError):
    """The certificates or the key of a Secret cannot be read."""

    reason = Reason.CERTIFICATE_UNUSABLE


class EgressRefused(RegistryError):
    """The operator's egress policy forbids the host or its address."""

    reason = Reason.EGRESS_DENIED


class RegistryUnreachable(RegistryError):
    """No connection to the registry, or one that broke; or it failed so often that it is left alone.

    Then nothing was sent, and what is raised is of the class of the last failure.
    """

    reason = Reason.REGISTRY_UNREACHABLE

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until the registry is asked again, or wants to be; None when any time is as good."""


class CertificateInvalid(RegistryUnreachable):
    """The registry's certificate is not trusted."""

    reason = Reason.CERTIFICATE_INVALID


class RegistryTimeout(RegistryUnreachable):
    """The registry gave no whole answer in time."""

    reason = Reason.TIMEOUT


class RegistryFailing(RegistryUnreachable):
    """The registry answered with a server error (5xx)."""

    reason = Reason.REGISTRY_FAILING


class NotARegistry(RegistryError):
    """Something else than a container registry answers there."""

    reason = Reason.NOT_A_REGISTRY


class AuthenticationFailed(RegistryError):
    """The user name, password or token is wrong or missing."""

    reason = Reason.AUTHENTICATION_FAILED


class AccessDenied(AuthenticationFailed):
    """The credential is known, but does not suffice for what was asked."""

    reason = Reason.ACCESS_DENIED


class RateLimited(RegistryError):
    """Too many requests."""

    reason = Reason.RATE_LIMITED

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the registry asks to wait, at least 1; None when it does not say."""


class PullLimitReached(RateLimited):
    """The pulls that the registry grants are used up; HEADs and its API still work."""


class NotFound(RegistryError):
    """The registry has no such thing."""


class CatalogUnavailable(NotFound):
    """The registry does not list its repositories at all; what is in them is served all the same."""

    reason = Reason.CATALOG_UNAVAILABLE


class RepositoryNotFound(NotFound):
    """The registry has no such repository."""

    reason = Reason.REPOSITORY_NOT_FOUND


class ManifestNotFound(NotFound):
    """The repository has no such tag or digest."""

    reason = Reason.MANIFEST_NOT_FOUND


class BlobNotFound(NotFound):
    """The repository has no such blob."""

    reason = Reason.BLOB_NOT_FOUND


class PlatformNotFound(NotFound):
    """The index has no image for the platform."""

    reason = Reason.PLATFORM_NOT_FOUND


class InvalidResponse(RegistryError):
    """An answer that breaks the protocol."""

    reason = Reason.INVALID_RESPONSE


class DigestMismatch(InvalidResponse):
    """Content that is not what its digest says."""

    reason = Reason.DIGEST_MISMATCH


class ContentTooLarge(InvalidResponse):
    """More bytes than are ever needed."""

    reason = Reason.CONTENT_TOO_LARGE


class ListingIncomplete(InvalidResponse):
    """A listing that could not be read to its end; nothing may be chosen from it."""

    reason = Reason.LISTING_INCOMPLETE


class UnsupportedManifest(InvalidResponse):
    """A manifest of a kind that is not handled, such as Docker's schema 1."""

    reason = Reason.UNSUPPORTED_MANIFEST


class UploadRejected(InvalidResponse):
    """The registry refused what was pushed."""

    reason = Reason.UPLOAD_REJECTED
