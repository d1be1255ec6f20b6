"""What a Deployment costs the API server: its children and its status, and nothing when nothing happens."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.api import resource_path
from dev.audit import Request
from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.cluster.kinds.deployment.apps import Apps
from tests.support.cluster import FAST
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
        assert own_writes(cluster, apps, settled) == []

        asked = datetime.now(UTC)
        moment = apps.ask()
        apps.wait(lambda body: moment in str((body or {})["status"].get("handledRequests")))
        assert [write.subresource for write in own_writes(cluster, apps, asked)] == ["status"]


def own_writes(cluster: Cluster, apps: Apps, since: datetime) -> list[Request]:
    """What the operator wrote into the namespace of this test."""
    writes = cluster.audit.writes((since, datetime.now(UTC))).objects
    return [write for write in writes if write.namespace == apps.namespace]


def wait_until_read(cluster: Cluster, apps: Apps, since: datetime) -> None:
    """Wait until the operator has looked at the children."""
    path = resource_path("apps/v1", "controllerrevisions", apps.namespace)

    def looked(_: Body | None) -> bool:
        requests = cluster.audit.requests((since, datetime.now(UTC)), user_agent_prefix="slipway/")
        return any(request.uri.startswith(path) for request in requests)

    apps.api.wait_for(path, looked)
