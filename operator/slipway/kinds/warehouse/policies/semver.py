"""Policy Semver: the highest semantic version within a range."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from slipway.kinds.warehouse.policies.policy import CANDIDATE_LIMIT, Ranking
from slipway.kinds.warehouse.policies.ranges import VersionRange, parse_range
from slipway.kinds.warehouse.policies.versions import RELEASE, Precedence, precedence

__all__ = ["SemverPolicy"]


@dataclass(frozen=True, slots=True)
class SemverPolicy:
    """Chooses the highest version of a range; among equals the alphabetically last tag.

    Equals are tags such as `1.4.0` and `v1.4.0`, or versions that differ only in build metadata. The
    tie-break looks at nothing but the tags, so the order in which a registry lists them plays no part.
    """

    range: str
    parsed: VersionRange
    prereleases: bool = False

    @classmethod
    def of(cls, text: str, *, prereleases: bool = False) -> SemverPolicy:
        """The policy for a range such as `~1.4`.

        Raises:
            InvalidRange: when the range cannot be read.
        """
        return cls(text, parse_range(text), prereleases)

    @property
    def follows(self) -> None:
        """No single tag: the choice needs the whole list."""
        return

    @property
    def wish(self) -> str:
        """What is wanted, in words."""
        kind = "version" if self.prereleases else "release"
        return f"a {kind} in {self.range}"

    def rank(self, tags: Iterable[str]) -> Ranking:
        """The accepted tags, highest first, and how many are `NotSemver`, `PreRelease`, `OutOfRange`."""
        rejected: Counter[str] = Counter()
        accepted: list[tuple[Precedence, str]] = []
        for tag in tags:
            version = precedence(tag)
            reason = self._why_not(version)
            if reason is None and version is not None:
                accepted.append((version, tag))
            else:
                rejected[reason or "NotSemver"] += 1
        best = heapq.nlargest(CANDIDATE_LIMIT, accepted)
        return Ranking(tuple(tag for _, tag in best), dict(rejected))

    def _why_not(self, version: Precedence | None) -> str | None:
        if version is None:
            return "NotSemver"
        if not self.prereleases and version[3] != RELEASE:
            return "PreRelease"
        if not self.parsed.admits(version):
            return "OutOfRange"
        return None
