"""Policy Digest: one tag is followed, and each new digest it points at is a new artifact."""

from __future__ import annotations

from dataclasses import dataclass

from slipway.kinds.warehouse.policies.policy import Judgement, Needs, Rejection
from slipway.oci.results import TagInfo

__all__ = ["DigestPolicy"]


@dataclass(frozen=True, slots=True)
class DigestPolicy:
    """Follows the digest of one tag that moves, such as `stable`."""

    tag: str

    @property
    def follows(self) -> str:
        """The tag itself: one HEAD answers everything, and the repository is never listed."""
        return self.tag

    @property
    def needs(self) -> Needs:
        """The name is enough."""
        return Needs.NOTHING

    @property
    def wish(self) -> str:
        """What is wanted, in words."""
        return f"named {self.tag}"

    def judge(self, text: str, info: TagInfo) -> Judgement:  # noqa: ARG002 - the protocol's
        """The followed tag is the best; all others are `OtherTag`."""
        return text if text == self.tag else Rejection.OTHER_TAG
