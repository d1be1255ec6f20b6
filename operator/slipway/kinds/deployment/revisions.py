"""Revisions: each a `ControllerRevision` of apps/v1 with inputs and the pod template made of them. Pure.

A revision is found by its identity, the hash of its inputs, and keeps its number for life: going back to
earlier inputs is going back to their revision. The pod template is stored as it was rendered, and run as it
is stored, so that an operator that renders differently replaces no pod.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import ValidationError

from slipway.api.deployment import HistoryEntry, RejectedDigest
from slipway.kinds.deployment.inputs import Inputs, identity_of

__all__ = [
    "CAUSE_ANNOTATION",
    "REJECTED_ANNOTATION",
    "Revision",
    "in_order",
    "next_number",
    "ran",
    "surplus",
    "with_identity",
    "with_number",
]

CAUSE_ANNOTATION: Final = "slipway.dev/cause"
"""On a ControllerRevision: what led to it."""

REJECTED_ANNOTATION: Final = "slipway.dev/rejected"
"""On a ControllerRevision whose digest is rejected: the entry of `status.rejected`, as JSON."""


@dataclass(frozen=True, slots=True)
class Revision:
    """One revision, stored or still to be stored."""

    number: int
    identity: str
    inputs: Inputs
    template: Mapping[str, Any]
    """The pod template."""

    cause: str = ""
    rejected: RejectedDigest | None = None
    """The rejection of its digest, as its annotation has it."""

    body: Mapping[str, Any] | None = None
    """The live ControllerRevision; None while there is none."""

    watched: bool = True
    """Whether it has the label by which changes of it are heard of."""

    @property
    def stored(self) -> bool:
        """Whether there is a ControllerRevision."""
        return self.body is not None

    @classmethod
    def from_body(cls, body: Mapping[str, Any]) -> Revision | None:
        """Read a live ControllerRevision; None when it is not one that Slipway can run."""
        metadata, data = body["metadata"], body.get("data") or {}
        annotations = metadata.get("annotations") or {}
        try:
            inputs, template = Inputs.from_json(data["inputs"]), data["template"]
            # In `data`, which nobody can change. `revision` beside it is for kubectl alone.
            number = int(data["number"])
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
        return cls(
            number=number,
            identity=identity_of(inputs),
            inputs=inputs,
            template=template,
            cause=annotations.get(CAUSE_ANNOTATION, ""),
            rejected=_rejection(annotations.get(REJECTED_ANNOTATION)),
            body=body,
        )


def _rejection(text: str | None) -> RejectedDigest | None:
    if text is None:
        return None
    try:
        return RejectedDigest.model_validate(json.loads(text))
    except (ValueError, ValidationError):
        return None


def in_order(revisions: Iterable[Revision]) -> tuple[Revision, ...]:
    """By number, the oldest first."""
    return tuple(sorted(revisions, key=lambda revision: revision.number))


def with_number(revisions: Iterable[Revision], number: int | None) -> Revision | None:
    """The revision of this number, where it is kept."""
    return next((revision for revision in revisions if revision.number == number), None)


def with_identity(revisions: Iterable[Revision], identity: str) -> Revision | None:
    """The revision of this identity, where it is kept."""
    return next((revision for revision in revisions if revision.identity == identity), None)


def ran(revisions: Iterable[Revision], digest: str) -> bool:
    """Whether a kept revision has this digest."""
    return any(revision.inputs.digest == digest for revision in revisions)


def next_number(revisions: Iterable[Revision], history: Iterable[HistoryEntry], known: int) -> int:
    """The number of a new revision: above all that are kept, that the history names, and `known`."""
    numbers = [revision.number for revision in revisions] + [entry.revision for entry in history]
    return max([*numbers, known]) + 1


def surplus(revisions: Sequence[Revision], limit: int, protected: Collection[int]) -> tuple[Revision, ...]:
    """The revisions to delete: all but the newest `limit`, leaving aside the protected numbers."""
    others = [revision for revision in revisions if revision.number not in protected]
    return tuple(sorted(others, key=lambda revision: revision.number, reverse=True)[limit:])
