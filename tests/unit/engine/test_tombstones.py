from __future__ import annotations

from slipway.engine.tombstones import TOMBSTONE_LIMIT, TOMBSTONE_SECONDS, Tombstones
from tests.unit.engine.support import OTHER_KIND, FakeView, ManualClock, key


def test_what_is_older_than_the_removal_is_covered() -> None:
    """A removal at version 7 covers versions up to 7, of any UID."""
    stones = Tombstones(ManualClock())
    stones.bury(key(), 7)

    assert stones.cover(FakeView(key(), resource_version=7))
    assert stones.cover(FakeView(key(), "uid-0", resource_version=3))
    assert not stones.cover(FakeView(key(), resource_version=8))
    assert not stones.cover(FakeView(key("other"), resource_version=3))


def test_an_older_removal_does_not_uncover() -> None:
    """The latest removal counts, in whatever order they are told."""
    stones = Tombstones(ManualClock())
    stones.bury(key(), 7)
    stones.bury(key(), 5)

    assert stones.cover(FakeView(key(), resource_version=6))


def test_tombstones_are_short() -> None:
    """After their time they cover nothing, and the next removal takes them away."""
    clock = ManualClock()
    stones = Tombstones(clock)
    stones.bury(key(), 7)

    clock.seconds = TOMBSTONE_SECONDS

    assert not stones.cover(FakeView(key(), resource_version=3))
    stones.bury(key("other"), 9)
    assert len(stones) == 1


def test_tombstones_are_bounded() -> None:
    """Of many removals at once the oldest are forgotten."""
    stones = Tombstones(ManualClock())
    for number in range(TOMBSTONE_LIMIT + 10):
        stones.bury(key(str(number)), 7)

    assert len(stones) == TOMBSTONE_LIMIT
    assert not stones.cover(FakeView(key("9"), resource_version=3))
    assert stones.cover(FakeView(key("10"), resource_version=3))


def test_a_key_removed_again_counts_as_new() -> None:
    """Its tombstone goes to the end of the line."""
    stones = Tombstones(ManualClock())
    stones.bury(key(), 7)
    for number in range(TOMBSTONE_LIMIT - 1):
        stones.bury(key(str(number)), 7)
    stones.bury(key(), 9)

    stones.bury(key("one more"), 9)

    assert stones.cover(FakeView(key(), resource_version=8))
    assert not stones.cover(FakeView(key("0"), resource_version=3))


def test_a_kind_can_be_voided_and_a_key_lifted() -> None:
    """A restore voids the tombstones of its kind alone; a key that lives again loses its own."""
    stones = Tombstones(ManualClock())
    for wanted in (key(), key("two"), key(kind=OTHER_KIND)):
        stones.bury(wanted, 7)

    stones.void(OTHER_KIND)
    stones.lift(key("two"))
    stones.lift(key("unknown"))

    assert len(stones) == 1
    assert stones.cover(FakeView(key(), resource_version=3))
