"""What Warehouses and Registries cost the API server when nothing happens."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.support.cluster import FAST
from tests.support.objects import Objects
from tests.support.scripted_registry import Answer, ScriptedRegistry, denied, image, tags

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.test_bed]

DIGEST = "sha256:" + "a" * 64
SEMVER = {"type": "Semver", "semver": {"range": "*"}}


def steady(method: str, path: str) -> Answer:
    """A registry in which nothing ever happens."""
    if method == "HEAD":
        return image(DIGEST)
    if "/manifests/" in path:
        return denied()
    return tags("1.4.0") if path.partition("?")[0].endswith("tags/list") else Answer(200, {}, b"{}")


def wait_for_looks(server: ScriptedRegistry, objects: Objects, count: int) -> None:
    """Wait until the registry was asked for its list so many times more."""
    before = listings(server)
    objects.wait("warehouses", "api", lambda _: listings(server) >= before + count)


def listings(server: ScriptedRegistry) -> int:
    """How often the list was asked for."""
    return sum("tags/list" in line for line in server.requests)


@pytest.fixture
def own_operator(cluster: Cluster, tmp_path: Path) -> Callable[[], OperatorProcess]:
    """Makes an operator that the test starts and stops itself."""
    return lambda: OperatorProcess(cluster, environment=FAST, log=tmp_path / "operator.log")


def test_looks_that_find_nothing_new_write_nothing(
    cluster: Cluster, objects: Objects, own_operator: Callable[[], OperatorProcess]
) -> None:
    """Neither while it runs nor after a restart, in which all was settled; and they read no Warehouse."""
    with ScriptedRegistry(steady) as server, own_operator() as operator:
        objects.registry("steady", server.url)
        objects.warehouse("api", f"{server.host}/shop/api", SEMVER)
        objects.wait_ready("registries", "steady", "Connected")
        objects.wait_ready("warehouses", "api", "ArtifactsFound")

        settled = datetime.now(UTC)
        wait_for_looks(server, objects, 3)
        operator.stop()
        operator.start()
        operator.wait_ready()
        wait_for_looks(server, objects, 3)

        until = datetime.now(UTC)
        assert str(cluster.audit.writes((settled, until)).within(objects.namespace)) == "no writes"
        requests = cluster.audit.requests((settled, until), user_agent_prefix="slipway/")
        assert not [one for one in requests if one.uri == objects.path("warehouses", "api")]


def test_a_settled_object_that_was_asked_for_rarely_waits_for_its_moment_after_a_restart(
    objects: Objects, own_operator: Callable[[], OperatorProcess]
) -> None:
    """A restart is no reason to ask every registry about everything."""
    with ScriptedRegistry(steady) as server, own_operator() as operator:
        objects.registry("steady", server.url, interval="24h")
        objects.warehouse("api", f"{server.host}/shop/api", SEMVER, interval="24h")
        objects.wait_ready("registries", "steady", "Connected")
        objects.wait_ready("warehouses", "api", "ArtifactsFound")
        asked = list(server.requests)

        operator.stop()
        operator.start()
        operator.wait_ready()
        # What is made now is decided after all that was there at the start.
        objects.warehouse("later", f"{server.host}/shop/later", SEMVER, interval="24h")
        objects.wait_ready("warehouses", "later", "ArtifactsFound")

        assert [line for line in server.requests if "/shop/later/" not in line] == asked


def test_a_suspended_warehouse_costs_one_write_and_no_read(
    cluster: Cluster, objects: Objects, own_operator: Callable[[], OperatorProcess]
) -> None:
    """It is decided from what the watch brought, and asks no registry."""
    with ScriptedRegistry(steady) as server, own_operator():
        begun = datetime.now(UTC)
        objects.warehouse("asleep", f"{server.host}/shop/api", SEMVER, suspend=True)
        objects.wait_ready("warehouses", "asleep", "Suspended")
        requests = cluster.audit.requests((begun, datetime.now(UTC)), user_agent_prefix="slipway/")
        own = [
            request
            for request in requests
            if request.name == "asleep" and request.resource.startswith("warehouses")
        ]

        assert [(request.verb, request.subresource) for request in own] == [("patch", "status")]
        assert server.requests == []


def test_what_a_suspended_warehouse_has_found_stays(
    objects: Objects, own_operator: Callable[[], OperatorProcess]
) -> None:
    """Suspending stops the looks and nothing else; going on looks at once."""
    with ScriptedRegistry(steady) as server, own_operator():
        objects.warehouse("api", f"{server.host}/shop/api", SEMVER, interval="24h")
        found = objects.wait_ready("warehouses", "api", "ArtifactsFound")

        objects.patch("warehouses", "api", {"spec": {"suspend": True}})
        asleep = objects.wait_ready("warehouses", "api", "Suspended")
        for member in ("artifacts", "history", "release"):
            assert asleep["status"][member] == found["status"][member]

        before = listings(server)
        objects.patch("warehouses", "api", {"spec": {"suspend": False}})
        objects.wait_ready("warehouses", "api", "ArtifactsFound")
        assert listings(server) == before + 1
