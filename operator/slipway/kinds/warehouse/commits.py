"""Whether the commit that a ref points to is chosen now, later, or not at all. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, TypeAlias

from slipway.api.warehouse import ArtifactCommit, SeenDigest
from slipway.kinds.warehouse.findings import Ripening

__all__ = ["Candidate", "Head", "HeadVerdict", "Kept", "judge_head"]

_MOST_SEEN: Final = 20
"""Commits whose first sight is remembered; those that came and went within a window are soon forgotten."""


@dataclass(frozen=True, slots=True)
class Head:
    """What a ref points to."""

    ref: str
    """As people say it: `main`, `v1.4.2`."""

    commit: str


@dataclass(frozen=True, slots=True)
class Kept:
    """What was chosen before stays."""

    chosen: ArtifactCommit
    ripening: Ripening


@dataclass(frozen=True, slots=True)
class Candidate:
    """The head is old enough to be chosen, if what it changes counts."""

    first_seen_at: datetime


HeadVerdict: TypeAlias = Kept | Candidate


def judge_head(
    before: ArtifactCommit | None,
    seen: Sequence[SeenDigest],
    head: Head,
    now: datetime,
    *,
    window: timedelta,
    minimum_age: timedelta,
) -> HeadVerdict:
    """What becomes of the head of a ref. The first of these rules that fits counts.

    Args:
        before: the commit that was chosen before.
        seen: what was seen since then, and when.
        head: what the ref points to now.
        now: the moment of the decision.
        window: pushes that follow a first one within this time are one change.
        minimum_age: how long ago the head must have been seen for the first time.
    """
    # Nothing was chosen yet, so there is nothing to wait with: nobody knows how old the head is.
    if before is None:
        return Candidate(now)
    # It is what was chosen, or what was found not to count.
    if (head.ref, head.commit) == (before.ref, before.commit) or head.commit == before.passed_over:
        return Kept(before, Ripening())
    # Another branch or tag with the commit that is in use: nothing changes that anybody could wait for.
    if head.commit == before.commit:
        return Candidate(before.first_seen_at or now)
    sightings = _with_sight(seen, before, head, now)
    first_seen_at = next(sight.at for sight in sightings if sight.digest == head.commit)
    # Something else may still be pushed in the same breath, or the head is too young.
    ripe_at = max(min(sight.at for sight in sightings) + window, first_seen_at + minimum_age)
    if now < ripe_at:
        return Kept(before, Ripening(sightings, ripe_at))
    return Candidate(first_seen_at)


def _with_sight(
    seen: Sequence[SeenDigest], before: ArtifactCommit, head: Head, now: datetime
) -> tuple[SeenDigest, ...]:
    """What was seen since `before` was chosen, the first seen first, with the head among it.

    A moment in the future was written before the clock was set back, and would never pass.
    """
    known = [sight for sight in seen if sight.digest != before.commit and sight.at <= now]
    if all(sight.digest != head.commit for sight in known):
        known.append(SeenDigest(digest=head.commit, at=now))
    first_seen_first = sorted(known, key=lambda sight: sight.at)
    if len(first_seen_first) <= _MOST_SEEN:
        return tuple(first_seen_first)
    # The first of all tells when the window began.
    return (first_seen_first[0], *first_seen_first[1 - _MOST_SEEN :])
