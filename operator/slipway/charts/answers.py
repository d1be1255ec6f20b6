"""What it means when a chart repository gives no index."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from slipway.charts.errors import (
    ChartError,
    CredentialRefused,
    IndexInvalid,
    IndexTooLarge,
    RepositoryBusy,
    RepositoryDenied,
    RepositoryFailing,
    RepositoryForbidden,
    RepositoryMissing,
    RepositoryTimeout,
    RepositoryUnreachable,
    RepositoryUntrusted,
)
from slipway.egress import (
    CertificateRejected,
    CircuitOpen,
    EgressDenied,
    HttpError,
    QueuedTooLong,
    RedirectRefused,
    Response,
    ResponseTooLarge,
    TimedOut,
)

__all__ = ["from_http", "refusal"]

_LONGEST_WAIT: Final = 24 * 3600.0
# First hit wins; whatever is not named here is a way to be unreachable.
_NO_RESPONSE: Final[tuple[tuple[type[HttpError], type[ChartError], str], ...]] = (
    (EgressDenied, RepositoryForbidden, ""),
    (CertificateRejected, RepositoryUntrusted, ": have its authority trusted by the operator, or correct it"),
    (QueuedTooLong, RepositoryTimeout, ": raise the interval of what asks it"),
    (TimedOut, RepositoryTimeout, ": check that the repository is up and reachable from the cluster"),
    (ResponseTooLarge, IndexTooLarge, ": name a smaller repository, or use oci://"),
    (RedirectRefused, IndexInvalid, ""),
)
_UNREACHABLE: Final = ": check the URL, and that the repository is up and reachable from the cluster"


def from_http(error: HttpError) -> ChartError:
    """The error of a request that brought no response, with what to do about it."""
    if isinstance(error, CircuitOpen):
        return _left_alone(error)
    for foreign, ours, advice in _NO_RESPONSE:
        if isinstance(error, foreign):
            return ours(f"{error}{advice}")
    return RepositoryUnreachable(f"{error}{_UNREACHABLE}")


def _left_alone(error: CircuitOpen) -> RepositoryUnreachable:
    """Of the class of the last failure, so that a status does not change its reason to and fro."""
    if error.last is None:
        kind: type[RepositoryUnreachable] = RepositoryFailing
    else:
        kind = RepositoryTimeout if issubclass(error.last, TimedOut) else RepositoryUnreachable
    return kind(f"{error}{_UNREACHABLE}", error.retry_after)


def refusal(response: Response, url: str) -> ChartError:
    """The error that a response without an index stands for.

    Args:
        response: any other than 200 and 304.
        url: of the index, as it was asked for.
    """
    match response.status:
        case 401:
            return CredentialRefused(
                f"{url} refuses the credential: check user name and password in the Secret"
            )
        case 403:
            return RepositoryDenied(f"{url} denies access: the user that the Secret names needs the right")
        case 404 | 410:
            return RepositoryMissing(f"{url} does not exist: url must be that of a chart repository")
        case 429:
            wait = _retry_after(response.headers.get("retry-after"), datetime.now(UTC))
            return RepositoryBusy(f"{url} wants fewer requests", wait)
        case status if status >= 500:
            return RepositoryFailing(f"{url} failed with status {status}")
        case status:
            return IndexInvalid(f"{url} answered with status {status} instead of an index")


def _retry_after(stated: str | None, now: datetime) -> float | None:
    """Seconds to wait, from seconds or a date: at least 1 and at most a day; None when it makes no sense."""
    wait = _seconds((stated or "").strip()[:64], now)
    return None if wait is None else min(max(1.0, wait), _LONGEST_WAIT)


def _seconds(text: str, now: datetime) -> float | None:
    try:
        number = float(text)
    except ValueError:
        return _seconds_until(text, now)
    return number if math.isfinite(number) else None


def _seconds_until(text: str, now: datetime) -> float | None:
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() - now.timestamp()
