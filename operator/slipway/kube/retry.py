"""Which failed requests are worth repeating, and when. Pure."""

from __future__ import annotations

from slipway.kube.errors import KubeError, ServerError, TooManyRequests, Unreachable

__all__ = ["ATTEMPTS", "delay_before_repeat"]

ATTEMPTS = 4
"""How often a request is sent at most. What still fails then is for the backoff of the object it was for."""

_FIRST_DELAY = 0.1
_LONGEST_DELAY = 2.0
_LONGEST_WAIT_ON_REQUEST = 10.0
"""Seconds; a server that asks for more gets its peace through the backoff of the object instead."""


def delay_before_repeat(
    error: KubeError, attempt: int, *, repeatable: bool, sent: bool, chance: float
) -> float | None:
    """Seconds to wait before a request is sent again, or None when it is not.

    Args:
        error: what the attempt ended with.
        attempt: how many there were, from 1.
        repeatable: whether a second arrival does no harm.
        sent: whether the API server may have seen this attempt.
        chance: between 0 and 1, the jitter.
    """
    if attempt >= ATTEMPTS:
        return None
    ceiling: float = min(_LONGEST_DELAY, _FIRST_DELAY * 2 ** (attempt - 1))
    match error:
        case TooManyRequests():
            # Refused before it was looked at, so it may be repeated whatever it is.
            asked = error.retry_after or 0.0
            return asked + chance * ceiling if asked <= _LONGEST_WAIT_ON_REQUEST else None
        case Unreachable() if repeatable or not sent:
            return chance * ceiling
        case ServerError() if repeatable:
            return (error.retry_after or 0.0) + chance * ceiling
        case _:
            return None
