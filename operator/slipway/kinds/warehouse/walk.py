"""The way down a shortlist: one tag after the other is looked at, until one may be taken."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeAlias

from slipway.kinds.warehouse.platforms import images_for
from slipway.kinds.warehouse.policies.policy import Rejection
from slipway.kinds.warehouse.policies.ranking import UNKNOWN, Place
from slipway.kinds.warehouse.questions import Answer, Describe, Question, Resolve
from slipway.kinds.warehouse.selection import Shortlist
from slipway.kinds.warehouse.sightings import Sightings
from slipway.kinds.warehouse.verdicts import (
    Examined,
    Kept,
    ManifestMissing,
    NothingFits,
    Picked,
    Refusal,
    Rules,
    Situation,
    Verdict,
)
from slipway.oci.results import ImageInfo, TagInfo

__all__ = ["Examination", "Walk"]

Examination: TypeAlias = Generator[Question, Answer, Examined]
"""An examination under way: yields what to find out next, returns what it came to."""

_Platforms: TypeAlias = Generator[Question, Answer, Mapping[str, str] | Refusal]


class Walk:
    """One way down.

    Args:
        rules: what an image must be.
        situation: what was chosen and seen before.
        shortlist: the best tags, as many as may be examined.
        details: what is known of tags beside their names.
        standing: where the recorded artifact stands; None when there is none, or its tag is not allowed now.
    """

    def __init__(
        self,
        rules: Rules,
        situation: Situation,
        shortlist: Shortlist,
        details: Mapping[str, TagInfo],
        standing: Place | None,
    ) -> None:
        self._rules = rules
        self._now = situation.now
        self._current = situation.current
        self._is_first_scan = situation.current is None and not situation.seen and not situation.scanned
        self._shortlist = shortlist
        self._details = details
        self._standing = standing
        # A moment in the future was written before the clock was set back, and would never pass.
        self._seen = Sightings.of(sight for sight in situation.seen if sight.at <= situation.now)
        self._images: dict[str, ImageInfo] = {}
        self._refusals: dict[str, Refusal] = {}

    def down(self, listed: frozenset[str]) -> Examination:
        """Look at one tag after the other, the best first.

        Args:
            listed: all tags of the repository.
        """
        standing = yield from self._standing_now()
        for place in self._shortlist.ranking.places:
            # What is worse than the recorded artifact is no substitute for it, whatever became of its tag.
            if standing is not None and place < standing:
                break
            digest = (yield Resolve((place.tag,))).digests.get(place.tag)
            # Nor is the next best for a tag that is listed and cannot be had: the registry may lag behind.
            if digest is None:
                return self._end(ManifestMissing(place.tag))
            outcome = yield from self._look(place.tag, digest)
            if isinstance(outcome, Picked):
                return self._end(outcome)
            self._refusals[place.tag] = outcome
        if standing is None or self._current is None:
            return self._end(NothingFits())
        return self._end(Kept(self._current, listed=self._current.tag in listed))

    def _standing_now(self) -> Generator[Question, Answer, Place | None]:
        """Where the recorded artifact stands; nowhere, when it lacks a platform that is wanted by now."""
        if self._current is None or self._standing is None:
            return None
        platforms = yield from self._platforms(self._current.digest)
        if isinstance(platforms, Refusal):
            return None
        self._current = replace(self._current, platforms=platforms or self._current.platforms)
        return self._standing

    def _look(self, tag: str, digest: str) -> Generator[Question, Answer, Picked | Refusal]:
        """The verdicts on one image, the cheapest first."""
        # Its digest was first seen too short a time ago, and it is not in use already.
        young = self._youth(tag, digest)
        if young is not None:
            return young
        # It lacks a platform that is wanted, or it is broken.
        platforms = yield from self._platforms(digest)
        if isinstance(platforms, Refusal):
            return platforms
        # It is the recorded artifact, or none of the wanted platforms changed: the same under another index.
        if self._current is not None and (self._is_in_use(digest) or self._is_unchanged(platforms)):
            return self._again(self._current, tag, platforms)
        return self._picked(tag, digest, platforms)

    def _youth(self, tag: str, digest: str) -> Refusal | None:
        if not self._rules.minimum_age:
            return None
        self._seen = self._seen.with_digest(digest, self._sight(tag, digest))
        mature_at = self._seen.times[digest] + self._rules.minimum_age
        if mature_at <= self._now or self._is_in_use(digest) or self._is_exempt(tag):
            return None
        return Refusal(Rejection.TOO_YOUNG, digest, until=mature_at)

    def _sight(self, tag: str, digest: str) -> datetime:
        """The first whole scan trusts the registry's time of push; later only our own sight counts."""
        known = self._current.first_seen_at if self._current and self._is_in_use(digest) else None
        pushed_at = self._info(tag).pushed_at if self._is_first_scan else None
        return min(known or pushed_at or self._now, self._now)

    def _is_exempt(self, tag: str) -> bool:
        """When nothing is known yet, not even when it was pushed, something has to be taken."""
        return self._is_first_scan and self._info(tag).pushed_at is None

    def _is_in_use(self, digest: str) -> bool:
        return self._current is not None and self._current.digest == digest

    def _platforms(self, digest: str) -> _Platforms:
        """The digest of the image for each wanted platform; read only when it is not recorded."""
        wanted = {platform.usual_name for platform in self._rules.platforms}
        if not wanted:
            return {}
        if self._current is not None and self._is_in_use(digest) and wanted <= self._current.platforms.keys():
            return {name: self._current.platforms[name] for name in sorted(wanted)}
        image = (yield Describe((digest,))).images.get(digest)
        if image is None:
            return Refusal(Rejection.BROKEN, digest)
        self._images[digest] = image
        images = images_for(image, self._rules.platforms)
        if images.missing:
            return Refusal(Rejection.PLATFORM_MISSING, digest, missing=images.missing)
        return images.digests

    def _is_unchanged(self, platforms: Mapping[str, str]) -> bool:
        return self._current is not None and 0 < len(platforms) == len(
            platforms.items() & self._current.platforms.items()
        )

    def _again(self, current: Picked, tag: str, platforms: Mapping[str, str]) -> Picked:
        """The recorded artifact, maybe under another tag; that tag's own times are the newer ones."""
        return replace(
            current,
            tag=tag,
            pushed_at=self._info(tag).pushed_at or current.pushed_at,
            created_at=self._info(tag).created_at or current.created_at,
            platforms=platforms or current.platforms,
            age_unknown=current.age_unknown and self._is_young(current.first_seen_at),
        )

    def _picked(self, tag: str, digest: str, platforms: Mapping[str, str]) -> Picked:
        first_seen, image = self._seen.times.get(digest, self._now), self._images.get(digest)
        return Picked(
            tag,
            digest,
            first_seen_at=first_seen,
            pushed_at=self._info(tag).pushed_at,
            created_at=self._info(tag).created_at or (image.created_at if image is not None else None),
            platforms=platforms,
            age_unknown=self._is_exempt(tag) and self._is_young(first_seen),
        )

    def _is_young(self, first_seen: datetime | None) -> bool:
        return first_seen is not None and first_seen + self._rules.minimum_age > self._now

    def _info(self, tag: str) -> TagInfo:
        return self._details.get(tag, UNKNOWN)

    def _end(self, verdict: Verdict) -> Examined:
        rejected = {tag: refusal.reason.value for tag, refusal in self._refusals.items()}
        has_age = self._rules.minimum_age > timedelta(0)
        return Examined(
            verdict,
            self._shortlist.choice(rejected),
            self._refusals,
            self._seen.kept(self._now, self._rules.minimum_age) if has_age else (),
            self._details,
        )
