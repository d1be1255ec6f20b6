from __future__ import annotations

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.backoff import LONGEST, SHORTEST, Backoff
from tests.unit.engine.support import key


def highest(_: float, high: float) -> float:
    """A draw at the upper end."""
    return high


def test_the_ceiling_doubles_up_to_five_minutes() -> None:
    """1 s to 2 s at first, then twice as much each time, never more than 5 min, however often it fails."""
    backoff = Backoff(highest)

    delays = [backoff.next(key()) for _ in range(2000)]

    assert delays[:4] == [2, 4, 8, 16]
    assert delays[8:] == [300] * 1992
    assert backoff.failures(key()) == 2000


@given(st.integers(1, 40), st.randoms(use_true_random=False))
def test_each_delay_is_drawn_from_the_whole_range(failures: int, random: Random) -> None:
    """Full jitter: the draw is between 1 s and the ceiling."""
    drawn: list[tuple[float, float]] = []

    def draw(low: float, high: float) -> float:
        drawn.append((low, high))
        return random.uniform(low, high)

    backoff = Backoff(draw)
    for _ in range(failures):
        assert SHORTEST <= backoff.next(key()) <= LONGEST

    assert all(low == SHORTEST for low, _ in drawn)
    assert [high for _, high in drawn] == sorted(high for _, high in drawn)


def test_success_starts_anew() -> None:
    """After a reset the next failure is the first."""
    backoff = Backoff(highest)
    for _ in range(5):
        backoff.next(key())

    backoff.reset(key())

    assert backoff.failures(key()) == 0
    assert backoff.next(key()) == 2


def test_another_wish_starts_anew() -> None:
    """Who changes the spec does not wait for the failures of the old one."""
    backoff = Backoff(highest)
    for _ in range(5):
        backoff.next(key(), b"old")

    assert [backoff.next(key(), b"new"), backoff.next(key(), b"new")] == [2, 4]


def test_keys_do_not_share_their_failures() -> None:
    """The failures of one object do not slow down another."""
    backoff = Backoff(highest)
    for _ in range(5):
        backoff.next(key("bad"))

    assert backoff.next(key("good")) == 2


def test_the_default_draws_at_random() -> None:
    """Without an injected draw the delays of keys that fail together differ."""
    backoff = Backoff()
    for _ in range(8):
        backoff.next(key("a")), backoff.next(key("b"))

    assert len({backoff.next(key("a")) for _ in range(10)}) > 1
