"""An image that is there already becomes the newest one: floating tags are announced, then moved. Pure."""

from __future__ import annotations

from dataclasses import replace

from slipway.api.conditions import Reason
from slipway.api.managedimage import Build, BuildPhase, BuiltImage, ManagedImagePhase, SourceStatus
from slipway.engine.outcome import Waiting
from slipway.kinds.managedimage import builds
from slipway.kinds.managedimage.facts import PromoteAction
from slipway.kinds.managedimage.situation import AT_ONCE, ImagePlan, Situation, current, plan

__all__ = ["announced", "settled_by"]


def announced(at: Situation, image: BuiltImage) -> ImagePlan | None:
    """The plan that writes down that floating tags are about to move; None where that is known, or none do.

    Were the status still to say Current after a crash, and the base back where it was, nobody would look.
    """
    if not at.spec.image.floating_tags or not _is_settled_on_another(at, image):
        return None
    outcome = Waiting(Reason.BUILDING, f"{image.reference} becomes the newest image again", AT_ONCE)
    return plan(at, at.status, outcome, ManagedImagePhase.BUILDING)


def settled_by(at: Situation, build: Build) -> ImagePlan:
    """The plan where a build of the present inputs has ended well before: nothing is built again."""
    image, listed = _image_of(at, build)
    source = (at.status.source or SourceStatus()).model_copy(update=_built_of(at, build))
    status = at.promoted(image, build.bases).model_copy(update={"source": source, "builds": listed})
    action = PromoteAction(image.digest, image.build, at.spec.image.floating_tags)
    return announced(at, image) or replace(current(at, status), actions=action)


def _image_of(at: Situation, build: Build) -> tuple[BuiltImage, tuple[Build, ...]]:
    """What the build offers, and the builds then.

    One that gave what the image has already leaves it; beside any other image, what it pushed is new.
    """
    known = at.before.image
    if build.phase == BuildPhase.UNCHANGED and known is not None and build.same_as == known.digest:
        return known, at.before.builds
    news = {"phase": BuildPhase.SUCCEEDED, "same_as": None, "message": None}
    succeeded = build.model_copy(update=news if build.phase == BuildPhase.UNCHANGED else {})
    return at.image_of(succeeded), builds.put(at.before.builds, succeeded)


def _built_of(at: Situation, build: Build) -> dict[str, object]:
    """What the image is made of then, and where a rebase begins: with the build from source behind it."""
    origin = builds.origin_of(at.before.builds, build)
    below = [base.digest for base in origin.bases if at.stands_on(base.reference)] if origin else []
    return {
        "built_commit": build.commit,
        "built_configuration": build.configuration,
        "digest": origin.digest if origin else None,
        "base_digest": below[0] if len(below) == 1 else None,
    }


def _is_settled_on_another(at: Situation, image: BuiltImage) -> bool:
    before = at.before.image
    return (
        at.before.phase == ManagedImagePhase.CURRENT and before is not None and before.digest != image.digest
    )
