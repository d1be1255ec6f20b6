"""Which digests are rejected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from slipway.api.deployment import HistoryEntry, RejectedDigest
from slipway.kinds.deployment.inputs import Inputs
from slipway.kinds.deployment.rejected import left_behind, newest_first, standing
from slipway.kinds.deployment.revisions import Revision

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)


def digest(number: int) -> str:
    """A digest."""
    return f"sha256:{number:064x}"


def rejection(number: int, reason: str = "slow") -> RejectedDigest:
    """Digest `number`, rejected `number` minutes after nine."""
    return RejectedDigest(digest=digest(number), reason=reason, since=NOW + timedelta(minutes=number))


def change(old: int | None, new: int, action: str = "Rollback") -> HistoryEntry:
    """A change from one digest to another."""
    images = [None if number is None else f"registry.test/api@{digest(number)}" for number in (old, new)]
    return HistoryEntry(
        revision=1, action=action, old_image=images[0], new_image=images[1], started_at=NOW, cause="bad"
    )


def annotated(number: int) -> Revision:
    """A revision that says that its digest is rejected."""
    inputs = Inputs(f"registry.test/api@{digest(number)}")
    return Revision(number, "x", inputs, {}, rejected=rejection(number, "annotated"))


def test_all_witnesses_count_and_the_status_comes_first() -> None:
    """Status, annotations, and the change that is not recorded yet."""
    found = standing([rejection(1)], [annotated(1), annotated(2)], [change(3, 1), None], ())

    assert {key: item.reason for key, item in found.items()} == {
        digest(1): "slow",
        digest(2): "annotated",
        digest(3): "bad",
    }


def test_accepted_digests_are_not_rejected() -> None:
    """Whatever says so."""
    accepted = {digest(1), digest(2), digest(3)}

    assert standing([rejection(1)], [annotated(2)], [change(3, 4)], accepted) == {}


@pytest.mark.parametrize(
    "harmless",
    [None, change(2, 1, "Update"), change(1, 1), change(None, 1)],
    ids=["none", "update", "same", "first"],
)
def test_what_rejects_nothing(harmless: HistoryEntry | None) -> None:
    """Only a rollback that leaves another digest does."""
    assert left_behind(harmless) is None


def test_newest_fifty() -> None:
    """The oldest go first."""
    found = standing([rejection(number) for number in range(60)], [], [], ())

    assert [item.digest for item in newest_first(found)] == [digest(number) for number in range(59, 9, -1)]
