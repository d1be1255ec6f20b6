"""Everything that is read for a decision about a ManagedImage."""

from __future__ import annotations

from dataclasses import replace

from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.managedimage.bases import find_base
from slipway.kinds.managedimage.decide import needs_registry
from slipway.kinds.managedimage.facts import Facts, KnownBase
from slipway.kinds.managedimage.source import look_at_source
from slipway.kube.resources import MANAGEDIMAGES
from slipway.kube.status import observed_from

__all__ = ["gather"]


async def gather(context: Context, asked: Asked, key: Key) -> Facts | None:
    """Read the object, what its Warehouse has found, and the source build where that matters.

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
        base=None if image.spec.suspend else find_base(image, context.store),
        requests=requests,
        complaints=complaints,
    )
    if isinstance(facts.base, KnownBase) and needs_registry(facts):
        return replace(facts, source=await look_at_source(context, image, facts.base))
    return facts
