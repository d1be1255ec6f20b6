"""From the tags of a repository to the best ones: no signatures, filters, then the policy. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from slipway.api import warehouse as api
from slipway.kinds.warehouse.filters import TagFilter
from slipway.kinds.warehouse.policies.factory import policy_for
from slipway.kinds.warehouse.policies.policy import CANDIDATE_LIMIT, Policy, Rejection
from slipway.kinds.warehouse.policies.ranking import UNKNOWN, Place, Ranking, rank
from slipway.oci.results import TagInfo

__all__ = ["Choice", "Selector", "Shortlist"]

_NO_DETAILS: Final[Mapping[str, TagInfo]] = {}


@dataclass(frozen=True, slots=True)
class Choice:
    """What became of the tags of a repository."""

    candidates: tuple[str, ...]
    """The tags that are allowed, the chosen one first, at most ten; empty when none is."""

    rejected: Mapping[str, int]
    """How many tags were left out, by CamelCase reason."""

    tags: int
    """How many tags the repository has."""

    @property
    def tag(self) -> str | None:
        """The chosen tag."""
        return self.candidates[0] if self.candidates else None

    @property
    def account(self) -> str:
        """Why tags were left out, in words, the most frequent reason first."""
        by_count = sorted(self.rejected.items(), key=lambda item: (-item[1], item[0]))
        return ", ".join(f"{count} {reason}" for reason, count in by_count)


@dataclass(frozen=True, slots=True)
class Shortlist:
    """The best tags by name and time alone; whether their images will do is another question."""

    ranking: Ranking
    filtered: Mapping[str, int]
    """How many tags the filters left out, by reason."""

    tags: int
    """How many tags the repository has."""

    def choice(self, rejected: Mapping[str, str] | None = None) -> Choice:
        """What to tell of it.

        Args:
            rejected: the tags of the shortlist that were found wanting since, each with the reason.
        """
        found = dict(rejected or {})
        counts = {**self.filtered, **self.ranking.rejected}
        for reason in found.values():
            counts[reason] = counts.get(reason, 0) + 1
        candidates = [tag for tag in self.ranking.best if tag not in found]
        return Choice(tuple(candidates[:CANDIDATE_LIMIT]), counts, self.tags)


@dataclass(frozen=True, slots=True)
class Selector:
    """The filters and the policy of one image subscription."""

    tag_filter: TagFilter
    policy: Policy

    @classmethod
    def of(cls, image: api.ImageSubscription) -> Selector:
        """Read the subscription's patterns and its policy.

        Raises:
            InvalidPattern: for a pattern that RE2 refuses.
            InvalidRange: for a semver range that cannot be read.
        """
        tags = image.tags or api.TagFilter()
        return cls(TagFilter.of(tags.include, tags.exclude, tags.extract), policy_for(image.policy))

    def choose(self, tags: Sequence[str]) -> Choice:
        """Choose by name alone among all tags of a repository: never call this with a part of them."""
        return self.shortlist(tags).choice()

    def shortlist(
        self, tags: Sequence[str], details: Mapping[str, TagInfo] = _NO_DETAILS, limit: int = CANDIDATE_LIMIT
    ) -> Shortlist:
        """The best of all tags of a repository: never call this with a part of them.

        Args:
            tags: the names.
            details: what the listing told beside them, by name.
            limit: how many to give.
        """
        filtered = self.tag_filter.sift(tags)
        ranking = rank(self.policy, filtered.entries, details, limit)
        return Shortlist(ranking, filtered.rejected, len(tags))

    def place(self, tag: str, info: TagInfo = UNKNOWN) -> Place | None:
        """Where a tag would stand, whether it is listed or not; None when it is not allowed."""
        text = self.tag_filter.text(tag)
        judged = self.policy.judge(text, info) if text is not None else None
        return None if judged is None or isinstance(judged, Rejection) else Place(judged, tag)
