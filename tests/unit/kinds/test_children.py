"""Which changes of children concern their owners, and how soon."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from slipway.engine.view import Urgency
from slipway.kinds.children import child_parser
from slipway.kube.resources import APPS_DEPLOYMENTS, JOBS, SERVICES, Resource

METADATA = {"namespace": "shop", "name": "api", "uid": "u", "resourceVersion": "17", "generation": 2}

ROLLED_OUT = {
    "observedGeneration": 2,
    "replicas": 3,
    "updatedReplicas": 3,
    "readyReplicas": 3,
    "availableReplicas": 3,
    "conditions": [
        {"type": "Available", "status": "True", "reason": "MinimumReplicasAvailable"},
        {"type": "Progressing", "status": "True", "reason": "NewReplicaSetAvailable"},
    ],
}
PROGRESSING = {"type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated"}
ON_THE_WAY = {**ROLLED_OUT, "updatedReplicas": 1, "conditions": [PROGRESSING]}
COMPLETE = [{"type": "Complete", "status": "True"}]


def urgency(resource: Resource, before: dict[str, Any], after: dict[str, Any]) -> Urgency:
    """Of a change from one status to another."""
    parse = child_parser(resource)
    body = {"metadata": METADATA, "spec": {"replicas": 3}, "status": before}
    changed = {**copy.deepcopy(body), "status": after}
    return parse(changed).concerns_owner(parse(body))


JOB_CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], Urgency]] = {
    "a pod was made": ({}, {"active": 1, "startTime": "2026-11-21T09:00:00Z"}, Urgency.NONE),
    "its pod runs": ({"active": 1}, {"active": 1, "ready": 1}, Urgency.NONE),
    "its pod is over, and not counted yet": (
        {"active": 1},
        {"uncountedTerminatedPods": {"succeeded": ["x"]}},
        Urgency.NONE,
    ),
    "a condition that is not true": (
        {},
        {"conditions": [{"type": "Suspended", "status": "False"}]},
        Urgency.NONE,
    ),
    "its pods did what they should, and are counted": (
        {"active": 1},
        {"conditions": [{"type": "SuccessCriteriaMet", "status": "True"}]},
        Urgency.NONE,
    ),
    "it is complete": ({"active": 1}, {"succeeded": 1, "conditions": COMPLETE}, Urgency.AT_ONCE),
    "it failed": ({}, {"conditions": [{"type": "Failed", "status": "True"}]}, Urgency.AT_ONCE),
}


@pytest.mark.parametrize(("before", "after", "wanted"), JOB_CHANGES.values(), ids=JOB_CHANGES)
def test_job_concerns_its_image_at_its_end(
    before: dict[str, Any], after: dict[str, Any], wanted: Urgency
) -> None:
    """How it runs until then is looked at now and then."""
    assert urgency(JOBS, before, after) is wanted


def test_job_that_is_meant_to_go_concerns_its_image() -> None:
    """Somebody deletes it, and its pods get their time."""
    parse = child_parser(JOBS)
    going = {**METADATA, "deletionTimestamp": "2026-11-21T09:00:00Z"}
    assert parse({"metadata": going}).concerns_owner(parse({"metadata": METADATA})) is Urgency.AT_ONCE


WORKLOAD_CHANGES: dict[str, tuple[dict[str, Any], dict[str, Any], Urgency]] = {
    "another pod is ready": (ON_THE_WAY, {**ON_THE_WAY, "updatedReplicas": 2}, Urgency.SOON),
    "it was seen by its controller": ({**ON_THE_WAY, "observedGeneration": 1}, ON_THE_WAY, Urgency.SOON),
    "only a time": (
        ON_THE_WAY,
        {**ON_THE_WAY, "conditions": [{**PROGRESSING, "lastUpdateTime": "2026-11-21T09:00:00Z"}]},
        Urgency.NONE,
    ),
    "it goes on": (
        {**ON_THE_WAY, "conditions": [{**PROGRESSING, "reason": "FoundNewReplicaSet"}]},
        ON_THE_WAY,
        Urgency.NONE,
    ),
    "too few pods are available": (
        ON_THE_WAY,
        {**ON_THE_WAY, "conditions": [PROGRESSING, {"type": "Available", "status": "False"}]},
        Urgency.SOON,
    ),
    "the last pod is ready": (ON_THE_WAY, ROLLED_OUT, Urgency.AT_ONCE),
    "the manifest that is rolled out was seen": (
        {**ROLLED_OUT, "observedGeneration": 1},
        ROLLED_OUT,
        Urgency.AT_ONCE,
    ),
    "a pod is lost": (ROLLED_OUT, {**ROLLED_OUT, "availableReplicas": 2}, Urgency.SOON),
    "a rollout begins": (ROLLED_OUT, ON_THE_WAY, Urgency.SOON),
    "the deadline has passed": (
        ON_THE_WAY,
        {**ON_THE_WAY, "conditions": [{**PROGRESSING, "status": "False"}]},
        Urgency.AT_ONCE,
    ),
    "pods are refused": (
        ON_THE_WAY,
        {**ON_THE_WAY, "conditions": [PROGRESSING, {"type": "ReplicaFailure", "status": "True"}]},
        Urgency.AT_ONCE,
    ),
}


@pytest.mark.parametrize(("before", "after", "wanted"), WORKLOAD_CHANGES.values(), ids=WORKLOAD_CHANGES)
def test_workload_concerns_its_application(
    before: dict[str, Any], after: dict[str, Any], wanted: Urgency
) -> None:
    """At once when it becomes complete, or cannot; what changes on the way is gathered."""
    assert urgency(APPS_DEPLOYMENTS, before, after) is wanted


@pytest.mark.parametrize("field", ["labels", "annotations", "ownerReferences", "deletionTimestamp"])
def test_edit_of_a_workload_concerns_its_application_at_once(field: str) -> None:
    """Drift is repaired."""
    parse = child_parser(APPS_DEPLOYMENTS)
    value = [{"apiVersion": "v1", "kind": "ConfigMap"}] if field == "ownerReferences" else "x"
    edited = {**METADATA, field: value}
    assert parse({"metadata": edited}).concerns_owner(parse({"metadata": METADATA})) is Urgency.AT_ONCE


def test_every_change_of_other_children_concerns_their_owner() -> None:
    """They change seldom."""
    assert urgency(SERVICES, {}, {}) is Urgency.AT_ONCE
