from __future__ import annotations

from slipway.kinds.warehouse.policies.semver import SemverPolicy
from tests.unit.kinds.warehouse.policies.ranked import ranked


def test_a_ranking_keeps_the_places_asked_for_and_counts_all() -> None:
    """The best three of a hundred; the hundred are told as a number."""
    ranking = ranked(SemverPolicy.of("*"), [f"1.0.{patch}" for patch in range(100)], limit=3)

    assert ranking.best == ("1.0.99", "1.0.98", "1.0.97")
    assert ranking.accepted == 100
    assert ranking.places[1] < ranking.places[0]
