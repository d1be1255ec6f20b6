"""Several subscriptions in one Warehouse: each goes its own way, and together they make a release."""

from __future__ import annotations

import secrets
from collections.abc import Iterator

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.registry import Registry
from tests.cluster.kinds.warehouse.watched import (
    artifact,
    chart,
    git,
    image,
    is_ready,
    make,
    now_has,
    semver,
)
from tests.support.images import push_image
from tests.support.objects import Body, Objects, condition

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")


@pytest.fixture(scope="module")
def server() -> Iterator[GitServer]:
    """A git host."""
    with GitServer() as running:
        yield running


@pytest.fixture
def other(cluster: Cluster) -> Iterator[Objects]:
    """The objects of a second namespace."""
    name = f"other-{secrets.token_hex(4)}"
    cluster.api.create(resource_path("v1", "namespaces"), {"metadata": {"name": name}})
    yield Objects(cluster.api, name)
    cluster.api.delete(resource_path("v1", "namespaces", name=name))


def test_one_that_fails_does_not_hold_up_the_others(
    objects: Objects, other: Objects, registry: Registry, server: GitServer
) -> None:
    """Its last artifact stays, the others go on; the same set has the same name everywhere."""
    source = server.repository(f"{objects.namespace}.git")
    first = source.commit({"main.py": "1"})
    for path, tag in (("shop/api", "1.0.0"), ("charts/api", "2.0.0")):
        push_image(registry.url, path, tag)
    subscriptions = (
        image("app", f"{registry.host}/shop/api", semver("*")),
        git("source", f"{server.url}/{source.path.name}"),
        chart("chart", f"oci://{registry.host}/charts/api"),
    )
    for place in (objects, other):
        make(place, "whole", *subscriptions)
    found = objects.wait("warehouses", "whole", is_ready)
    assert [one["name"] for one in found["status"]["artifacts"]] == ["app", "source", "chart"]
    assert other.wait("warehouses", "whole", is_ready)["status"]["release"] == found["status"]["release"]

    registry.stop()
    objects.wait_not_ready("warehouses", "whole", "RegistryUnreachable")
    bad = objects.wait("warehouses", "whole", lambda now: _troubled(now) == ["app", "chart"])
    message = condition(bad, "Ready")["message"]
    assert [name for name in ("app: ", "source: ", "chart: ") if name in message] == ["app: ", "chart: "]
    second = source.commit({"main.py": "2"})
    moved = objects.wait("warehouses", "whole", now_has("source", git=second))
    for name in ("app", "chart"):
        kept, known = artifact(moved, name), artifact(found, name)
        assert {member: kept[member] for member in known} == known
    assert moved["status"]["history"][0]["from"] == f"main@{first}"
    assert moved["status"]["release"] != found["status"]["release"]

    registry.start()
    well = objects.wait("warehouses", "whole", is_ready)
    same = other.wait(
        "warehouses", "whole", lambda now: is_ready(now) and bool(now_has("source", git=second)(now))
    )
    assert same["status"]["release"] == well["status"]["release"]


def _troubled(body: Body | None) -> list[str]:
    """The subscriptions with a problem."""
    return [name for name in ("app", "source", "chart") if "problem" in artifact(body, name)]
