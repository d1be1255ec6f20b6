"""What the apps/v1 Deployment tells: what was last asked of it, and how far Kubernetes has come. Pure.

Two annotations on it make a crash harmless: they are written in the same request as the pod template, so that
the status of our own object can always be derived from what really happened.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pydantic import ValidationError
from typing_extensions import override

from slipway.api.deployment import HistoryEntry
from slipway.kinds.deployment.template import REVISION_LABEL
from slipway.oci.digest import is_digest

__all__ = [
    "CHANGE_ANNOTATION",
    "RESOLVED_ANNOTATION",
    "Resolution",
    "Workload",
    "change_annotation",
]

CHANGE_ANNOTATION: Final = "slipway.dev/change"
"""The entry of `status.history` that the manifest was last changed for, as JSON, as it was at its start."""

RESOLVED_ANNOTATION: Final = "slipway.dev/resolved"
"""`<reference> <digest>`: what `spec.image.reference` was resolved to when it changed."""


class Resolution(NamedTuple):
    """A reference and the digest that it was resolved to."""

    reference: str
    digest: str

    @override
    def __str__(self) -> str:
        return f"{self.reference} {self.digest}"


class Aspect(NamedTuple):
    """A condition of the apps/v1 Deployment."""

    status: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True)
class Workload:
    """The apps/v1 Deployment of an application."""

    body: Mapping[str, Any]
    """The live object."""

    identity: str
    """Of the revision that its pod template is of."""

    change: HistoryEntry | None
    resolution: Resolution | None
    wanted: int
    """Replicas that it is asked for."""

    observed: bool
    """Whether the counts below speak of the manifest as it is now."""

    replicas: int
    updated: int
    ready: int
    available: int
    aspects: Mapping[str, Aspect]

    @property
    def uid(self) -> str:
        """Its UID."""
        return str(self.body["metadata"]["uid"])

    @property
    def complete(self) -> bool:
        """Whether all pods are of the newest template and available, and no others are left."""
        return self.observed and self.wanted == self.updated == self.replicas == self.available

    @property
    def deadline_exceeded(self) -> bool:
        """Whether Kubernetes gave the rollout up."""
        progressing = self.aspects.get("Progressing")
        return self.observed and progressing is not None and progressing.reason == "ProgressDeadlineExceeded"

    @property
    def replica_failure(self) -> str | None:
        """Why pods cannot even be created: quota, admission, limits."""
        failure = self.aspects.get("ReplicaFailure")
        return failure.message if self.observed and failure is not None and failure.status == "True" else None

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Workload:
        """Read a live apps/v1 Deployment of ours."""
        metadata, spec, status = body["metadata"], body["spec"], body.get("status") or {}
        annotations = metadata.get("annotations") or {}
        labels = spec["template"]["metadata"].get("labels") or {}
        return cls(
            body=body,
            identity=labels.get(REVISION_LABEL, ""),
            change=_change(annotations.get(CHANGE_ANNOTATION)),
            resolution=_resolution(annotations.get(RESOLVED_ANNOTATION)),
            wanted=spec.get("replicas", 1),
            observed=status.get("observedGeneration", 0) >= metadata.get("generation", 0),
            replicas=status.get("replicas", 0),
            updated=status.get("updatedReplicas", 0),
            ready=status.get("readyReplicas", 0),
            available=status.get("availableReplicas", 0),
            aspects={
                item["type"]: Aspect(item["status"], item.get("reason", ""), item.get("message", ""))
                for item in status.get("conditions") or ()
            },
        )


def change_annotation(change: HistoryEntry) -> str:
    """The value of the annotation for a change."""
    return json.dumps(change.model_dump(mode="json", by_alias=True, exclude_none=True), sort_keys=True)


def _change(text: str | None) -> HistoryEntry | None:
    if text is None:
        return None
    try:
        return HistoryEntry.model_validate(json.loads(text))
    except (ValueError, ValidationError):
        # Somebody's edit: the status is the only witness then, and the next write puts it right.
        return None


def _resolution(text: str | None) -> Resolution | None:
    reference, _, digest = (text or "").partition(" ")
    return Resolution(reference, digest) if reference and is_digest(digest) else None
