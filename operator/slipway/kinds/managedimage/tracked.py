"""What is decided about an image that is only tracked. Pure."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import BuiltImage, ManagedImagePhase
from slipway.engine.outcome import Settled
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.conclude import superseded
from slipway.kinds.managedimage.permits import stay_suspended
from slipway.kinds.managedimage.situation import ImagePlan, Situation, plan, short

__all__ = ["TRACKING_VERDICTS"]


def _end_build(at: Situation) -> ImagePlan | None:
    build = builds.under_way(at.before.builds)
    return superseded(at, build, f"role became {at.spec.role} after it was begun") if build else None


def _wait_for_image(at: Situation) -> ImagePlan | None:
    if at.missing is None:
        return None
    return plan(at, at.before, at.missing.problem, ManagedImagePhase.WAITING)


def _follow(at: Situation) -> ImagePlan:
    """The image is what its tag points to; builds and bases of a time when it was Managed are kept."""
    image, before = at.base, at.before.image
    if before is None or (before.reference, before.digest) != (image.reference, image.digest):
        before = BuiltImage(reference=image.reference, digest=image.digest, created_at=at.now)
    status = at.before.model_copy(update={"image": before, "rebuild": None})
    message = f"{image.reference} is {short(image.digest)} ({image.teller})"
    outcome = Settled(Reason.TRACKED, message)
    return plan(at, status, outcome, ManagedImagePhase.CURRENT, rebuild="NotManaged")


TRACKING_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    _end_build,  # a build of the time when it was Managed
    stay_suspended,  # what was found stays
    _wait_for_image,  # no Warehouse has found it yet
    _follow,
)
