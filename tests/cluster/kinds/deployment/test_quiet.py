"""What a Deployment costs the API server: its children and its status, and nothing when nothing happens."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.api import resource_path
from dev.audit import Request
from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.cluster.kinds.deployment.apps import Apps, healthy
from tests.support.cluster import FAST, Kubectl
from tests.support.objects import Body

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.test_bed]

HTTP = [{"name": "http", "containerPort": 8080, "servicePort": 80}]


def test_settled_objects_cost_no_write(apps: Apps, cluster: Cluster, tmp_path: Path) -> None:
    """Neither while nothing happens, nor by a restart, nor by a request beyond its answer."""
    with OperatorProcess(cluster, environment=FAST, log=tmp_path / "operator.log") as operator:
        begun = datetime.now(UTC)
        apps.run(ports=HTTP, resources={"limits": {"cpu": "1000m", "memory": "1024Mi"}})
        children = [write.resource for write in own_writes(cluster, apps, begun) if not write.subresource]
        assert sorted(children) == ["controllerrevisions.apps", "deployments.apps", "services"]

        apps.change(rollbackTo={"revision": 1})
        apps.wait_ready("True", "RolledBack")
        settled = datetime.now(UTC)
        operator.kill()
        operator.start()
        operator.wait_ready()
        wait_until_read(cluster, apps, settled)
        assert own_writes(cluster, apps, settled) == ()

        asked = datetime.now(UTC)
        be_looked_at(apps)
        assert [write.subresource for write in own_writes(cluster, apps, asked)] == ["status"]


def test_the_echo_of_an_own_write_costs_no_run(apps: Apps, cluster: Cluster, tmp_path: Path) -> None:
    """A deleted Service costs the one run that makes it anew."""
    with OperatorProcess(cluster, environment=FAST, log=tmp_path / "operator.log"):
        apps.run(ports=HTTP)
        be_looked_at(apps)  # so that nothing which Kubernetes did for the rollout is still to be heard
        path = apps.child_path("services")
        uid = apps.api.get(path)["metadata"]["uid"]
        deleted = datetime.now(UTC)
        apps.api.delete(path)
        apps.api.wait_for(path, lambda body: body is not None and body["metadata"]["uid"] != uid)
        # By the time that another one is healthy, the echo has long been heard.
        apps.create(apps.reference("1"), "other")
        apps.wait(healthy(1), "other")

        requests = cluster.audit.requests((deleted, datetime.now(UTC)), user_agent_prefix="slipway/")
    runs = [
        request
        for request in requests
        if (request.verb, request.resource, request.namespace, request.name)
        == ("get", "deployments.slipway.dev", apps.namespace, "api")
    ]
    assert len(runs) == 1


def test_what_others_add_stays_and_costs_nothing(
    apps: Apps, cluster: Cluster, kubectl: Kubectl, tmp_path: Path
) -> None:
    """A port and a limit where the spec has none are not ours, as with any server-side apply."""
    container = {"name": "app", "ports": [{"containerPort": 9090}], "resources": {"limits": {"cpu": "1"}}}
    patch = {"spec": {"template": {"spec": {"containers": [container]}}}}
    with OperatorProcess(cluster, environment=FAST, log=tmp_path / "operator.log"):
        apps.run()
        since = datetime.now(UTC)
        kubectl("patch", "deployment.apps", "api", "-p", json.dumps(patch))
        path = apps.child_path("deployments")
        apps.api.wait_for(path, lambda body: (body or {})["status"].get("observedGeneration") == 2)
        be_looked_at(apps)

        assert {write.subresource for write in own_writes(cluster, apps, since)} == {"status"}
    (found,) = apps.api.get(path)["spec"]["template"]["spec"]["containers"]
    assert (found["ports"][0]["containerPort"], found["resources"]) == (9090, {"limits": {"cpu": "1"}})


def be_looked_at(apps: Apps) -> None:
    """Ask for a reconcile, and wait until it is answered."""
    moment = apps.ask()
    apps.wait(lambda body: moment in str((body or {})["status"].get("handledRequests")))


def own_writes(cluster: Cluster, apps: Apps, since: datetime) -> tuple[Request, ...]:
    """What the operator wrote into the namespace of this test."""
    return cluster.audit.writes((since, datetime.now(UTC))).within(apps.namespace).objects


def wait_until_read(cluster: Cluster, apps: Apps, since: datetime) -> None:
    """Wait until the operator has looked at the children."""
    path = resource_path("apps/v1", "controllerrevisions", apps.namespace)

    def looked(_: Body | None) -> bool:
        requests = cluster.audit.requests((since, datetime.now(UTC)), user_agent_prefix="slipway/")
        return any(request.uri.startswith(path) for request in requests)

    apps.api.wait_for(path, looked)
