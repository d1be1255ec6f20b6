# ruff: noqa: N818  # "NotFound" says what happened; "NotFoundError" says it twice
"""What can go wrong between the operator and the API server.

::

    KubeError
    ├── Unreachable      no answer: refused, reset, TLS, time-out
    ├── Unauthorized     401
    ├── Forbidden        403
    │   └── NamespaceTerminating  nothing new is made in a namespace that is being deleted
    ├── NotFound         404
    ├── Conflict         409, another version or another UID; also a `StaleWrite` of the engine: gather again
    ├── AlreadyExists    409, a create met an object of that name
    ├── Gone             410, the version or the continue token is too old
    ├── Invalid          400, 415, 422: the API server does not accept what was sent
    ├── TooManyRequests  429
    ├── ServerError      5xx
    ├── Unexpected       any other answer
    └── NameConflict     a stranger owns the name that a child needs
        └── LeftOver     a child of a deleted owner has it until it is collected
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from slipway.api.conditions import Reason
from slipway.engine.reconcile import StaleWrite

__all__ = [
    "AlreadyExists",
    "Conflict",
    "Forbidden",
    "Gone",
    "Invalid",
    "KubeError",
    "LeftOver",
    "NameConflict",
    "NamespaceTerminating",
    "NotFound",
    "ServerError",
    "TooManyRequests",
    "Unauthorized",
    "Unexpected",
    "Unreachable",
    "translate",
]

_LONGEST_MESSAGE = 1024
"""Characters; what a proxy says in its HTML pages is not worth more."""


class KubeError(Exception):
    """A request to the API server failed."""

    reason: str = Reason.KUBERNETES_REFUSED
    """What `Ready` of the object says for which the request was made."""

    def __init__(self, message: str, *, status: int | None = None, retry_after: float | None = None) -> None:
        """Keep what the API server said: HTTP status, and the seconds it wants to be left alone."""
        super().__init__(message)
        self.message = message
        self.status = status
        self.retry_after = retry_after


class Unreachable(KubeError):
    """The API server gave no answer, or broke off in the middle of one."""

    reason = Reason.KUBERNETES_UNAVAILABLE


class Unauthorized(KubeError):
    """The credential is unknown to the API server or has expired."""


class Forbidden(KubeError):
    """The operator's role does not allow this, or an admission policy refused it."""


class NamespaceTerminating(Forbidden):
    """The namespace is being deleted, and nothing new can be made in it."""


class NotFound(KubeError):
    """There is no such object, or no such kind."""


class Conflict(KubeError, StaleWrite):
    """The object has changed since it was read, or a precondition does not hold."""


class AlreadyExists(KubeError):
    """An object of this name exists already."""


class Gone(KubeError):
    """The version or the continue token is older than what the API server still knows."""


class Invalid(KubeError):
    """The API server does not accept the object; its message names the field."""


class TooManyRequests(KubeError):
    """The API server asks to come back later."""

    reason = Reason.KUBERNETES_UNAVAILABLE


class ServerError(KubeError):
    """The API server failed."""

    reason = Reason.KUBERNETES_UNAVAILABLE


class Unexpected(KubeError):
    """An answer that none of the others describes."""


class NameConflict(KubeError):
    """An object that somebody else made has the name that a child needs; it is never overwritten."""

    reason = Reason.NAME_CONFLICT


class LeftOver(NameConflict):
    """A child of a deleted owner of the same kind and name still has the name; it goes by itself."""


_BY_STATUS: Mapping[int, type[KubeError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    415: Invalid,
    422: Invalid,
    429: TooManyRequests,
}


def translate(status: int, body: bytes, headers: Mapping[str, str]) -> KubeError:
    """The error that an answer stands for.

    Args:
        status: the HTTP status, 400 or above.
        body: a `Status` object of the Kubernetes API as JSON, or whatever a proxy in between sent.
        headers: of the answer; `Retry-After` in seconds counts.
    """
    answer = _read_status(body)
    message = str(answer.get("message") or "").strip() or body.decode("utf-8", "replace").strip()
    message = message[:_LONGEST_MESSAGE] or f"The API server answered {status}"
    kind = _kind_by_reason(answer) or _kind_of(status)
    return kind(message, status=status, retry_after=_retry_after(headers, answer))


def _kind_by_reason(answer: Mapping[str, Any]) -> type[KubeError] | None:
    """What the answer says in a word that counts for more than its status."""
    if answer.get("reason") == "AlreadyExists":
        return AlreadyExists
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, dict) else None
    listed = causes if isinstance(causes, list) else ()
    terminating = {"reason": "NamespaceTerminating"}.items()
    is_ending = any(isinstance(cause, dict) and terminating <= cause.items() for cause in listed)
    return NamespaceTerminating if is_ending else None


def _kind_of(status: int) -> type[KubeError]:
    if status >= 500:
        return ServerError
    return _BY_STATUS.get(status, Unexpected)


def _read_status(body: bytes) -> Mapping[str, Any]:
    try:
        answer = json.loads(body)
    except ValueError:
        return {}
    return answer if isinstance(answer, dict) else {}


def _retry_after(headers: Mapping[str, str], answer: Mapping[str, Any]) -> float | None:
    details = answer.get("details")
    asked = headers.get("Retry-After") or (
        details.get("retryAfterSeconds") if isinstance(details, dict) else None
    )
    try:
        return max(0.0, float(asked)) if asked is not None else None
    except (TypeError, ValueError):
        # An HTTP date: the API server never sends one, and a proxy's clock is nothing to wait for.
        return None
