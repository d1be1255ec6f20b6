"""Policy Numerical: the last tag in the order of numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, Literal

from slipway.kinds.warehouse.policies.byname import ByName
from slipway.kinds.warehouse.policies.policy import Judgement, Rejection
from slipway.oci.results import TagInfo

__all__ = ["NumericalPolicy"]

_NUMBER: Final = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")


@dataclass(frozen=True, slots=True)
class NumericalPolicy(ByName):
    """Chooses the last tag of the order: `Ascending` the greatest number, `Descending` the least.

    Numbers are integers and decimals such as `20261121093000` and `1.10`, which is less than `1.9`. They are
    compared exactly, however long; Flux reads them as floating-point numbers and confuses those that differ
    behind the 16th digit. Equal numbers, `7` and `07`, go by the tag: the alphabetically last is chosen.
    """

    order: Literal["Ascending", "Descending"] = "Ascending"

    @property
    def wish(self) -> str:
        """What is wanted, in words."""
        return "a number"

    def judge(self, text: str, info: TagInfo) -> Judgement:  # noqa: ARG002 - the protocol's
        """The number, or `NotNumerical`."""
        if _NUMBER.fullmatch(text) is None:
            return Rejection.NOT_NUMERICAL
        number = Decimal(text)
        # The minus sign would round to 28 digits.
        return number if self.order == "Ascending" else number.copy_negate()
