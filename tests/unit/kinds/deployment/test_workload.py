"""What the apps/v1 Deployment tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from slipway.api.deployment import HistoryEntry
from slipway.kinds.deployment.workload import Resolution, Workload, change_annotation

DIGEST = "sha256:" + "a" * 64
CHANGE = HistoryEntry(
    revision=2,
    action="Update",
    old_image="a@sha256:1",
    new_image="a@sha256:2",
    old_replicas=0,
    new_replicas=3,
    started_at=datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
    cause="ManagedImage api: build 2",
)
DONE = {
    "observedGeneration": 4,
    "replicas": 3,
    "updatedReplicas": 3,
    "readyReplicas": 3,
    "availableReplicas": 3,
}


def body(
    status: dict[str, Any] | None = None, *, annotations: dict[str, str] | None = None
) -> dict[str, Any]:
    """A live object."""
    return {
        "metadata": {"uid": "u", "generation": 4, "annotations": annotations or {}},
        "spec": {"replicas": 3, "template": {"metadata": {"labels": {"slipway.dev/revision": "abc"}}}},
        "status": status,
    }


def test_change_comes_back_from_the_annotation() -> None:
    """Exactly, so that the history knows it again."""
    annotations = {
        "slipway.dev/change": change_annotation(CHANGE),
        "slipway.dev/resolved": str(Resolution("a:1", DIGEST)),
    }
    workload = Workload.from_body(body(annotations=annotations))

    assert workload.change == CHANGE
    assert workload.resolution == ("a:1", DIGEST)
    assert (workload.uid, workload.identity, workload.wanted) == ("u", "abc", 3)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"revision": 1}', "null"])
def test_damaged_annotations_are_ignored(text: str) -> None:
    """The status is the only witness then."""
    workload = Workload.from_body(
        body(annotations={"slipway.dev/change": text, "slipway.dev/resolved": text})
    )

    assert workload.change is None
    assert workload.resolution is None


@pytest.mark.parametrize(
    ("change", "complete"),
    [
        ({}, True),
        ({"observedGeneration": 3}, False),
        ({"replicas": 4}, False),
        ({"updatedReplicas": 2}, False),
        ({"availableReplicas": 2}, False),
    ],
)
def test_complete(change: dict[str, int], complete: bool) -> None:
    """All pods new, available and alone, and the counts of the manifest of now."""
    assert Workload.from_body(body({**DONE, **change})).complete is complete


def test_nothing_is_known_before_the_first_status() -> None:
    """No counts, no verdict."""
    workload = Workload.from_body(body())

    assert not workload.observed
    assert not workload.complete
    assert not workload.deadline_exceeded
    assert workload.replica_failure is None


def test_verdicts_of_kubernetes() -> None:
    """They count only when they speak of the manifest of now."""
    aspects = [
        {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"},
        {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate", "message": "quota"},
    ]
    now = Workload.from_body(body({"observedGeneration": 4, "conditions": aspects}))
    before = Workload.from_body(body({"observedGeneration": 3, "conditions": aspects}))

    assert (now.deadline_exceeded, now.replica_failure) == (True, "quota")
    assert (before.deadline_exceeded, before.replica_failure) == (False, None)
