"""Which children have to be written so that they are as they should be. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from slipway.kinds.deployment.drift import covers
from slipway.kinds.deployment.facts import Actions, Facts
from slipway.kinds.deployment.history import History, start_of
from slipway.kinds.deployment.rejected import Rejections
from slipway.kinds.deployment.revisions import Revision, surplus
from slipway.kinds.deployment.target import Target
from slipway.kinds.deployment.template import service, workload
from slipway.kinds.deployment.workload import CHANGE_ANNOTATION, RESOLVED_ANNOTATION, change_annotation

__all__ = ["children_to_write"]


def children_to_write(
    facts: Facts, target: Target, history: History, rejected: Rejections, stable: int | None
) -> Actions:
    """The writes that lead to the target; none when all is as it should be.

    Args:
        facts: what was read.
        target: the revision that shall run.
        history: with the change that begins in this run.
        rejected: with the rejection that begins in this run.
        stable: number of the revision that was healthy last.
    """
    revision = target.revision
    protected = _protected(facts, target, history, stable)
    prune = surplus(facts.revisions, facts.spec.revision_history_limit, protected)
    kept = [(known, rejected.get(known.inputs.digest)) for known in facts.revisions if known not in prune]
    restore = tuple((known, note) for known, note in kept if not known.stored and known is not revision)
    annotate = tuple(
        (known, note)
        for known, note in kept
        if known.stored and (known.rejected != note or not known.watched)
    )
    if revision is None:
        return Actions(restore=restore, annotate=annotate, prune=prune)
    wanted_service = service(facts.observed.key.name, revision.inputs) if revision.inputs.ports else None
    return Actions(
        restore=restore,
        revision=None if revision.stored else revision,
        annotate=annotate,
        service=_unless_covered(facts.service, wanted_service, is_watched="Service" not in facts.unwatched),
        workload=_unless_covered(
            facts.workload.body if facts.workload else None,
            _workload(facts, revision, history),
            is_watched="Deployment" not in facts.unwatched,
        ),
        drop_service=facts.service is not None and wanted_service is None,
        prune=prune,
    )


def _workload(facts: Facts, revision: Revision, history: History) -> dict[str, Any]:
    annotations = {CHANGE_ANNOTATION: change_annotation(start_of(history[0]))}
    if facts.resolution is not None:
        annotations[RESOLVED_ANNOTATION] = str(facts.resolution)
    return workload(facts.observed.key.name, revision, facts.spec, annotations)


def _unless_covered(
    live: Mapping[str, Any] | None, wanted: Mapping[str, Any] | None, *, is_watched: bool
) -> Mapping[str, Any] | None:
    """What is wanted; None where that is what there is, and its changes are heard of."""
    is_so = wanted is None or (live is not None and is_watched and covers(live, wanted))
    return None if is_so else wanted


def _protected(facts: Facts, target: Target, history: History, stable: int | None) -> frozenset[int]:
    """Numbers that are never pruned: what runs or shall run, was healthy last, and where a rollback leads."""
    numbers = {history[0].revision} if history else set()
    if stable is not None:
        numbers.add(stable)
    if facts.spec.rollback_to is not None:
        numbers.add(facts.spec.rollback_to.revision)
    if target.revision is not None:
        numbers.add(target.revision.number)
    return frozenset(numbers)
