"""Everything that is read for a decision about a ManagedImage."""

from __future__ import annotations

from dataclasses import replace

from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.managedimage.bases import find_bases, find_rival, find_tracked
from slipway.kinds.managedimage.decide import needs_registry
from slipway.kinds.managedimage.facts import Facts, KnownBase, UnknownBase
from slipway.kinds.managedimage.source import look_at_source
from slipway.kinds.managedimage.tracking import find_tracking
from slipway.kube.resources import MANAGEDIMAGES
from slipway.kube.status import observed_from

__all__ = ["gather"]


async def gather(context: Context, asked: Asked, key: Key) -> Facts | None:
    """Read the object, what is told of its bases, and the source build where that matters.

    Raises:
        KubeError: when the API server does not answer.
    """
    body = await context.kube.get(MANAGEDIMAGES, key.namespace, key.name)
    if body is None or body["metadata"].get("deletionTimestamp"):
        asked.forget(key)
        return None
    image, observed = ManagedImage.model_validate(body), observed_from(key, body)
    requests, complaints = asked.read(observed, context.clock.now())
    facts = Facts(
        observed=observed,
        image=image,
        bases=_bases(context, image),
        tracking=find_tracking(image, context.store),
        claimed_by=_rival(context, image),
        requests=requests,
        complaints=complaints,
    )
    if needs_registry(facts):
        (base,) = facts.bases
        assert isinstance(base, KnownBase)
        return replace(facts, source=await look_at_source(context, image, base))
    return facts


def _bases(context: Context, image: ManagedImage) -> tuple[KnownBase | UnknownBase, ...]:
    if image.spec.suspend:
        return ()
    if image.spec.role == "Managed":
        return find_bases(image, context.store)
    return (find_tracked(image, context.store),)


def _rival(context: Context, image: ManagedImage) -> str | None:
    """Who has a better right to its tags; of another namespace nothing is told but that there is one."""
    rival = find_rival(image, context.store)
    if rival is None:
        return None
    is_neighbour = rival.key.namespace == image.metadata.namespace
    return f"ManagedImage {rival.key.name}" if is_neighbour else "a ManagedImage of another namespace"
