"""Bringing the children about, in an order in which any write may be the last before a crash."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from slipway.api.conditions import Reason
from slipway.api.deployment import RejectedDigest
from slipway.engine.outcome import Stalled
from slipway.kinds.context import Context
from slipway.kinds.deployment.decide import being_removed, decide, stop
from slipway.kinds.deployment.drift import clashes
from slipway.kinds.deployment.facts import Actions, DeploymentPlan, Facts
from slipway.kinds.deployment.revisions import REJECTED_ANNOTATION, Revision, in_order
from slipway.kinds.deployment.template import controller_revision
from slipway.kinds.deployment.workload import Workload
from slipway.kube.children import child_name
from slipway.kube.errors import Conflict, Invalid, LeftOver, NameConflict
from slipway.kube.resources import APPS_DEPLOYMENTS, CONTROLLERREVISIONS, SERVICES, Resource
from slipway.kube.watched import MANAGED_LABEL

__all__ = ["apply"]


async def apply(context: Context, facts: Facts, plan: DeploymentPlan) -> DeploymentPlan:
    """Write the children; the plan that is returned tells of what came of it.

    Raises:
        StaleWrite: when a child changed or went since it was read.
        KubeError: when the API server refused a write for any reason but a name or an invalid field.
    """
    if plan.actions.nothing or plan.actions.now is None:
        return plan
    try:
        after = await _write_children(context, facts, plan.actions)
    except LeftOver as error:
        return stop(facts, being_removed(str(error)))
    except NameConflict as error:
        return stop(facts, Stalled(Reason.NAME_CONFLICT, str(error)))
    except Invalid as error:
        return stop(facts, Stalled(Reason.INVALID_SPEC, str(error)))
    return decide(after, plan.actions.now)


async def _write_children(context: Context, facts: Facts, actions: Actions) -> Facts:
    """A revision before what runs it, and a rejection before the rollback that it comes from."""
    for revision, rejected in actions.restore:
        facts = _with_revision(facts, await _store(context, facts, revision, rejected))
    if actions.revision is not None:
        facts = _with_revision(facts, await _store(context, facts, actions.revision))
    for revision, rejected in actions.annotate:
        facts = _with_revision(facts, await _annotate(context, facts, revision, rejected))
    if actions.service is not None:
        body = await _ensure(context, facts, SERVICES, facts.service, actions.service)
        facts = replace(facts, service=body, unwatched=facts.unwatched - {"Service"})
    if actions.workload is not None:
        live = facts.workload.body if facts.workload else None
        body = await _ensure(context, facts, APPS_DEPLOYMENTS, live, actions.workload)
        facts = replace(facts, workload=Workload.from_body(body), unwatched=facts.unwatched - {"Deployment"})
    if actions.drop_service:
        facts = await _drop_service(context, facts)
    for revision in actions.prune:
        facts = await _prune(context, facts, revision)
    return facts


async def _store(
    context: Context, facts: Facts, revision: Revision, rejected: RejectedDigest | None = None
) -> Revision:
    name = facts.observed.key.name
    wanted = controller_revision(child_name(name, revision.identity), name, revision, rejected)
    body = await context.children.create(facts.observed, CONTROLLERREVISIONS, wanted)
    stored = Revision.from_body(body)
    has_labels = wanted["metadata"]["labels"].items() <= (body["metadata"].get("labels") or {}).items()
    if stored is None or has_labels:
        return stored or revision
    # It was there, but not in the list: without its labels, and perhaps under another number.
    await _annotate(context, facts, stored, stored.rejected)
    msg = f"{CONTROLLERREVISIONS.kind} {body['metadata']['name']} had lost its labels"
    raise Conflict(msg, status=409)


async def _annotate(
    context: Context, facts: Facts, revision: Revision, rejected: RejectedDigest | None
) -> Revision:
    """Note on a revision that its digest is rejected, or no longer is, and give it back its labels.

    A patch and not an apply: the API server compares `data` byte by byte, so it refuses an apply whose JSON
    differs only in the order of its members.
    """
    assert revision.body is not None
    metadata = revision.body["metadata"]
    wanted = controller_revision(metadata["name"], facts.observed.key.name, revision, rejected)
    others = {name: text for name, text in _annotations(metadata).items() if name != REJECTED_ANNOTATION}
    operations = [
        _of_version(revision.body),
        {
            "op": "add",
            "path": "/metadata/annotations",
            "value": {**others, **_annotations(wanted["metadata"])},
        },
        {
            "op": "add",
            "path": "/metadata/labels",
            "value": {
                **(metadata.get("labels") or {}),
                **wanted["metadata"]["labels"],
                MANAGED_LABEL: "true",
            },
        },
    ]
    body = await context.children.patch(facts.observed, CONTROLLERREVISIONS, revision.body, operations)
    return Revision.from_body(body) or revision


def _annotations(metadata: Mapping[str, Any]) -> Mapping[str, str]:
    return metadata.get("annotations") or {}


async def _ensure(
    context: Context,
    facts: Facts,
    resource: Resource,
    live: Mapping[str, Any] | None,
    wanted: Mapping[str, Any],
) -> dict[str, Any]:
    if live is not None and (operations := list(clashes(live, wanted))):
        operations = [_of_version(live), *operations]
        live = await context.children.patch(facts.observed, resource, live, operations)
    return await context.children.ensure(facts.observed, resource, wanted, live=live)


def _of_version(live: Mapping[str, Any]) -> dict[str, Any]:
    """The operation that makes a patch fail where the object has changed since it was read."""
    version = live["metadata"]["resourceVersion"]
    return {"op": "replace", "path": "/metadata/resourceVersion", "value": version}


async def _drop_service(context: Context, facts: Facts) -> Facts:
    if facts.service is not None:
        await context.children.delete(facts.observed, SERVICES, facts.service)
    return replace(facts, service=None)


async def _prune(context: Context, facts: Facts, revision: Revision) -> Facts:
    if revision.body is not None:
        await context.children.delete(facts.observed, CONTROLLERREVISIONS, revision.body)
    return replace(facts, revisions=tuple(kept for kept in facts.revisions if kept is not revision))


def _with_revision(facts: Facts, stored: Revision) -> Facts:
    """The facts with a revision as it is now."""
    others = (known for known in facts.revisions if known.identity != stored.identity)
    return replace(facts, revisions=in_order((*others, stored)))
