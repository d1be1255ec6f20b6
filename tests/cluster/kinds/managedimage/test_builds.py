"""ManagedImages on a real API server and a real registry: what is built when, and what is refused."""

from __future__ import annotations

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.image_composer import run
from dev.registry import Registry
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.images import push_image
from tests.support.objects import Objects, condition

pytestmark = pytest.mark.usefixtures("shared_operator")


@pytest.fixture
def shelf(cluster: Cluster, namespace: str) -> Shelf:
    """A place in the cluster's registry."""
    return Shelf(cluster.registry_url, namespace)


def test_image_follows_its_base(objects: Objects, shelf: Shelf) -> None:
    """Each move of the base is one build with a number, a tag and a reason; floating tags follow."""
    first = shelf.push_base("1")
    app = shelf.push_app(first)
    watch_base(objects, shelf)
    image = {"repository": shelf.app(), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
    manage(objects, shelf, image=image)
    found = objects.wait("managedimages", "api", stands_on(first))
    assert found["status"]["image"]["digest"] == app.digest
    assert "builds" not in found["status"] or found["status"]["builds"] == []

    for version in ("2", "3"):
        base = shelf.push_base(version)
        found = objects.wait("managedimages", "api", stands_on(base))
    builds = found["status"]["builds"]
    assert [build["number"] for build in builds] == [2, 1]
    assert [build["reasons"][0]["type"] for build in builds] == ["Base", "Base"]
    assert builds[0]["digest"] == shelf.digest("1.4.0-2") == shelf.digest("latest")
    assert shelf.tags() == ("1.4.0", "1.4.0-1", "1.4.0-2", "latest")


def test_manual_policy_builds_on_request_only(objects: Objects, shelf: Shelf) -> None:
    """With policy Manual a moved base makes the image Outdated until a person asks."""
    first = shelf.push_base("1")
    shelf.push_app(first)
    watch_base(objects, shelf)
    manage(objects, shelf, rebuild={"policy": "Manual"})
    objects.wait("managedimages", "api", stands_on(first))
    second = shelf.push_base("2")
    found = objects.wait_ready("managedimages", "api", "Outdated")
    assert found["status"]["phase"] == "Outdated"
    assert shelf.tags() == ("1.4.0",)
    asked = objects.ask("managedimages", "api", "rebuild")
    found = objects.wait("managedimages", "api", stands_on(second))
    handled = {request["verb"]: request for request in found["status"]["handledRequests"]}
    assert handled["rebuild"]["at"] == asked


def test_run_layer_is_refused_once_until_it_is_allowed(objects: Objects, shelf: Shelf) -> None:
    """A RUN layer may hold what the new base fixes: refused with the line, built when the spec allows it."""
    first = shelf.push_base("1")
    shelf.push_app(first, [run("make install", {"/app/server": "serve"})])
    watch_base(objects, shelf)
    manage(objects, shelf)
    objects.wait("managedimages", "api", stands_on(first))
    second = shelf.push_base("2")
    found = objects.wait_not_ready("managedimages", "api", "RunNeedsAllow")
    assert "make install" in condition(found, "Ready")["message"]
    assert condition(found, "Stalled")["status"] == "True"
    assert shelf.tags() == ("1.4.0",)
    objects.patch("managedimages", "api", {"spec": {"build": {"rebase": {"allowRun": True}}}})
    found = objects.wait("managedimages", "api", stands_on(second))
    assert [build["phase"] for build in found["status"]["builds"]] == ["Succeeded", "Failed"]


def test_tag_of_somebody_else_is_never_overwritten(objects: Objects, shelf: Shelf) -> None:
    """A build takes a number above every tag that is there."""
    first = shelf.push_base("1")
    shelf.push_app(first)
    foreign = push_image(shelf.url, f"{shelf.corner}/api", "1.4.0-7")
    watch_base(objects, shelf)
    manage(objects, shelf)
    objects.wait("managedimages", "api", stands_on(first))
    found = objects.wait("managedimages", "api", stands_on(shelf.push_base("2")))
    assert found["status"]["image"]["build"] == 8
    assert shelf.digest("1.4.0-7") == foreign


def test_image_of_an_unknown_base_is_refused(objects: Objects, shelf: Shelf) -> None:
    """An image that stands on no known base is not guessed about."""
    shelf.push_app(shelf.push_base("1"))
    shelf.push_base("2")
    watch_base(objects, shelf)
    manage(objects, shelf)
    objects.wait_not_ready("managedimages", "api", "BaseUnknown")


def test_missing_source_build_is_told_and_found_when_it_comes(objects: Objects, shelf: Shelf) -> None:
    """Without the source build the image waits, and goes on by itself once the pipeline has pushed it."""
    base = shelf.push_base("1")
    push_image(shelf.url, f"{shelf.corner}/api", "something-else")
    watch_base(objects, shelf)
    manage(objects, shelf)
    found = objects.wait_not_ready("managedimages", "api", "ManifestNotFound")
    assert "1.4.0" in condition(found, "Ready")["message"]
    shelf.push_app(base)
    objects.wait("managedimages", "api", stands_on(base))


def test_suspended_image_begins_nothing(objects: Objects, shelf: Shelf) -> None:
    """Suspended, a move of the base is left alone; afterwards it is made up for."""
    first = shelf.push_base("1")
    shelf.push_app(first)
    watch_base(objects, shelf)
    manage(objects, shelf)
    objects.wait("managedimages", "api", stands_on(first))
    objects.patch("managedimages", "api", {"spec": {"suspend": True}})
    objects.wait_ready("managedimages", "api", "Suspended")
    second = shelf.push_base("2")
    artifact = resource_path("slipway.dev/v1alpha1", "warehouses", objects.namespace, "base")
    objects.api.wait_for(artifact, lambda body: second.digest in str(body))
    assert shelf.tags() == ("1.4.0",)
    objects.patch("managedimages", "api", {"spec": {"suspend": False}})
    objects.wait("managedimages", "api", stands_on(second))


def test_build_outlives_an_outage_of_the_registry(
    objects: Objects, registry: Registry, namespace: str
) -> None:
    """An outage of the registry costs no build: what was begun goes on with its number afterwards."""
    shelf = Shelf(registry.url, namespace)
    first = shelf.push_base("1")
    shelf.push_app(first)
    watch_base(objects, shelf)
    manage(objects, shelf)
    objects.wait("managedimages", "api", stands_on(first))
    second = shelf.push_base("2")
    registry.stop()
    registry.start()
    found = objects.wait("managedimages", "api", stands_on(second))
    assert [(build["number"], build["phase"]) for build in found["status"]["builds"]] == [(1, "Succeeded")]
