"""Statuses on a real API server: every part of them is stored, shown and used by kubectl."""

from __future__ import annotations

from typing import Any, Final

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from slipway.api.crd import KINDS
from tests.support.cluster import Kubectl

pytestmark = pytest.mark.usefixtures("crds")

API: Final = "slipway.dev/v1alpha1"
AT: Final = "2026-11-21T09:00:00Z"
OLD: Final = "sha256:" + "a" * 64
NEW: Final = "sha256:" + "b" * 64
BASE: Final = "registry.example.com/base/runtime"
IMAGE: Final = "registry.example.com/shop/api"

SPECS: Final[dict[str, dict[str, Any]]] = {
    "Registry": {"url": "https://registry.example.com"},
    "Warehouse": {
        "subscriptions": [
            {
                "name": "image",
                "type": "Image",
                "image": {"repository": BASE, "policy": {"type": "Digest", "digest": {"tag": "stable"}}},
            }
        ]
    },
    "ManagedImage": {
        "image": {"repository": IMAGE, "tag": "1.4.0-{build}"},
        "bases": [{"warehouse": {"name": "base", "subscription": "image"}}],
        "build": {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}},
    },
    "Deployment": {"image": {"type": "ManagedImage", "managedImage": {"name": "api"}}, "replicas": 2},
}

PLAIN: Final[dict[str, Any]] = {"candidates": [], "rejected": {}, "seen": []}
"""What the model writes where there is nothing to tell."""

REASON: Final = {"type": "Base", "detail": f"{BASE}:stable moved", "since": AT}

COMMON: Final[dict[str, Any]] = {
    "observedGeneration": 1,
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "AllIsWell",
            "message": "It is as it should be",
            "observedGeneration": 1,
            "lastTransitionTime": AT,
        }
    ],
    "handledRequests": [{"verb": "reconcile", "at": AT, "result": "Done"}],
}

STATUSES: Final[dict[str, dict[str, Any]]] = {
    "Registry": {
        "phase": "Connected",
        "url": "https://registry.example.com",
        "lastSyncTime": AT,
        "capabilities": ["Catalog", "Referrers"],
        "repositories": 57,
        "rateLimit": {"state": "Ok"},
    },
    "Warehouse": {
        "artifacts": [
            {
                "name": "image",
                "image": {
                    "repository": BASE,
                    "tag": "stable",
                    "digest": NEW,
                    "createdAt": AT,
                    "pushedAt": AT,
                    "firstSeenAt": AT,
                    "platforms": [{"name": "linux/amd64", "digest": OLD}],
                    "ageUnknown": True,
                },
                "problem": {"reason": "Timeout", "message": "No answer", "stalled": True},
                "candidates": ["stable"],
                "rejected": {"NotMatching": 812},
                "tags": 834,
                "seen": [{"digest": NEW, "at": AT}],
                "nextMaturityAt": AT,
            },
            {
                "name": "source",
                "git": {
                    "url": "https://git.example.com/shop/api",
                    "ref": "main",
                    "commit": "c" * 40,
                    "message": "Mend it",
                    "author": "Ada",
                    "createdAt": AT,
                    "firstSeenAt": AT,
                    "passedOver": "d" * 40,
                },
                **PLAIN,
            },
            {
                "name": "chart",
                "chart": {
                    "url": "https://charts.example.com",
                    "name": "api",
                    "version": "2.1.0",
                    "digest": NEW,
                    "appVersion": "1.4",
                    "createdAt": AT,
                    "firstSeenAt": AT,
                },
                **PLAIN,
            },
        ],
        "release": "3f9c1e",
        "history": [
            {"name": "image", "from": f"stable@{OLD}", "to": f"stable@{NEW}", "at": AT, "cause": "Poll"}
        ],
    },
    "ManagedImage": {
        "phase": "Outdated",
        "image": {"reference": f"{IMAGE}:1.4.0-7", "digest": OLD, "createdAt": AT, "build": 7},
        "source": {
            "digest": OLD,
            "baseDigest": OLD,
            "commit": "c" * 40,
            "builtCommit": "c" * 40,
            "builtConfiguration": "0" * 16,
            "disputes": ["the Dockerfile says one thing, the label another"],
            "toldDigest": OLD,
        },
        "bases": [
            {
                "reference": f"{BASE}:stable",
                "uses": [{"stage": "0", "kind": "Final"}],
                "toldBy": "Provenance",
                "builtDigest": OLD,
                "latestDigest": NEW,
                "warehouse": "base",
                "changedAt": AT,
            }
        ],
        "rebuild": {
            "message": "waits for its turn",
            "reasons": [REASON],
            "blockedBy": [f"{BASE}:stable"],
            "attempts": 2,
            "tried": ["0" * 32],
        },
        "numbersAbove": 6,
        "graph": {"depth": 1, "dependents": 2, "cycle": ["api", "web"]},
        "builds": [
            {
                "number": 8,
                "key": "2" * 32,
                "phase": "Building",
                "reference": f"{IMAGE}:1.4.0-8",
                "reasons": [REASON],
                "requestedBy": "ada@example.com",
                "startedAt": AT,
                "method": "Build",
                "attempts": 2,
                "failures": 1,
                "run": {"id": "1000", "url": "https://git.example.com/shop/api/actions/runs/1000"},
                "pipeline": {
                    "type": "Gitea",
                    "url": "https://git.example.com",
                    "project": "shop/api",
                    "workflow": "image.yml",
                    "ref": "main",
                    "secret": "gitea",
                },
                "commit": "c" * 40,
                "configuration": "0" * 16,
                "bases": [{"reference": "registry.example.com/base/python:3.12", "digest": NEW}],
            },
            {
                "number": 7,
                "key": "1" * 32,
                "phase": "Succeeded",
                "reference": f"{IMAGE}:1.4.0-7",
                "reasons": [REASON],
                "startedAt": AT,
                "finishedAt": AT,
                "method": "Rebase",
                "sourceDigest": OLD,
                "bases": [{"reference": "registry.example.com/base/python:3.12", "digest": OLD}],
                "digest": OLD,
                "sameAs": OLD,
                "message": "Rebased",
            },
        ],
    },
    "Deployment": {
        "phase": "Healthy",
        "message": "2 of 2 pods are ready",
        "replicas": 2,
        "readyReplicas": 1,
        "selector": "slipway.dev/owner-name=x",
        "revision": {"current": 4, "stable": 3},
        "image": {"reference": f"{IMAGE}:1.4.0-7", "digest": NEW},
        "history": [
            {
                "revision": 4,
                "action": "Update",
                "oldImage": f"{IMAGE}@{OLD}",
                "newImage": f"{IMAGE}@{NEW}",
                "oldReplicas": 1,
                "newReplicas": 2,
                "startedAt": AT,
                "finishedAt": AT,
                "outcome": "Failed",
                "error": "The progress deadline of 10m was exceeded",
                "cause": "ManagedImage api, build 7",
            }
        ],
        "rejected": [{"digest": OLD, "reason": "Rolled back", "since": AT}],
    },
}
"""A status of each kind in which no field is missing."""

