"""What the errors of registries, git hosts and chart repositories mean for a subscription."""

from __future__ import annotations

from datetime import timedelta
from typing import Final, TypeAlias

from slipway.api.conditions import Reason
from slipway.charts import ChartError, InvalidChartUrl
from slipway.egress import InvalidUrl
from slipway.engine.outcome import Stalled, Waiting
from slipway.git.errors import GitError
from slipway.kinds.registry.access import AccessProblem, problem_outcome
from slipway.kinds.registry.credentials import SecretUnavailable
from slipway.kinds.warehouse.filters import InvalidPattern
from slipway.kinds.warehouse.findings import Trouble
from slipway.kinds.warehouse.policies.ranges import InvalidRange
from slipway.oci.errors import RegistryError

__all__ = ["FORESEEN", "Foreseen", "trouble_of"]

Foreseen: TypeAlias = (
    InvalidRange
    | InvalidPattern
    | InvalidChartUrl
    | InvalidUrl
    | AccessProblem
    | SecretUnavailable
    | RegistryError
    | GitError
    | ChartError
)

FORESEEN: Final = (
    InvalidRange,
    InvalidPattern,
    InvalidChartUrl,
    InvalidUrl,
    AccessProblem,
    SecretUnavailable,
    RegistryError,
    GitError,
    ChartError,
)
"""What may stand in the way of a look; anything else is an error of ours."""

_FOR_A_PERSON: Final = frozenset(
    {
        Reason.CREDENTIAL_NOT_BOUND,
        Reason.INVALID_PATTERN,
        Reason.INVALID_RANGE,
        Reason.INVALID_REFERENCE,
        Reason.INVALID_URL,
    }
)
"""Nothing mends these by itself."""

_REASONS: Final[dict[type[Exception], str]] = {
    InvalidRange: Reason.INVALID_RANGE,
    InvalidPattern: Reason.INVALID_PATTERN,
    InvalidChartUrl: Reason.INVALID_URL,
    InvalidUrl: Reason.INVALID_URL,
}

_RECHECK: Final = timedelta(seconds=60)
"""Secrets are not watched: what hangs on one is looked at again after this time."""


def trouble_of(name: str, error: Foreseen) -> Trouble:
    """What an error means for the subscription of this name."""
    wait = getattr(error, "retry_after", None)
    return Trouble(name, _outcome(error), refused_for=timedelta(seconds=wait) if wait else None)


def _outcome(error: Foreseen) -> Waiting | Stalled:
    match error:
        case AccessProblem():
            return error.outcome
        case InvalidRange() | InvalidPattern() | InvalidChartUrl() | InvalidUrl():
            return Stalled(_REASONS[type(error)], str(error))
        case RegistryError() | GitError() if error.reason in _FOR_A_PERSON:
            return Stalled(error.reason, str(error), _RECHECK)
        case GitError() | ChartError():
            return Waiting(error.reason, str(error))
        case _:
            return problem_outcome(error)
