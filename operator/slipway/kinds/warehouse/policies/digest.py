"""Policy Digest: one tag is followed, and each new digest it points at is a new artifact."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from slipway.kinds.warehouse.policies.policy import Ranking

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
    def wish(self) -> str:
        """What is wanted, in words."""
        return f"named {self.tag}"

    def rank(self, tags: Iterable[str]) -> Ranking:
        """The followed tag when it is among the tags; all others are `OtherTag`."""
        listed = tuple(tags)
        found = (self.tag,) if self.tag in listed else ()
        others = len(listed) - len(found)
        return Ranking(best=found, rejected={"OtherTag": others} if others else {})
