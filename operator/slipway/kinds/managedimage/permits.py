"""What may keep a build from being thought of at all, whoever would make it. Pure."""

from __future__ import annotations

from slipway.api.conditions import Reason
from slipway.api.managedimage import ManagedImagePhase
from slipway.engine.outcome import Settled, Stalled
from slipway.kinds.managedimage.situation import ImagePlan, Situation, current, plan

__all__ = [
    "nothing_is_due",
    "refuse_cycle",
    "refuse_floating_tag_of_a_build",
    "stay_suspended",
    "wait_for_base",
    "yield_to_rival",
]


def stay_suspended(at: Situation) -> ImagePlan | None:
    """Nothing is begun, and what is there stays."""
    if not at.spec.suspend:
        return None
    outcome = Settled(Reason.SUSPENDED, "Suspended: no build is begun until spec.suspend is false")
    return plan(at, at.held("waits until spec.suspend is false"), outcome, ManagedImagePhase.SUSPENDED)


def yield_to_rival(at: Situation) -> ImagePlan | None:
    """Two that push the same tags would undo each other."""
    if at.facts.claimed_by is None:
        return None
    message = (
        f"{at.facts.claimed_by} builds tags of {at.spec.image.repository} that this one would build too, and "
        "has the better right (it has built them, or is older): change image.tag and image.floatingTags "
        "here, or delete one of the two"
    )
    status = at.held(f"waits until {at.facts.claimed_by} builds these tags no more")
    return plan(at, status, Stalled(Reason.IMAGE_CLAIMED, message), ManagedImagePhase.FAILED)


def refuse_floating_tag_of_a_build(at: Situation) -> ImagePlan | None:
    """What the schema cannot see: a floating tag that the template gives to a build."""
    template = at.template
    tag = next((tag for tag in at.spec.image.floating_tags if template.number_of(tag) is not None), None)
    if tag is None:
        return None
    message = (
        f"image.floatingTags has {tag}, which image.tag ({template.text}) gives to build "
        f"{template.number_of(tag)}, and the tag of a build is never moved: remove it from image.floatingTags"
    )
    return plan(at, at.before, Stalled(Reason.INVALID_SPEC, message), ManagedImagePhase.FAILED)


def refuse_cycle(at: Situation) -> ImagePlan | None:
    """No order exists in which the images of a cycle could be built; all others go on."""
    cycle = at.facts.position.cycle if at.facts.position else ()
    if not cycle:
        return None
    circle = " stands on ".join((*cycle, cycle[0]))
    message = f"These images stand on each other: {circle}. Let one of them stand on something else"
    return plan(at, at.status, Stalled(Reason.DEPENDENCY_CYCLE, message), ManagedImagePhase.FAILED)


def nothing_is_due(at: Situation) -> ImagePlan | None:
    """The image is made of what is there now, as far as that matters."""
    if at.before.image is None or at.reasons:
        return None
    return current(at, at.settled())


def wait_for_base(at: Situation) -> ImagePlan | None:
    """A base whose digest nobody tells: no Warehouse has found it, or it is not built yet."""
    if at.missing is None:
        return None
    name = at.missing.reference or "a base of the spec"
    status = at.held(f"waits until the digest of {name} is known")
    return plan(at, status, at.missing.problem, ManagedImagePhase.WAITING)
