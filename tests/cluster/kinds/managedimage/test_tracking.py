"""Who tells the digests of bases, on a real API server and a real registry."""

from __future__ import annotations

from typing import Any

import pytest

from dev.cluster import Cluster
from slipway.build.rebase.documents import BASE_DIGEST, BASE_NAME
from slipway.kinds.managedimage.automatic import wanted_warehouse
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.objects import Body, Objects, condition

pytestmark = pytest.mark.usefixtures("shared_operator")


@pytest.fixture
def shelf(cluster: Cluster, namespace: str) -> Shelf:
    """A place in the cluster's registry."""
    return Shelf(cluster.registry_url, namespace)


def automatic(objects: Objects) -> dict[str, set[str]]:
    """The Warehouses that the operator made, each with the images that it was made for."""
    listed = objects.api.get(objects.path("warehouses"))["items"]
    return {
        item["metadata"]["name"]: {one["name"] for one in item["metadata"].get("ownerReferences") or ()}
        for item in listed
        if (item["metadata"].get("labels") or {}).get("slipway.dev/automatic") == "true"
    }


def wait_for_automatic(objects: Objects, wanted: dict[str, set[str]]) -> None:
    """Wait until exactly these are there; the images are what is waited with."""

    def check(_: Body | None) -> bool:
        return automatic(objects) == wanted

    objects.wait("warehouses", "whatever", check)


def test_base_that_nobody_watches_gets_a_warehouse_that_all_share(objects: Objects, shelf: Shelf) -> None:
    """It is made once, serves each image of the namespace, and goes with the last."""
    base = shelf.push_base("1")
    for name in ("api", "web"):
        shelf.push_app(base, name=name)
        manage(objects, shelf, name)
    for name in ("api", "web"):
        found = objects.wait("managedimages", name, stands_on(base))
    made = wanted_warehouse(f"{shelf.base}:stable").name
    assert found["status"]["bases"][0]["warehouse"] == made
    wait_for_automatic(objects, {made: {"api", "web"}})
    assert objects.api.get(objects.path("warehouses", made))["spec"]["interval"] == "24h"
    objects.api.delete(objects.path("managedimages", "api"))
    wait_for_automatic(objects, {made: {"web"}})
    objects.api.delete(objects.path("managedimages", "web"))
    wait_for_automatic(objects, {})


def test_warehouse_of_a_user_takes_the_place_of_the_automatic_one(objects: Objects, shelf: Shelf) -> None:
    """And what was known of the base stays known."""
    base = shelf.push_base("1")
    shelf.push_app(base)
    manage(objects, shelf)
    objects.wait("managedimages", "api", stands_on(base))
    watch_base(objects, shelf)
    wait_for_automatic(objects, {})

    def is_watched(body: Body | None) -> bool:
        return stands_on(base)(body) and bool((body or {})["status"]["bases"][0]["warehouse"] == "base")

    objects.wait("managedimages", "api", is_watched)
    second = shelf.push_base("2")
    objects.wait("managedimages", "api", stands_on(second))
    objects.api.delete(objects.path("warehouses", "base"))
    wait_for_automatic(objects, {wanted_warehouse(f"{shelf.base}:stable").name: {"api"}})
    objects.wait("managedimages", "api", stands_on(second))


