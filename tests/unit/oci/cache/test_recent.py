from __future__ import annotations

from slipway.oci.cache.recent import REREAD_SECONDS, RecentImages
from tests.unit.engine.support import ManualClock


def test_a_value_is_at_hand_until_it_has_to_be_read_again() -> None:
    clock = ManualClock()
    recent = RecentImages(clock, 10_000)

    recent.put("one", b"value")
    clock.seconds += REREAD_SECONDS - 1

    assert recent.get("one") == b"value"
    clock.seconds += 1
    assert recent.get("one") is None


def test_the_values_longest_unused_make_room() -> None:
    recent = RecentImages(ManualClock(), 3000)
    recent.put("one", bytes(1000))
    recent.put("two", bytes(1000))

    recent.get("one")
    recent.put("three", bytes(1000))

    assert recent.get("one") is not None
    assert recent.get("two") is None
    assert recent.get("three") is not None


def test_a_value_that_is_too_large_is_not_at_hand() -> None:
    recent = RecentImages(ManualClock(), 1000)

    recent.put("one", bytes(1000))

    assert recent.get("one") is None
    assert len(recent) == 0


def test_a_value_put_again_counts_once() -> None:
    recent = RecentImages(ManualClock(), 3000)
    recent.put("other", bytes(1000))

    for _ in range(10):
        recent.put("one", bytes(1000))

    assert recent.get("other") is not None


def test_many_small_values_do_not_take_up_many_bytes_unseen() -> None:
    recent = RecentImages(ManualClock(), 3000)

    for number in range(1000):
        recent.put(str(number), b"")

    assert len(recent) == 10
