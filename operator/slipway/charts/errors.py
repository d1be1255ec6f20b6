# ruff: noqa: N818 - the names say what happened; a suffix would say only that something did
"""What a chart repository, or the way to it, did wrong; each has a reason for a Ready condition.

::

    ChartError
    ├── RepositoryUnreachable    no connection, or one that broke
    │   ├── RepositoryUntrusted  its certificate is not trusted
    │   ├── RepositoryTimeout    no whole answer in time
    │   └── RepositoryFailing    it answered with a server error
    ├── RepositoryForbidden      the operator's egress policy forbids the host
    ├── CredentialRefused        user name or password are wrong, or missing
    │   └── RepositoryDenied     they do not suffice
    ├── RepositoryBusy           too many requests; `retry_after` says how long to wait
    ├── RepositoryMissing        there is no index.yaml
    ├── ChartMissing             the index has no such chart
    └── IndexInvalid             what came is no index of charts
        └── IndexTooLarge        more bytes or versions than are ever needed
"""

from __future__ import annotations

from typing import ClassVar

from slipway.api.conditions import Reason
from slipway.redact import redact

__all__ = [
    "ChartError",
    "ChartMissing",
    "CredentialRefused",
    "IndexInvalid",
    "IndexTooLarge",
    "RepositoryBusy",
    "RepositoryDenied",
    "RepositoryFailing",
    "RepositoryForbidden",
    "RepositoryMissing",
    "RepositoryTimeout",
    "RepositoryUnreachable",
    "RepositoryUntrusted",
]


class ChartError(Exception):
    """Something about a chart repository. The message holds no secret and is at most 1 KiB long."""

    reason: ClassVar[str] = Reason.RECONCILE_FAILED
    """The reason of a Ready condition; whatever is raised has one of its own."""

    def __init__(self, message: str) -> None:
        super().__init__(redact(message)[:1024])


class RepositoryUnreachable(ChartError):
    """No connection to the repository, or one that broke."""

    reason = Reason.REGISTRY_UNREACHABLE

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds until the host is asked again, when it failed so often that it is left alone; else None."""


class RepositoryUntrusted(RepositoryUnreachable):
    """The certificate of the repository is not trusted."""

    reason = Reason.CERTIFICATE_INVALID


class RepositoryTimeout(RepositoryUnreachable):
    """The repository gave no whole answer in time."""

    reason = Reason.TIMEOUT


class RepositoryFailing(RepositoryUnreachable):
    """The repository answered with a server error (5xx)."""

    reason = Reason.REGISTRY_FAILING


class RepositoryForbidden(ChartError):
    """The operator's egress policy forbids the host or its address."""

    reason = Reason.EGRESS_DENIED


class CredentialRefused(ChartError):
    """The user name or password is wrong or missing."""

    reason = Reason.AUTHENTICATION_FAILED


class RepositoryDenied(CredentialRefused):
    """The credential is known, but does not suffice."""

    reason = Reason.ACCESS_DENIED


class RepositoryBusy(ChartError):
    """Too many requests."""

    reason = Reason.RATE_LIMITED

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the repository asks to wait, at least 1; None when it does not say."""


class RepositoryMissing(ChartError):
    """There is no index.yaml at this address."""

    reason = Reason.REPOSITORY_NOT_FOUND


class ChartMissing(ChartError):
    """The index has no such chart."""

    reason = Reason.CHART_NOT_FOUND


class IndexInvalid(ChartError):
    """What came is no index of charts."""

    reason = Reason.INVALID_RESPONSE


class IndexTooLarge(IndexInvalid):
    """The index has more than is ever needed."""

    reason = Reason.CONTENT_TOO_LARGE
