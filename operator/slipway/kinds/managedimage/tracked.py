"""What is decided about an image that is only tracked. Pure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Final

from slipway.api.conditions import Reason
from slipway.api.managedimage import BuiltImage, ManagedImagePhase, ManagedImageStatus, SourceStatus
from slipway.engine.outcome import Settled
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.conclude import superseded
from slipway.kinds.managedimage.permits import stay_suspended
from slipway.kinds.managedimage.situation import ImagePlan, Situation, plan, short
from slipway.kinds.managedimage.standing import told_statuses

__all__ = ["TRACKING_VERDICTS"]

_READ_AGAIN: Final = timedelta(minutes=15)
"""When labels and provenance are asked for again that a registry did not give."""


def _end_build(at: Situation) -> ImagePlan | None:
    build = builds.under_way(at.before.builds)
    return superseded(at, build, f"role became {at.spec.role} after it was begun") if build else None


def _wait_for_image(at: Situation) -> ImagePlan | None:
    if at.missing is None:
        return None
    return plan(at, at.before, at.missing.problem, ManagedImagePhase.WAITING)


def _follow(at: Situation) -> ImagePlan:
    """The image is what its tag points to; builds of a time when it was Managed are kept.

    So are bases, until the image itself tells of some.
    """
    image, before = at.base, at.before.image
    if before is None or (before.reference, before.digest) != (image.reference, image.digest):
        before = BuiltImage(reference=image.reference, digest=image.digest, created_at=at.now)
    status = _with_told(at, at.before.model_copy(update={"image": before, "rebuild": None}))
    message = f"{image.reference} is {short(image.digest)} ({image.teller})"
    is_read = status.source is not None and status.source.told_digest == image.digest
    outcome = Settled(Reason.TRACKED, message, None if is_read else _READ_AGAIN)
    return plan(at, status, outcome, ManagedImagePhase.CURRENT, rebuild="NotManaged")


def _with_told(at: Situation, status: ManagedImageStatus) -> ManagedImageStatus:
    """The status with what labels and provenance say, where they were read now."""
    told = at.facts.told
    if told is None:
        return status
    news = {"told_digest": told.digest, "disputes": told.disputes}
    source = (status.source or SourceStatus()).model_copy(update=news)
    bases = told_statuses(at, status, told) or status.bases
    return status.model_copy(update={"source": source, "bases": bases})


TRACKING_VERDICTS: Final[tuple[Callable[[Situation], ImagePlan | None], ...]] = (
    _end_build,  # a build of the time when it was Managed
    stay_suspended,  # what was found stays
    _wait_for_image,  # no Warehouse has found it yet
    _follow,
)
