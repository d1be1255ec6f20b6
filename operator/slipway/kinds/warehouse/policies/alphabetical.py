"""Policy Alphabetical: the last tag in the order of letters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from typing_extensions import override

from slipway.kinds.warehouse.policies.byname import ByName
from slipway.kinds.warehouse.policies.policy import Judgement
from slipway.oci.results import TagInfo

__all__ = ["AlphabeticalPolicy"]


@dataclass(frozen=True, slots=True)
class AlphabeticalPolicy(ByName):
    """Chooses the last tag of the order: `Ascending` the greatest (z after a), `Descending` the least.

    So it is in Flux. The order is that of code points: digits, capitals, `_`, small letters. Texts that
    `extract` made equal are in the order of their tags, and of those the alphabetically last is chosen.
    """

    order: Literal["Ascending", "Descending"] = "Ascending"

    @property
    def wish(self) -> str:
        """What is wanted, in words; every tag that passes the filters is."""
        return "left by the tags filter"

    def judge(self, text: str, info: TagInfo) -> Judgement:  # noqa: ARG002 - the protocol's
        """The text itself, or its place from the other end."""
        return text if self.order == "Ascending" else _FromTheEnd(text)


@dataclass(frozen=True, slots=True)
class _FromTheEnd:
    """A text that sorts before every lesser one."""

    text: str

    def __lt__(self, other: _FromTheEnd) -> bool:
        return other.text < self.text

    @override
    def __eq__(self, other: object) -> bool:
        return isinstance(other, _FromTheEnd) and other.text == self.text

    @override
    def __hash__(self) -> int:
        return hash(self.text)
