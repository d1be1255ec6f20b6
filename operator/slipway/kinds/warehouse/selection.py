"""From the tags of a repository to the one that is wanted: no signatures, filters, then the policy. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from slipway.api import warehouse as api
from slipway.kinds.warehouse.filters import TagFilter
from slipway.kinds.warehouse.policies.factory import policy_for
from slipway.kinds.warehouse.policies.policy import Policy

__all__ = ["Choice", "Selector"]


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
        return cls(TagFilter.of(tags.include, tags.exclude), policy_for(image.policy))

    def choose(self, tags: Sequence[str]) -> Choice:
        """Choose among all tags of a repository: never call this with a part of them."""
        filtered = self.tag_filter.sift(tags)
        ranking = self.policy.rank(filtered.passed)
        dropped = {"Signature": filtered.signatures, "NotMatching": filtered.not_matching}
        rejected = {reason: count for reason, count in dropped.items() if count} | dict(ranking.rejected)
        return Choice(ranking.best, rejected, len(tags))
