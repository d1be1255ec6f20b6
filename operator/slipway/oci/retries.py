"""Repeats reads that failed in passing: after about 1, 2 and 4 seconds, within the time of the first."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import stamina

from slipway.egress import ConnectFailed, ConnectionBroken, ConnectTimedOut, HttpError, Response
from slipway.http import Deadline
from slipway.oci.quota import is_pull_limit
from slipway.oci.waits import retry_after

__all__ = ["NO_RETRIES", "Retries"]

LONGEST_PAUSE: Final = 3.0
"""Seconds that are slept at most because a registry says so; whoever asks for more gets it from the object
that wanted something, not from a worker that others wait for."""

_PASSING_STATUS: Final = frozenset({408, 429, 499, 500, 502, 503, 504, 522})
# By their very class: what is derived from them, such as a certificate that is not trusted, does not pass.
_PASSING_ERRORS: Final = frozenset({ConnectFailed, ConnectTimedOut, ConnectionBroken})
_JITTER: Final = 0.5  # of the first pause, added by chance to each


class _PassingAnswer(Exception):  # noqa: N818 - it carries an answer, and never gets out of here
    """An answer that may be another one in a moment."""

    def __init__(self, response: Response) -> None:
        super().__init__(f"status {response.status}")
        self.response = response


@dataclass(frozen=True, slots=True)
class Retries:
    """How often a read is repeated, and how long after. Never after 401, 403 or 404."""

    most: int = 3
    """Repeats at most; 0 for none."""

    delay: float = 1.0
    """Seconds before the first repeat; each further pause is twice as long, and up to half of it is added by
    chance."""

    async def send(self, once: Callable[[], Awaitable[Response]], deadline: Deadline) -> Response:
        """The first answer that does not pass by itself; else the last one.

        Args:
            once: Makes one attempt.
            deadline: When all attempts have to be over. No pause is begun that would not end before it.

        Raises:
            HttpError: when the last attempt brought no answer.
        """
        if not self.most:
            return await once()
        failure: Exception | None
        try:
            return _settled(await once())
        except (HttpError, _PassingAnswer) as error:
            failure = error
        # Only now: the machinery of stamina costs about 80 µs, and nearly all requests do without.
        try:
            async for attempt in stamina.retry_context(
                on=self._verdicts(deadline),
                attempts=self.most + 1,
                timeout=None,
                wait_initial=self.delay,
                wait_max=self._pause(self.most),
                wait_jitter=self.delay * _JITTER,
            ):
                with attempt:
                    if failure is not None:
                        known, failure = failure, None
                        raise known  # the attempt that was made above
                    return _settled(await once())
        except _PassingAnswer as answer:
            return answer.response
        raise AssertionError  # pragma: no cover - the last attempt returns or raises

    def _pause(self, number: int) -> float:
        """Seconds before a repeat, counted from 1, at most."""
        return self.delay * (2.0 ** (number - 1) + _JITTER)

    def _verdicts(self, deadline: Deadline) -> Callable[[Exception], bool | timedelta]:
        """What stamina asks after every failure: whether to repeat, and when if the registry said so."""
        failures = 0

        def verdict(error: Exception) -> bool | timedelta:
            nonlocal failures
            failures += 1
            stated = _stated(error)
            pause = self._pause(failures) if stated is None else stated
            if not _passes(error) or pause >= deadline.left or (stated or 0.0) > LONGEST_PAUSE:
                return False
            return True if stated is None else timedelta(seconds=stated)

        return verdict


NO_RETRIES: Final = Retries(most=0)
"""For what must not be done twice."""


def _settled(response: Response) -> Response:
    if response.status in _PASSING_STATUS and not is_pull_limit(response):
        raise _PassingAnswer(response)
    return response


def _passes(error: Exception) -> bool:
    return isinstance(error, _PassingAnswer) or type(error) in _PASSING_ERRORS


def _stated(error: Exception) -> float | None:
    if not isinstance(error, _PassingAnswer):
        return None
    words = error.response.body[:4096].decode("utf-8", "replace")
    return retry_after(error.response.headers, datetime.now(UTC), words)
