"""Everything that is read for a decision about a Deployment."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any, Final

from slipway.api.deployment import Deployment
from slipway.engine.key import Key
from slipway.kinds.asked import Asked
from slipway.kinds.context import Context
from slipway.kinds.deployment.autoscaler import is_autoscaled
from slipway.kinds.deployment.facts import Facts
from slipway.kinds.deployment.history import rollout_under_way, unrecorded
from slipway.kinds.deployment.image import with_offer
from slipway.kinds.deployment.offer import Offer
from slipway.kinds.deployment.pods import trouble_in
from slipway.kinds.deployment.revisions import Revision, in_order
from slipway.kinds.deployment.template import NAME_LABEL, REVISION_LABEL
from slipway.kinds.deployment.workload import Workload
from slipway.kube.children import is_child_of, is_left_over
from slipway.kube.resources import APPS_DEPLOYMENTS, CONTROLLERREVISIONS, PODS, SDEPLOYMENTS, SERVICES
from slipway.kube.status import observed_from
from slipway.kube.watched import is_managed

__all__ = ["gather"]

_PODS_LOOKED_AT: Final = 20


async def gather(context: Context, asked: Asked, key: Key) -> Facts | None:
    """Read the object, its children, what its image source offers, and the pods where something is wrong.

    Raises:
        KubeError: when the API server does not answer.
    """
    body = await context.kube.get(SDEPLOYMENTS, key.namespace, key.name)
    if body is None or body["metadata"].get("deletionTimestamp"):
        # Once it shall go, its children go with it: making them anew would be in the way.
        asked.forget(key)
        return None
    observed, deployment = observed_from(key, body), Deployment.model_validate(body)
    requests, notes = asked.read(observed, context.clock.now())
    facts = Facts(
        observed=observed,
        spec=deployment.spec,
        status=deployment.status,
        offer=Offer(),
        autoscaled=is_autoscaled(body["metadata"]),
        requests=requests,
        notes=notes,
    )
    facts = await with_offer(context, await _with_children(context, facts))
    return replace(facts, trouble=await _trouble(context, facts))


# --- children


async def _with_children(context: Context, facts: Facts) -> Facts:
    namespace, name = facts.observed.key.namespace, facts.observed.key.name
    workload, service, revisions = await asyncio.gather(
        context.kube.get(APPS_DEPLOYMENTS, namespace, name),
        _service(context, facts) if facts.spec.ports else _nothing(),
        _revisions(context, facts),
    )
    if any(revision.inputs.ports for revision in revisions) and not facts.spec.ports:
        service = await _service(context, facts)  # of the time when it had ports
    found = {"Deployment": workload, "Service": service}
    own = {kind: body for kind, body in found.items() if body and is_child_of(facts.observed, body)}
    others = {kind: body for kind, body in found.items() if body and kind not in own}
    left_over = frozenset(kind for kind, body in others.items() if is_left_over(facts.observed, body))
    return replace(
        facts,
        workload=Workload.from_body(own["Deployment"]) if "Deployment" in own else None,
        service=own.get("Service"),
        strangers=frozenset(others) - left_over,
        left_over=left_over,
        unwatched=frozenset(kind for kind, body in own.items() if not is_managed(body)),
        revisions=revisions,
    )


async def _service(context: Context, facts: Facts) -> dict[str, Any] | None:
    return await context.kube.get(SERVICES, facts.observed.key.namespace, facts.observed.key.name)


async def _nothing() -> None:
    """Nothing is read."""


async def _revisions(context: Context, facts: Facts) -> tuple[Revision, ...]:
    key, found = facts.observed.key, []
    async for page in context.kube.pages(
        CONTROLLERREVISIONS, key.namespace, label_selector=f"{NAME_LABEL}={key.name}"
    ):
        for body in page.items:
            # A deleted object of our name may have left revisions that are not collected yet.
            revision = Revision.from_body(body) if is_child_of(facts.observed, body) else None
            found += [replace(revision, watched=is_managed(body))] if revision else []
    return in_order(found)


def _is_changing(facts: Facts, workload: Workload) -> bool:
    """Whether its pods come and go because of a rollout, or of a change that has only just begun."""
    history = facts.status.history
    return rollout_under_way(history) is not None or unrecorded(history, workload.change) is not None


async def _trouble(context: Context, facts: Facts) -> str | None:
    """What the pods say; asked only when Kubernetes itself says that something is wrong with them."""
    workload = facts.workload
    if workload is None or not workload.observed or workload.complete:
        return None
    if _is_changing(facts, workload) and not workload.deadline_exceeded:
        return None
    labels = f"{NAME_LABEL}={facts.observed.key.name},{REVISION_LABEL}={workload.identity}"
    pods = context.kube.pages(
        PODS, facts.observed.key.namespace, label_selector=labels, limit=_PODS_LOOKED_AT
    )
    async for page in pods:
        return trouble_in(page.items)
    return None
