"""What a change of a child tells its owner: something new, only other counts, or nothing. Pure.

A rollout changes its apps/v1 Deployment a dozen times, and a Job is written six times while it runs. Were its
owner to look each time, most of its looks would find nothing to do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from slipway.engine.view import Urgency, hash_status
from slipway.kube.resources import APPS_DEPLOYMENTS, JOBS, Resource

__all__ = ["Told", "told_by"]

_Body: TypeAlias = Mapping[str, Any]

_COUNTS: Final = ("replicas", "updatedReplicas", "readyReplicas", "availableReplicas")
"""In a status; they change one by one while pods come and go."""

_ENDS: Final = ("Complete", "Failed")
"""Conditions of a Job that is over."""

_TROUBLES: Final = (("Progressing", "False"), ("ReplicaFailure", "True"))
"""Conditions of a Deployment whose rollout was given up, or whose pods are refused."""


class Told(NamedTuple):
    """What a child tells; of the hashes only changes count."""

    news: bytes
    """Hash of what its owner looks at at once."""

    counts: bytes = b""
    """Hash of what may wait until more of it has come."""

    is_complete: bool = False
    """Whether nothing more is to come: where it begins to be so, its owner looks at once, too."""

    def urgency(self, before: Told) -> Urgency:
        """How soon the owner has to look, where this was told before."""
        if self.news != before.news or (self.is_complete and not before.is_complete):
            return Urgency.AT_ONCE
        return Urgency.NONE if self == before else Urgency.SOON


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
    """Whether it is over, or is meant to go: how it runs meanwhile is in no status.

    Conditions that foretell its end (`SuccessCriteriaMet`, `FailureTarget`) come a moment before it.
    """
    going = job["metadata"].get("deletionTimestamp")
    return Told(hash_status({"going": going, "over": [name for name in _ENDS if _says(job, name, "True")]}))


def _told_by_deployment(deployment: _Body) -> Told:
    """All that is wished of it and its troubles; counts, and how they are called, change on the way."""
    metadata, status = deployment["metadata"], deployment.get("status") or {}
    wanted = (deployment.get("spec") or {}).get("replicas", 1)
    counts = [status.get(name, 0) for name in _COUNTS]
    is_observed = status.get("observedGeneration", 0) >= metadata.get("generation", 0)
    news = {
        "labels": metadata.get("labels"),
        "annotations": metadata.get("annotations"),
        "owners": metadata.get("ownerReferences"),
        "going": metadata.get("deletionTimestamp"),
        "troubles": [condition for condition in _TROUBLES if _says(deployment, *condition)],
    }
    states = sorted(f"{one.get('type')} {one.get('status')}" for one in status.get("conditions") or ())
    return Told(
        news=hash_status(news),
        counts=hash_status({"counts": counts, "observed": is_observed, "states": states}),
        is_complete=is_observed and all(count == wanted for count in counts),
    )


def _says(body: _Body, name: str, answer: str) -> bool:
    conditions = (body.get("status") or {}).get("conditions") or ()
    return any((one.get("type"), one.get("status")) == (name, answer) for one in conditions)
