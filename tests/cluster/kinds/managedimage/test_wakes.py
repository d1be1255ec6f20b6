"""What wakes a ManagedImage that waits: everything it hangs on, whatever host it is on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from dev.cluster import Cluster
from dev.registry import Registry
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.cluster import new_namespace
from tests.support.objects import Body, Objects

pytestmark = pytest.mark.usefixtures("shared_operator")

SOON = 20.0
"""Seconds: a third of the pause after which the image would look again unasked."""

BY_NAME = {"warehouse": {"name": "base", "subscription": "app"}}


@pytest.fixture
def here(cluster: Cluster, namespace: str) -> Shelf:
    """Where the image is."""
    return Shelf(cluster.registry_url, namespace)


@pytest.fixture
def elsewhere(registry: Registry, namespace: str) -> Shelf:
    """Where the base is: another registry, and so another host."""
    return Shelf(registry.url, namespace)


@pytest.fixture
def neighbour(cluster: Cluster) -> Iterator[Objects]:
    """Objects of another namespace."""
    for name in new_namespace(cluster, "neighbour"):
        yield Objects(cluster.api, name)


@pytest.mark.parametrize("by_name", [False, True], ids=["by reference", "by Warehouse"])
def test_registry_of_the_host_of_the_base(
    objects: Objects, here: Shelf, elsewhere: Shelf, *, by_name: bool
) -> None:
    """Two Registries match the base equally well; once one is gone the image goes on at once."""
    base = elsewhere.push_base("1")
    here.push_app(base)
    watch_base(objects, elsewhere)
    objects.wait_ready("warehouses", "base", "ArtifactsFound")
    for name in ("left", "right"):
        objects.registry(name, elsewhere.url)
        objects.wait_ready("registries", name, "Connected")
    bases: list[dict[str, Any]] = [BY_NAME if by_name else {"reference": f"{elsewhere.base}:stable"}]
    manage(objects, here, bases=bases)
    objects.wait_not_ready("managedimages", "api", "AmbiguousRegistry")

    objects.api.delete(objects.path("registries", "left"))
    objects.wait("managedimages", "api", stands_on(base), timeout=SOON)


def test_registry_that_is_named(objects: Objects, here: Shelf) -> None:
    """It is made after the image that names it."""
    base = here.push_base("1")
    here.push_app(base)
    watch_base(objects, here)
    image = {"repository": here.app(), "tag": "1.4.0-{build}", "registryRef": {"name": "acme"}}
    manage(objects, here, image=image)
    objects.wait_not_ready("managedimages", "api", "RegistryNotFound")

    objects.registry("acme", here.url)
    objects.wait("managedimages", "api", stands_on(base), timeout=SOON)


def test_warehouse_of_the_base(objects: Objects, here: Shelf) -> None:
    """Once the Warehouse that is named is there, its first find is news."""
    base = here.push_base("1")
    here.push_app(base)
    manage(objects, here, bases=[BY_NAME])
    objects.wait_not_ready("managedimages", "api", "WarehouseNotFound")

    watch_base(objects, here)
    objects.wait("managedimages", "api", stands_on(base), timeout=SOON)


def test_build_of_another_namespace(objects: Objects, neighbour: Objects, here: Shelf) -> None:
    """The Warehouse that follows its tag looks once a day by itself, and at once when it has been built."""
    base = here.push_base("1")
    middle = here.push_app(base, name="middle")
    here.push_app(middle)
    watch_base(neighbour, here)
    target = {"repository": here.app("middle"), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
    manage(neighbour, here, "middle", image=target)
    neighbour.wait("managedimages", "middle", stands_on(base))
    manage(objects, here, bases=[{"reference": here.app("middle")}])
    objects.wait("managedimages", "api", stands_on(middle))

    second = here.push_base("2")
    built = neighbour.wait("managedimages", "middle", stands_on(second))["status"]["image"]["digest"]

    def stands_on_it(body: Body | None) -> bool:
        known = ((body or {}).get("status") or {}).get("bases") or [{}]
        return bool(known[0].get("builtDigest") == built)

    found = objects.wait("managedimages", "api", stands_on_it, timeout=SOON)
    assert found["status"]["bases"][0]["warehouse"].startswith("auto-")
    assert neighbour.namespace not in json.dumps(found["status"])
