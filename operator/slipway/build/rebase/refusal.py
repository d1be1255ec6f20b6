"""Why a rebase is refused. A rebase is exact or it does not happen: what would be a guess is a refusal.

    RebaseRefusedError    an image can't be rebased; carries a reason for a condition and a message that
    says what to do

Errors of the registry itself (unreachable, denied, missing) are those of `slipway.oci` and pass through.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from slipway.api.conditions import Reason

__all__ = ["RebaseRefusedError", "Refusal", "RefusalReason"]


class RefusalReason(StrEnum):
    """The reasons of a refusal; `Reason` says of each when it occurs."""

    NOT_ON_BASE = Reason.NOT_ON_BASE
    BASE_UNKNOWN = Reason.BASE_UNKNOWN
    BASE_EMPTY = Reason.BASE_EMPTY
    PLATFORM_MISSING = Reason.PLATFORM_MISSING
    RUN_NEEDS_ALLOW = Reason.RUN_NEEDS_ALLOW
    HISTORY_MISSING = Reason.HISTORY_MISSING
    HISTORY_MISMATCH = Reason.HISTORY_MISMATCH
    ON_BUILD_CHANGED = Reason.ON_BUILD_CHANGED
    DERIVED_FROM_BASE = Reason.DERIVED_FROM_BASE
    ALREADY_REBASED = Reason.ALREADY_REBASED
    FOREIGN_LAYER = Reason.FOREIGN_LAYER
    UNSUPPORTED_IMAGE = Reason.UNSUPPORTED_IMAGE
    IMAGE_MALFORMED = Reason.IMAGE_MALFORMED


@dataclass(frozen=True, slots=True)
class Refusal:
    """The answer of a planner that would have to guess."""

    reason: RefusalReason
    message: str
    """One sentence for the user: what was found, and what to do about it."""


class RebaseRefusedError(Exception):
    """Raised where a rebase would have to guess; `plan_rebase` turns it into its refusal."""

    def __init__(self, reason: RefusalReason, message: str) -> None:
        super().__init__(message)
        self.refusal = Refusal(reason, message)
