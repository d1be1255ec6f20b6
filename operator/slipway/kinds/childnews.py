"""What a change of a child tells its owner: something new, only other counts, or nothing. Pure.

A rollout changes its apps/v1 Deployment a dozen times, and a Job is written six times while it runs. Were its
owner to look each time, most of its looks would find nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from slipway.engine.view import hash_status
from slipway.kube.resources import APPS_DEPLOYMENTS, JOBS, Resource

__all__ = ["Told", "told_by"]

_Body: TypeAlias = Mapping[str, Any]

_COUNTS: Final = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
"""In a status; they change one by one while pods come and go."""


class Told(NamedTuple):
    """What a child tells, as hashes: only their changes count."""

    news: bytes
    """What its owner looks at at once."""

    counts: bytes
    """What may wait until more of it has come."""


def told_by(resource: Resource) -> Callable[[_Body], Told] | None:
    """How children of a kind are read; None where every new version of one counts."""
    match resource:
        case resource if resource == JOBS:
            return _told_by_job
        case resource if resource == APPS_DEPLOYMENTS:
            return _told_by_deployment
        case _:
            return None


def _told_by_job(job: _Body) -> Told:
    """Whether it is over, or is meant to go: how it runs meanwhile is in no status."""
    going = job["metadata"].get("deletionTimestamp")
    return Told(hash_status({"going": going, "over": list(_true_conditions(job))}), b"")


def _told_by_deployment(deployment: _Body) -> Told:
    """All that is wished of it and said of it, but for the counts on the way to completeness."""
    metadata, status = deployment["metadata"], deployment.get("status") or {}
    wanted = (deployment.get("spec") or {}).get("replicas", 1)
    counts = [status.get(name, 0) for name in _COUNTS]
    conditions = [
        [one.get(field) for field in ("type", "status", "reason")] for one in status.get("conditions") or ()
    ]
    news = {
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "owners": metadata.get("ownerReferences"),
        "going": metadata.get("deletionTimestamp"),
        "complete": all(count == wanted for count in counts),
        "conditions": sorted(conditions, key=str),
    }
    return Told(
        hash_status(news), hash_status({"counts": counts, "observed": status.get("observedGeneration")})
    )


def _true_conditions(body: _Body) -> Iterator[str]:
    for condition in (body.get("status") or {}).get("conditions") or ():
        if condition.get("status") == "True":
            yield condition["type"]
