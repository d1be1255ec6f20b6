# ruff: noqa: N818 - the names say what happened; a suffix would say only that something did
"""What a builder's server, or the way to it, did wrong; each says what to do and has a reason.

::

    BuilderError
    ├── BuilderUnreachable      no connection, or one that broke
    │   ├── BuilderUntrusted    its certificate is not trusted
    │   ├── BuilderTimeout      no whole answer in time
    │   └── BuilderFailing      it answered with a server error
    ├── BuilderForbidden        the operator's egress policy forbids the host
    ├── SecretUnusable          the Secret has not what is needed, or not in its form
    │   └── SecretNotBound      it does not name the host that it would be sent to
    ├── TokenRefused            the token is wrong, or missing
    │   ├── TokenExpired        it was right once
    │   └── TokenDenied         it is known, but does not suffice
    ├── BuilderBusy             too many requests; `retry_after` says how long to wait
    ├── TargetMissing           no such repository, project, workflow or run
    ├── OrderRefused            the server does not take the order as it is
    ├── NotOffered              this server, or this token, cannot do it at all
    ├── RunUnidentified         there may be a run, and nothing tells which it is
    └── AnswerInvalid           an answer that is not what the vendor documents
        └── AnswerTooLarge      more bytes or entries than are ever needed
"""

from __future__ import annotations

from typing import ClassVar

from slipway.api.conditions import Reason
from slipway.redact import redact

__all__ = [
    "AnswerInvalid",
    "AnswerTooLarge",
    "BuilderBusy",
    "BuilderError",
    "BuilderFailing",
    "BuilderForbidden",
    "BuilderTimeout",
    "BuilderUnreachable",
    "BuilderUntrusted",
    "NotOffered",
    "OrderRefused",
    "RunUnidentified",
    "SecretNotBound",
    "SecretUnusable",
    "TargetMissing",
    "TokenDenied",
    "TokenExpired",
    "TokenRefused",
]


class BuilderError(Exception):
    """Something about a builder. The message holds no secret and is at most 1 KiB long.

    Args:
        message: What happened and what to do.
        may_have_arrived: See the attribute.
    """

    reason: ClassVar[str] = Reason.RECONCILE_FAILED
    """The reason of a Ready condition; whatever is raised has one of its own."""

    def __init__(self, message: str, *, may_have_arrived: bool = False) -> None:
        super().__init__(redact(message)[:1024])
        self.may_have_arrived = may_have_arrived
        """Whether what was to be changed may have been changed: then `find` is asked before it is sent again.

        False when it surely was not: nothing was sent, or the server turned it away. Reads change nothing.
        """


class BuilderUnreachable(BuilderError):
    """No connection to the builder, or one that broke."""

    reason = Reason.BUILDER_UNREACHABLE

    def __init__(
        self, message: str, *, may_have_arrived: bool = False, retry_after: float | None = None
    ) -> None:
        super().__init__(message, may_have_arrived=may_have_arrived)
        self.retry_after = retry_after
        """Seconds until the host is asked again, or wants to be; None when any time is as good."""


class BuilderUntrusted(BuilderUnreachable):
    """The certificate of the builder is not trusted."""

    reason = Reason.CERTIFICATE_INVALID


class BuilderTimeout(BuilderUnreachable):
    """The builder gave no whole answer in time."""

    reason = Reason.TIMEOUT


class BuilderFailing(BuilderUnreachable):
    """The builder answered with a server error (5xx)."""

    reason = Reason.BUILDER_FAILING


class BuilderForbidden(BuilderError):
    """The operator's egress policy forbids the host or its address."""

    reason = Reason.EGRESS_DENIED


class SecretUnusable(BuilderError):
    """The Secret has not what this builder needs, or not in its form."""

    reason = Reason.CREDENTIAL_INVALID


class SecretNotBound(SecretUnusable):
    """The Secret does not name the host that its content would be sent to."""

    reason = Reason.CREDENTIAL_NOT_BOUND


class TokenRefused(BuilderError):
    """The token is wrong or missing (401)."""

    reason = Reason.AUTHENTICATION_FAILED


class TokenExpired(TokenRefused):
    """The token was right once, by the word of the server: it has expired or was revoked."""

    reason = Reason.TOKEN_EXPIRED


class TokenDenied(TokenRefused):
    """The token is known, but does not suffice (403)."""

    reason = Reason.ACCESS_DENIED


class BuilderBusy(BuilderError):
    """Too many requests."""

    reason = Reason.RATE_LIMITED

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the builder asks to wait, at least 1; None when it does not say."""


class TargetMissing(BuilderError):
    """There is no such repository, project, workflow or run, or the token may not see it (404)."""

    reason = Reason.PIPELINE_NOT_FOUND


class OrderRefused(BuilderError):
    """The builder does not take the order as it is: an input it does not know, a branch it does not have.

    Args:
        message: What happened and what to do.
        words: What the server said, at most some hundred characters; empty when it was not asked.
        status: Of its answer.
    """

    reason = Reason.ORDER_REFUSED

    def __init__(self, message: str, words: str = "", status: int | None = None) -> None:
        super().__init__(message)
        self.words = words
        self.status = status


class NotOffered(BuilderError):
    """This version of the server, or this kind of token, cannot do it at all."""

    reason = Reason.NOT_OFFERED


class RunUnidentified(BuilderError):
    """There may be a run of the order, and nothing tells which it is; it must not be started again."""

    reason = Reason.OUTCOME_UNKNOWN


class AnswerInvalid(BuilderError):
    """An answer that is not what the vendor documents."""

    reason = Reason.INVALID_RESPONSE


class AnswerTooLarge(AnswerInvalid):
    """An answer, or a list, with more than is ever needed."""

    reason = Reason.CONTENT_TOO_LARGE
