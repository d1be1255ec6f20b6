"""Policy Newest: the tag that was pushed, or whose image was built, last."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from slipway.kinds.warehouse.policies.policy import Judgement, Needs, Rejection
from slipway.oci.results import TagInfo

__all__ = ["NewestPolicy"]


@dataclass(frozen=True, slots=True)
class NewestPolicy:
    """Chooses by time, the latest first; among equals the alphabetically last tag.

    `Pushed` is the registry's own clock and can be had only from registries whose listing tells it.
    `Created` is what the image says of itself: every registry has it, and a reproducible or cached build
    tells an old time, or none.
    """

    by: Literal["Pushed", "Created"]

    @property
    def follows(self) -> None:
        """No single tag: the choice needs the whole list."""
        return

    @property
    def needs(self) -> Needs:
        """The time it goes by."""
        return Needs.PUSH_TIMES if self.by == "Pushed" else Needs.BUILD_TIMES

    @property
    def wish(self) -> str:
        """What is wanted, in words."""
        if self.by == "Pushed":
            return "known with the time of its push (where the registry tells none, go by: Created)"
        return "an image that tells when it was built"

    def judge(self, text: str, info: TagInfo) -> Judgement:  # noqa: ARG002 - the protocol's
        """The time, or `NoTime`."""
        time = info.pushed_at if self.by == "Pushed" else info.created_at
        return Rejection.NO_TIME if time is None else time