WIDTHS: Final = {
    "Registry": "NAME TYPE URL PHASE REPOSITORIES READY REASON AGE",
    "Warehouse": "NAME IMAGE TAG READY REASON AGE",
    "ManagedImage": "NAME PHASE IMAGE BUILD READY REASON AGE",
    "Deployment": "NAME PHASE IMAGE REVISION WANTED UP READY REASON AGE",
}
ROWS: Final = {
    "Registry": "x Generic https://registry.example.com Connected 57 True AllIsWell",
    "Warehouse": f"x {BASE} stable True AllIsWell",
    "ManagedImage": f"x Outdated {IMAGE}:1.4.0-7 7 True AllIsWell",
    "Deployment": f"x Healthy {IMAGE}:1.4.0-7 4 2 1 True AllIsWell",
}

each_kind = pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)


def stored_with_status(cluster: Cluster, namespace: str, kind: Any) -> dict[str, Any]:
    """An object of the kind, named x, after its status was applied."""
    name, plural = kind.__name__, kind.declaration.plural
    body = {"apiVersion": API, "kind": name, "metadata": {"name": "x"}, "spec": SPECS[name]}
    cluster.api.create(resource_path(API, plural, namespace), body)
    status = {"apiVersion": API, "kind": name, "status": {**COMMON, **STATUSES[name]}}
    path = resource_path(API, plural, namespace, "x")
    return cluster.api.apply(f"{path}/status", status, manager="test")


@each_kind
def test_a_status_is_stored_whole(cluster: Cluster, namespace: str, kind: Any) -> None:
    """Nothing is pruned, and writing a status leaves the generation alone."""
    stored = stored_with_status(cluster, namespace, kind)
    assert stored["status"] == {**COMMON, **STATUSES[kind.__name__]}
    assert stored["metadata"]["generation"] == 1


@each_kind
def test_the_model_reads_and_writes_the_same(cluster: Cluster, namespace: str, kind: Any) -> None:
    """A live object goes through its model without a change, so no field of a status is forgotten above."""
    stored = stored_with_status(cluster, namespace, kind)
    model = kind.model_validate(stored)
    assert model.status.model_dump(mode="json", by_alias=True, exclude_none=True) == stored["status"]
    assert {name for name, value in model.status if value is None} == set()


@each_kind
def test_kubectl_get_tells_the_story(cluster: Cluster, namespace: str, kind: Any, kubectl: Kubectl) -> None:
    """One row says what it is, how it is, and why."""
    stored_with_status(cluster, namespace, kind)
    heading, row = kubectl("get", kind.declaration.short_name).splitlines()
    assert heading.split() == WIDTHS[kind.__name__].split()
    assert row.split()[:-1] == ROWS[kind.__name__].split()
    assert "It is as it should be" in kubectl("get", kind.declaration.short_name, "-o", "wide")


def test_phases_can_be_selected(cluster: Cluster, namespace: str, kubectl: Kubectl) -> None:
    """`kubectl get --field-selector` finds what needs a look."""
    (deployment,) = (kind for kind in KINDS if kind.__name__ == "Deployment")
    stored_with_status(cluster, namespace, deployment)
    assert kubectl("get", "sdep", "--field-selector=status.phase=Healthy", "-o", "name").strip()
    assert not kubectl("get", "sdep", "--field-selector=status.phase=Degraded", "-o", "name").strip()


def test_kubectl_scale_sets_the_replicas(cluster: Cluster, namespace: str, kubectl: Kubectl) -> None:
    """And an autoscaler reads the pods that exist and how to find them."""
    (deployment,) = (kind for kind in KINDS if kind.__name__ == "Deployment")
    stored_with_status(cluster, namespace, deployment)
    kubectl("scale", "sdep", "x", "--replicas=5")
    scale = cluster.api.get(resource_path(API, "deployments", namespace, "x") + "/scale")
    assert scale["spec"] == {"replicas": 5}
    assert scale["status"] == {"replicas": 2, "selector": "slipway.dev/owner-name=x"}
