"""Everything that is done for a ManagedImage: its rebases."""

from __future__ import annotations

from slipway.api.managedimage import ManagedImage
from slipway.build.rebase.execute import RebaseOrder, TagTakenError, prepare, publish, verify
from slipway.build.rebase.place import Places
from slipway.build.rebase.refusal import Refusal
from slipway.kinds.context import Context
from slipway.kinds.managedimage.decide import ImagePlan, conclude
from slipway.kinds.managedimage.facts import Built, Facts, NumberTaken, RebaseAction, RebaseResult, Refused
from slipway.kinds.managedimage.source import base_place, image_client, image_place, next_number

__all__ = ["apply"]


async def apply(context: Context, facts: Facts, plan: ImagePlan) -> ImagePlan:
    """Do the rebase that the plan calls for, if any, and conclude the plan from what came of it.

    A crash at any point is harmless: the build stays recorded as under way, and the next run does the same
    again, which finds what is in the registry already.

    Raises:
        AccessProblem, RegistryError, KubeError: what failed is no fault of the build; it is tried again.
    """
    if plan.actions is None:
        return plan
    result = await _rebase(context, facts.image, plan.actions)
    return conclude(facts, plan, result, context.clock.now())


async def _rebase(context: Context, image: ManagedImage, action: RebaseAction) -> RebaseResult:
    client = await image_client(context, image)
    target = image_place(client, image)
    places = Places(target, await base_place(context, image, action.base_reference), target)
    planned = await prepare(_order(action), places)
    if isinstance(planned, Refusal):
        return Refused(planned.reason, planned.message)
    try:
        digest = await publish(planned, places, action.tag, action.floating_tags)
    except TagTakenError:
        return NumberTaken(await next_number(image, client))
    return await _proven(places, digest, action)


async def _proven(places: Places, digest: str, action: RebaseAction) -> RebaseResult:
    """The result once the registry itself shows that it stands on the new base."""
    doubt = await verify(places, digest, action.base_digest)
    return Refused(doubt.reason, doubt.message) if doubt else Built(digest)


def _order(action: RebaseAction) -> RebaseOrder:
    return RebaseOrder(
        source_digest=action.source_digest,
        old_base_digest=action.old_base_digest,
        new_base_digest=action.base_digest,
        base_name=action.base_reference,
        allow_run=action.allow_run,
    )
