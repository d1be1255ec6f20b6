"""What a policy makes of a few tags."""

from __future__ import annotations

from collections.abc import Sequence

from slipway.kinds.warehouse.policies.policy import CANDIDATE_LIMIT, Policy
from slipway.kinds.warehouse.policies.ranking import Ranking, rank
from slipway.oci.results import TagInfo

__all__ = ["ranked"]


def ranked(policy: Policy, tags: Sequence[str | TagInfo], limit: int = CANDIDATE_LIMIT) -> Ranking:
    """The ranking of tags that are read as they are."""
    infos = [TagInfo(tag) if isinstance(tag, str) else tag for tag in tags]
    return rank(
        policy, [(info.name, info.name) for info in infos], {info.name: info for info in infos}, limit
    )
