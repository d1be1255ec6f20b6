"""The best of many tags under a policy, and how many fell for which reason."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from slipway.kinds.warehouse.policies.policy import Policy, Rejection, SortKey
from slipway.oci.results import TagInfo

__all__ = ["UNKNOWN", "Place", "Ranking", "rank"]

UNKNOWN: Final = TagInfo("")
"""What is known of a tag of which only the name is known."""


class Place(NamedTuple):
    """Where a tag stands among others: by its key, and among equals by its name."""

    key: SortKey
    tag: str


@dataclass(frozen=True, slots=True)
class Ranking:
    """What a policy made of a list of tags."""

    places: tuple[Place, ...]
    """The best of the accepted tags, the very best first, no more than were asked for."""

    rejected: Mapping[str, int]
    """How many tags were refused, by CamelCase reason; only reasons that occurred."""

    accepted: int
    """How many tags the policy accepts, those without a place here included."""

    @property
    def best(self) -> tuple[str, ...]:
        """The tags of the places."""
        return tuple(place.tag for place in self.places)


def rank(
    policy: Policy, entries: Iterable[tuple[str, str]], details: Mapping[str, TagInfo], limit: int
) -> Ranking:
    """The best tags. The order in which they come plays no part: among equals the alphabetically last wins.

    Args:
        policy: says where each tag stands.
        entries: tags, each with the text that the policy reads.
        details: what is known of tags, by tag; may be empty.
        limit: how many places to give.
    """
    rejected: list[Rejection] = []
    accepted: list[tuple[SortKey, str]] = []
    judge = policy.judge
    for tag, text in entries:
        judged = judge(text, details.get(tag, UNKNOWN))
        if isinstance(judged, Rejection):
            rejected.append(judged)
        else:
            accepted.append((judged, tag))
    best = heapq.nlargest(limit, accepted)
    counts = {reason.value: count for reason, count in Counter(rejected).items()}
    return Ranking(tuple(map(Place._make, best)), counts, len(accepted))
