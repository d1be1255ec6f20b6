"""What is left when a status, or everything but the manifests, is lost."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from dev.cluster import Cluster
from tests.cluster.kinds.deployment.apps import Apps, healthy
from tests.support.cluster import Kubectl, new_namespace
from tests.support.objects import Objects

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

HTTP = [{"name": "http", "containerPort": 8080, "servicePort": 80}]


@pytest.fixture
def elsewhere(cluster: Cluster, apps: Apps) -> Iterator[Apps]:
    """Another namespace, with the same registry."""
    for namespace in new_namespace(cluster, "test"):
        yield Apps(Objects(cluster.api, namespace), apps.registry)


def test_a_lost_status_is_written_anew(apps: Apps) -> None:
    """Revision numbers, the rollback that holds and what it rejected are known from the children."""
    _, first = apps.run("1")
    second = apps.push("2")
    apps.change(image=apps.reference("2"))
    apps.wait(healthy(2, second))
    apps.change(rollbackTo={"revision": 1, "reason": "slow"})
    before = apps.wait_ready("True", "RolledBack")["status"]
    # The workload remembers its last change alone: from here on only the ControllerRevision tells the rest.
    apps.change(replicas=2)
    apps.wait(lambda body: (body or {})["status"].get("readyReplicas") == 2)

    path = apps.objects.path("deployments", "api")
    apps.api.replace(f"{path}/status", {**apps.api.get(path), "status": {}})
    found = apps.wait(lambda body: "rejected" in (body or {})["status"])
    assert found["status"]["rejected"] == before["rejected"]
    assert found["status"]["revision"]["current"] == 1
    assert found["status"]["history"][0]["action"] == "Scale"

    apps.change(rollbackTo=None)
    found = apps.wait_ready("True", "DigestRejected")
    assert apps.image().endswith(first)
    apps.change(args=["-v"])
    apps.wait(healthy(3, first))


def test_an_exported_deployment_works_in_an_empty_namespace(
    apps: Apps, elsewhere: Apps, cluster: Cluster, kubectl: Kubectl
) -> None:
    """As `kubectl get -o yaml` shows it, without what the API server gives to each new object."""
    _, digest = apps.run(ports=HTTP, replicas=2, args=["-v"])
    exported = json.loads(kubectl("get", "sdep", "api", "-o", "json"))
    exported["metadata"] = {"name": "api", "annotations": exported["metadata"].get("annotations") or {}}

    cluster.kubectl("-n", elsewhere.namespace, "apply", "-f", "-", stdin=json.dumps(exported))

    found = elsewhere.wait(healthy(1, digest))
    assert found["status"]["readyReplicas"] == 2
    assert elsewhere.image() == apps.image()
    assert elsewhere.child("services") is not None