def test_base_that_is_built_here_needs_no_warehouse(objects: Objects, shelf: Shelf) -> None:
    """A new base goes through two levels of images, each built once."""
    base = shelf.push_base("1")
    middle = shelf.push_app(base, name="middle")
    shelf.push_app(middle)
    watch_base(objects, shelf)
    target = {"repository": shelf.app("middle"), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
    manage(objects, shelf, "middle", image=target)
    objects.wait("managedimages", "middle", stands_on(base))
    manage(objects, shelf, bases=[{"reference": shelf.app("middle")}])
    objects.wait("managedimages", "api", stands_on(middle))
    second = shelf.push_base("2")
    built = objects.wait("managedimages", "middle", stands_on(second))["status"]["image"]["digest"]

    def stands_on_it(body: Body | None) -> bool:
        known = ((body or {}).get("status") or {}).get("bases") or [{}]
        return bool(known[0].get("builtDigest") == built)

    found = objects.wait("managedimages", "api", stands_on_it)
    assert found["status"]["bases"][0]["producer"] == "middle"
    assert [one["number"] for one in found["status"]["builds"]] == [1]
    assert automatic(objects) == {}


def test_role_may_change_and_nothing_is_lost(objects: Objects, shelf: Shelf) -> None:
    """Managed, External, Managed: the builds are those of before, and the next one goes on counting."""
    base = shelf.push_base("1")
    shelf.push_app(base)
    watch_base(objects, shelf)
    target = {"repository": shelf.app(), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
    manage(objects, shelf, image=target)
    objects.wait("managedimages", "api", stands_on(base))
    second = shelf.push_base("2")
    managed = objects.wait("managedimages", "api", stands_on(second))["status"]
    objects.patch("managedimages", "api", {"spec": {"role": "External"}})
    external = objects.wait_ready("managedimages", "api", "Tracked")["status"]
    assert external["image"]["reference"] == f"{shelf.app()}:latest"
    assert external["image"]["digest"] == managed["image"]["digest"]
    assert external["builds"] == managed["builds"]
    objects.patch("managedimages", "api", {"spec": {"role": "Managed"}})
    back = objects.wait_ready("managedimages", "api", "Current")["status"]
    assert (back["image"], back["builds"]) == (managed["image"], managed["builds"])
    third = shelf.push_base("3")
    found = objects.wait("managedimages", "api", stands_on(third))
    assert [one["number"] for one in found["status"]["builds"]] == [2, 1]


def test_source_build_tells_its_base(objects: Objects, shelf: Shelf) -> None:
    """By its label, where the spec names none; and when it says another, that one is followed."""
    base = shelf.push_base("1")
    shelf.push_app(base, labels={BASE_NAME: f"{shelf.base}:stable", BASE_DIGEST: base.digest})
    watch_base(objects, shelf)
    manage(objects, shelf, bases=[])
    found = objects.wait("managedimages", "api", stands_on(base))["status"]["bases"][0]
    assert (found["reference"], found["toldBy"]) == (f"{shelf.base}:stable", "Label")
    second = shelf.push_base("2")
    found = objects.wait("managedimages", "api", stands_on(second))
    assert [one["number"] for one in found["status"]["builds"]] == [1]

    middle = shelf.push_app(second, name="middle")
    told = {BASE_NAME: f"{shelf.app('middle')}:1.4.0", BASE_DIGEST: middle.digest}
    shelf.push_app(middle, labels=told)
    objects.ask("managedimages", "api")
    found = objects.wait("managedimages", "api", stands_on(middle))["status"]["bases"]
    assert [one["reference"] for one in found] == [f"{shelf.app('middle')}:1.4.0"]


def test_source_build_that_tells_no_base_stalls(objects: Objects, shelf: Shelf) -> None:
    """The message says what to write."""
    shelf.push_app(shelf.push_base("1"))
    manage(objects, shelf, bases=[])
    found = objects.wait_not_ready("managedimages", "api", "BaseUnknown")
    assert "write spec.bases" in condition(found, "Ready")["message"]


def test_tracked_image_tells_what_it_stands_on(objects: Objects, shelf: Shelf) -> None:
    """So that it has its place among the images of the namespace."""
    base = shelf.push_base("1")
    shelf.push_app(base, labels={BASE_NAME: f"{shelf.base}:stable", BASE_DIGEST: base.digest})
    for name, image in (("base", f"{shelf.base}:stable"), ("api", f"{shelf.app()}:1.4.0")):
        repository, _, tag = image.rpartition(":")
        manage(objects, shelf, name, role="External", image={"repository": repository, "tag": tag}, bases=[])

    def is_above(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        told = [(one["reference"], one.get("builtDigest")) for one in status.get("bases") or ()]
        is_told = told == [(f"{shelf.base}:stable", base.digest)]
        return is_told and bool((status.get("graph") or {}).get("depth") == 1)

    def carries_one(body: Body | None) -> bool:
        return (((body or {}).get("status") or {}).get("graph") or {}).get("dependents") == 1

    objects.wait("managedimages", "api", is_above)
    objects.wait("managedimages", "base", carries_one)
    assert objects.wait_ready("managedimages", "base", "Tracked")["status"]["bases"] == []


def test_one_tag_has_one_builder(objects: Objects, shelf: Shelf) -> None:
    """The second one is told who the first is, and builds when that has gone."""
    base = shelf.push_base("1")
    shelf.push_app(base)
    watch_base(objects, shelf)
    manage(objects, shelf)
    objects.wait("managedimages", "api", stands_on(base))
    second: dict[str, Any] = {
        "image": {"repository": shelf.app(), "tag": "1.4.0-{build}"},
    }
    manage(objects, shelf, "again", **second)
    found = objects.wait_not_ready("managedimages", "again", "ImageClaimed")
    assert "ManagedImage api" in condition(found, "Ready")["message"]
    assert condition(found, "Stalled")["status"] == "True"
    objects.api.delete(objects.path("managedimages", "api"))
    objects.wait("managedimages", "again", stands_on(base))


def test_images_that_stand_on_each_other_stall_and_all_others_go_on(objects: Objects, shelf: Shelf) -> None:
    """The cycle is named, and ends as soon as one of them stands on something else."""
    base = shelf.push_base("1")
    watch_base(objects, shelf)

    def target(name: str) -> dict[str, Any]:
        return {"repository": shelf.app(name), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}

    for name in ("left", "right", "free"):
        shelf.push_app(base, name=name)
    manage(objects, shelf, "left", image=target("left"), bases=[{"reference": shelf.app("right")}])
    manage(objects, shelf, "right", image=target("right"), bases=[{"reference": shelf.app("left")}])
    manage(objects, shelf, "free")
    for name in ("left", "right"):
        found = objects.wait_not_ready("managedimages", name, "DependencyCycle")
        assert sorted(found["status"]["graph"]["cycle"]) == ["left", "right"]
        assert "left stands on right" in condition(found, "Ready")["message"]
    objects.wait("managedimages", "free", stands_on(base))
    objects.patch("managedimages", "right", {"spec": {"bases": [{"reference": f"{shelf.base}:stable"}]}})
    objects.wait("managedimages", "right", stands_on(base))

    def stands_right(body: Body | None) -> bool:
        graph = ((body or {}).get("status") or {}).get("graph") or {}
        return (graph.get("depth"), graph.get("dependents")) == (1, 1)

    objects.wait("managedimages", "right", stands_right)
