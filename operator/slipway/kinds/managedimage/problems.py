"""What it means for a build under way that its builder, or its registry, cannot be asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from slipway.build.builders.errors import (
    BuilderBusy,
    BuilderError,
    BuilderForbidden,
    BuilderUnreachable,
    OrderRefused,
    RunUnidentified,
    SecretUnusable,
    TargetMissing,
    TokenRefused,
)
from slipway.engine.outcome import Stalled, Waiting
from slipway.kinds.managedimage.facts import Unclear
from slipway.kinds.registry.access import AccessProblem
from slipway.kinds.registry.credentials import SecretUnavailable
from slipway.kube.errors import KubeError
from slipway.oci.errors import RegistryError

__all__ = ["OUT_OF_REACH", "PROBLEMS", "outcome_of", "unclear"]

PROBLEMS: Final = (AccessProblem, SecretUnavailable, BuilderError, RegistryError)
"""What `unclear` tells of."""

OUT_OF_REACH: Final = (BuilderForbidden, SecretUnavailable, SecretUnusable)
"""Why no run can be ended from here as long as nobody sets the builder up anew."""

_RETRY: Final = timedelta(seconds=15)
_FOR_MENDING: Final = timedelta(minutes=5)
"""When it is looked again whether a person has acted, where that is no news."""

_LONGEST: Final = timedelta(days=1)
"""The longest pause that a server may ask for."""

# What a person has to mend elsewhere is no news here, so it is looked at again; a Secret within a minute.
_PAUSES: Final[tuple[tuple[type[BuilderError], timedelta], ...]] = (
    (RunUnidentified, _FOR_MENDING),
    (TokenRefused, timedelta(seconds=30)),
    (SecretUnusable, timedelta(seconds=30)),
    (TargetMissing, timedelta(seconds=60)),
    (OrderRefused, timedelta(seconds=60)),
)
_FOR_A_PERSON: Final = (RunUnidentified, SecretUnusable)
"""What does not mend itself: nothing is tried again until a person has acted."""


def unclear(error: AccessProblem | SecretUnavailable | BuilderError | RegistryError | KubeError) -> Unclear:
    """The problem in words, and when to ask again."""
    match error:
        case AccessProblem():
            pause = _FOR_MENDING if isinstance(error.outcome, Stalled) else _RETRY
            return Unclear(error.reason, str(error), pause)
        case BuilderBusy() | BuilderUnreachable():
            pause = timedelta(seconds=min(error.retry_after or 0, _LONGEST.total_seconds()))
            return Unclear(error.reason, str(error), max(_RETRY, pause))
        case BuilderError():
            pause = next((pause for kind, pause in _PAUSES if isinstance(error, kind)), _RETRY)
            return Unclear(error.reason, str(error), pause, for_person=isinstance(error, _FOR_A_PERSON))
        case _:
            return Unclear(error.reason, str(error), _RETRY)


def outcome_of(problem: Unclear) -> Waiting | Stalled:
    """What a run comes to that could not go on."""
    if problem.for_person:
        return Stalled(problem.reason, problem.message, problem.pause)
    return Waiting(problem.reason, problem.message, problem.pause, is_trouble=True)
