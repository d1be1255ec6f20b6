"""What all four kinds together cost the API server once everything is as wanted: nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dev.api import resource_path
from dev.audit import Writes
from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.cluster import FAST
from tests.support.objects import Body, Objects

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.test_bed]

QUIET = timedelta(seconds=30)
STILL = timedelta(seconds=3)
OFTEN = {**FAST, "SLIPWAY_RESYNC_INTERVAL": "5s"}
"""Registry and Warehouse look every second, and all objects are decided anew several times meanwhile."""

KINDS = {"registries": "acme", "warehouses": "base", "managedimages": "api", "deployments": "api"}
READ = KINDS.keys() - {"warehouses"}
"""What is read for each decision; Warehouses are decided from what the watch brought."""


@pytest.fixture
def objects(cluster: Cluster, namespace: str) -> Objects:
    """The objects of this test's namespace."""
    return Objects(cluster.api, namespace)


@pytest.fixture
def running(cluster: Cluster, tmp_path: Path) -> Iterator[OperatorProcess]:
    """The operator, ready."""
    with OperatorProcess(cluster, environment=OFTEN, log=tmp_path / "operator.log") as operator:
        yield operator


def test_all_four_kinds_settled_write_nothing(
    cluster: Cluster, objects: Objects, running: OperatorProcess
) -> None:
    """Neither in 30 s of looks that find nothing new, nor by a restart; and no Event tells of nothing."""
    settle(cluster, objects)
    wait_for_last_event(cluster, objects)

    settled = datetime.now(UTC)
    # Silence is what is waited for.
    time.sleep(QUIET.total_seconds())
    restarted = datetime.now(UTC)
    assert read_since(cluster, objects, settled) >= READ
    running.stop()
    running.start()
    running.wait_ready()
    objects.wait("managedimages", "api", lambda _: read_since(cluster, objects, restarted) >= READ)

    writes = cluster.audit.writes((settled, datetime.now(UTC))).within(objects.namespace)
    assert (str(writes), told_of(objects, writes)) == ("no writes", [])


def told_of(objects: Objects, writes: Writes) -> list[str]:
    """What the Events among these writes say."""
    events = objects.api.get(resource_path("events.k8s.io/v1", "events", objects.namespace))["items"]
    named = {event["metadata"]["name"]: event for event in events}
    return [f"{named[one.name]['reason']}: {named[one.name]['note']}" for one in writes.events]


def settle(cluster: Cluster, objects: Objects) -> None:
    """A base that has moved, a build on it, and that build rolled out behind a Service."""
    shelf = Shelf(cluster.registry_url, objects.namespace)
    first = shelf.push_base("1")
    shelf.push_app(first)
    objects.registry("acme", shelf.url)
    watch_base(objects, shelf)
    image = {"repository": shelf.app(), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
    manage(objects, shelf, image=image)
    deploy(objects, image={"type": "ManagedImage", "managedImage": {"name": "api"}})
    objects.wait("managedimages", "api", stands_on(first))
    moved = shelf.push_base("2")
    built = objects.wait("managedimages", "api", stands_on(moved))
    objects.wait("deployments", "api", runs(built["status"]["image"]["digest"]))
    objects.wait_ready("registries", "acme", "Connected")
    objects.wait_ready("warehouses", "base", "ArtifactsFound")


def wait_for_last_event(cluster: Cluster, objects: Objects) -> None:
    """An Event is told after the status that it tells of was written, and so after that was seen."""

    def is_still(_: Body | None) -> bool:
        now = datetime.now(UTC)
        return not cluster.audit.writes((now - STILL, now)).within(objects.namespace).events

    objects.wait("deployments", "api", is_still)


def deploy(objects: Objects, **spec: Any) -> None:
    """Make a Deployment with a Service."""
    ports = [{"name": "http", "containerPort": 8080, "servicePort": 80}]
    body = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": {"ports": ports, **spec},
    }
    objects.api.create(objects.path("deployments"), body)


def runs(digest: str) -> Callable[[Body | None], bool]:
    """Whether a Deployment is healthy with this image."""

    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return status.get("phase") == "Healthy" and status["image"]["digest"] == digest

    return check


def read_since(cluster: Cluster, objects: Objects, since: datetime) -> set[str]:
    """The kinds whose object the operator has read since then: it was decided anew."""
    requests = cluster.audit.requests((since, datetime.now(UTC)), user_agent_prefix="slipway/")
    asked = {request.uri for request in requests if request.verb == "get"}
    return {plural for plural, name in KINDS.items() if objects.path(plural, name) in asked}
