"""An image that is there already becomes the newest one: floating tags are announced, then moved. Pure."""

from __future__ import annotations

from slipway.api.conditions import Reason
from slipway.api.managedimage import BuiltImage, ManagedImagePhase
from slipway.engine.outcome import Waiting
from slipway.kinds.managedimage.situation import AT_ONCE, ImagePlan, Situation, plan

__all__ = ["announced"]


def announced(at: Situation, image: BuiltImage) -> ImagePlan | None:
    """The plan that writes down that floating tags are about to move; None where that is known, or none do.

    Were the status still to say Current after a crash, and the base back where it was, nobody would look.
    """
    if not at.spec.image.floating_tags or not _is_settled_on_another(at, image):
        return None
    outcome = Waiting(Reason.BUILDING, f"{image.reference} becomes the newest image again", AT_ONCE)
    return plan(at, at.status, outcome, ManagedImagePhase.BUILDING)


def _is_settled_on_another(at: Situation, image: BuiltImage) -> bool:
    before = at.before.image
    return (
        at.before.phase == ManagedImagePhase.CURRENT and before is not None and before.digest != image.digest
    )
