"""Policy Semver: the highest semantic version within a range."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.kinds.warehouse.policies.byname import ByName
from slipway.kinds.warehouse.policies.policy import Judgement, Rejection
from slipway.kinds.warehouse.policies.ranges import VersionRange, parse_range
from slipway.kinds.warehouse.policies.versions import RELEASE, precedence
from slipway.oci.results import TagInfo

__all__ = ["SemverPolicy"]


@dataclass(frozen=True, slots=True)
class SemverPolicy(ByName):
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
    def wish(self) -> str:
        """What is wanted, in words."""
        kind = "version" if self.prereleases else "release"
        return f"a {kind} in {self.range}"

    def judge(self, text: str, info: TagInfo) -> Judgement:  # noqa: ARG002 - the protocol's
        """The precedence of the version, unless it is `NotSemver`, a `PreRelease` or `OutOfRange`."""
        version = precedence(text)
        if version is None:
            return Rejection.NOT_SEMVER
        if not self.prereleases and version[3] != RELEASE:
            return Rejection.PRE_RELEASE
        if not self.parsed.admits(version):
            return Rejection.OUT_OF_RANGE
        return version
