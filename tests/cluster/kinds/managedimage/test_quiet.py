"""What ManagedImages cost the API server when nothing happens."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.image_composer import run
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.cluster import FAST
from tests.support.objects import Objects

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.test_bed]

STATES = {"api": "Current", "manual": "Outdated", "run": "RunNeedsAllow", "lost": "WarehouseNotReady"}
QUICK_RESYNC = {**FAST, "SLIPWAY_RESYNC_INTERVAL": "2s"}


def reason_of(objects: Objects, name: str) -> str:
    conditions = objects.api.get(objects.path("managedimages", name)).get("status", {}).get("conditions", [])
    return next((str(one["reason"]) for one in conditions if one["type"] == "Ready"), "")


def wait_for_reason(objects: Objects, name: str, reason: str) -> None:
    """Wait until Ready has this reason."""
    objects.wait("managedimages", name, lambda _: reason_of(objects, name) == reason)


def wait_for_looks(cluster: Cluster, objects: Objects, count: int) -> None:
    """Wait until the operator has read the images so many times more."""
    before = _looks(cluster, objects.namespace)
    objects.wait("managedimages", "api", lambda _: _looks(cluster, objects.namespace) >= before + count)


def test_settled_images_write_nothing_in_any_state(
    cluster: Cluster, objects: Objects, namespace: str, tmp_path: Path
) -> None:
    """Current, Outdated, refused, or a base that is not found: looks and restarts change nothing."""
    shelf = Shelf(cluster.registry_url, namespace)
    with OperatorProcess(cluster, environment=QUICK_RESYNC, log=tmp_path / "operator.log") as operator:
        first = shelf.push_base("1")
        for name in STATES:
            layer = {"/app/server": name}
            shelf.push_app(first, [run("make install", layer)], name)
        watch_base(objects, shelf)
        manage(objects, shelf, "api", allow_run=True)
        manage(objects, shelf, "manual", rebuild={"policy": "Manual"})
        manage(objects, shelf, "run")
        manage(objects, shelf, "lost", bases=[{"reference": f"{shelf.base}:elsewhere"}])
        for name in ("api", "manual", "run"):
            objects.wait("managedimages", name, stands_on(first))
        second = shelf.push_base("2")
        objects.wait("managedimages", "api", stands_on(second))
        for name, reason in STATES.items():
            wait_for_reason(objects, name, reason)

        settled = datetime.now(UTC)
        for _ in range(2):
            wait_for_looks(cluster, objects, 8)
            operator.stop()
            operator.start()
            operator.wait_ready()

        writes = cluster.audit.writes((settled, datetime.now(UTC))).within(namespace)
        assert (str(writes), writes.events) == ("no writes", ())


def _looks(cluster: Cluster, namespace: str) -> int:
    """Reads of the images by the operator: each is one run."""
    requests = cluster.audit.requests(user_agent_prefix="slipway/")
    reads = (one for one in requests if one.verb == "get" and one.namespace == namespace)
    return sum(one.name in STATES for one in reads)
