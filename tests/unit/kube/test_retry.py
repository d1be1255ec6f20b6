from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.kube.errors import (
    AlreadyExists,
    Conflict,
    Forbidden,
    Gone,
    Invalid,
    KubeError,
    NotFound,
    ServerError,
    TooManyRequests,
    Unauthorized,
    Unreachable,
)
from slipway.kube.retry import ATTEMPTS, delay_before_repeat

chances = st.floats(0, 1)


@pytest.mark.parametrize("kind", [Unauthorized, Forbidden, NotFound, Conflict, AlreadyExists, Gone, Invalid])
def test_what_the_api_server_decided_is_not_asked_again(kind: type[KubeError]) -> None:
    """A refusal stays one, however often it is asked for."""
    assert delay_before_repeat(kind("no"), 1, repeatable=True, sent=True, chance=0.5) is None


@given(chances)
def test_a_post_is_repeated_only_when_it_cannot_have_arrived(chance: float) -> None:
    """A create that may have arrived would be made twice, or meet itself."""
    lost = Unreachable("reset")

    assert delay_before_repeat(lost, 1, repeatable=False, sent=True, chance=chance) is None
    assert delay_before_repeat(lost, 1, repeatable=False, sent=False, chance=chance) is not None
    assert delay_before_repeat(ServerError("500"), 1, repeatable=False, sent=True, chance=chance) is None


@given(chances)
def test_a_request_that_was_turned_away_waits_as_long_as_it_was_told(chance: float) -> None:
    """Nobody looked at a request that got 429, so that even a POST is repeated, but not sooner than asked."""
    delay = delay_before_repeat(
        TooManyRequests("busy", retry_after=3), 1, repeatable=False, sent=True, chance=chance
    )

    assert delay is not None
    assert delay >= 3


def test_a_long_wait_is_left_to_the_backoff_of_the_object() -> None:
    """A worker is not parked for minutes."""
    busy = TooManyRequests("busy", retry_after=60)

    assert delay_before_repeat(busy, 1, repeatable=True, sent=True, chance=0) is None


@given(st.integers(1, 10), chances)
def test_repeats_end_and_their_pauses_are_short(attempt: int, chance: float) -> None:
    """At most four attempts, and never more than two seconds between two of them."""
    delay = delay_before_repeat(ServerError("500"), attempt, repeatable=True, sent=True, chance=chance)

    assert (delay is None) == (attempt >= ATTEMPTS)
    assert delay is None or 0 <= delay <= 2
