"""The policy of charts: the highest version within a range."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.charts.versions import version_of_tag
from slipway.kinds.warehouse.policies.byname import ByName
from slipway.kinds.warehouse.policies.policy import Judgement
from slipway.kinds.warehouse.policies.semver import SemverPolicy
from slipway.oci.results import TagInfo

__all__ = ["ChartPolicy"]


@dataclass(frozen=True, slots=True)
class ChartPolicy(ByName):
    """Semver, with tags read as the versions of charts they stand for: `1.2.0_build` is `1.2.0+build`."""

    versions: SemverPolicy

    @classmethod
    def of(cls, text: str, *, prereleases: bool = False) -> ChartPolicy:
        """The policy for a range such as `^2`.

        Raises:
            InvalidRange: when the range cannot be read.
        """
        return cls(SemverPolicy.of(text, prereleases=prereleases))

    @property
    def wish(self) -> str:
        """What is wanted, in words."""
        return self.versions.wish

    def judge(self, text: str, info: TagInfo) -> Judgement:
        """The precedence of the version, as `SemverPolicy` has it."""
        return self.versions.judge(version_of_tag(text), info)
