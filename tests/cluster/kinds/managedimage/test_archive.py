"""Images are un-enrolled and enrolled again, on a real API server and a real registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.image_composer import MadeImage
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.cluster import FAST
from tests.support.objects import Body, Objects

FINALIZER = "slipway.dev/archive"


@pytest.fixture
def shelf(cluster: Cluster, namespace: str) -> Shelf:
    """A place in the cluster's registry."""
    return Shelf(cluster.registry_url, namespace)


def is_gone(body: Body | None) -> bool:
    return body is None


def is_held(body: Body | None) -> bool:
    return FINALIZER in ((body or {}).get("metadata") or {}).get("finalizers", ())


def is_deleted(body: Body | None) -> bool:
    return "deletionTimestamp" in ((body or {}).get("metadata") or {})


def archive_path(objects: Objects, name: str = "api") -> str:
    return resource_path("v1", "configmaps", objects.namespace, f"{name}-archive")


def delete(objects: Objects, name: str = "api") -> None:
    objects.api.delete(objects.path("managedimages", name))


def rebuild_twice(objects: Objects, shelf: Shelf, **spec: Any) -> tuple[MadeImage, Body]:
    """An image with two builds on record."""
    first = shelf.push_base("1")
    shelf.push_app(first)
    watch_base(objects, shelf)
    manage(objects, shelf, **spec)
    objects.wait("managedimages", "api", stands_on(first))
    for version in ("2", "3"):
        base = shelf.push_base(version)
        objects.wait("managedimages", "api", stands_on(base))
    found = objects.wait("managedimages", "api", is_held)
    return base, found


def wait_for_event(objects: Objects, reason: str) -> Body:
    """The one Event with this reason, which may come when the image has gone already."""
    objects.wait("managedimages", "whatever", lambda _: bool(objects.events("api", reason)))
    (event,) = objects.events("api", reason)
    return event


def is_settled(body: Body | None) -> bool:
    return ((body or {}).get("status") or {}).get("phase") == "Current"


def times_of(body: Body) -> list[tuple[Any, ...]]:
    return [
        (build["number"], build["digest"], build["startedAt"], build["finishedAt"])
        for build in body["status"]["builds"]
    ]


@pytest.mark.usefixtures("shared_operator")
class TestWithOneOperator:
    """What is seen of an operator that runs all the time."""

    def test_image_without_builds_has_no_finalizer(self, objects: Objects, shelf: Shelf) -> None:
        """There is nothing to keep, and it goes without the operator."""
        base = shelf.push_base("1")
        shelf.push_app(base)
        watch_base(objects, shelf)
        manage(objects, shelf)
        found = objects.wait("managedimages", "api", stands_on(base))
        assert not is_held(found)
        delete(objects)
        objects.wait("managedimages", "api", is_gone)
        assert objects.api.find(archive_path(objects)) is None

    def test_record_outlives_the_image_and_comes_back(self, objects: Objects, shelf: Shelf) -> None:
        """Builds, digests and times are as before, nothing is built for it, and numbers go on."""
        base, before = rebuild_twice(objects, shelf)
        delete(objects)
        objects.wait("managedimages", "api", is_gone)
        archive = objects.api.get(archive_path(objects))
        assert archive["metadata"]["labels"][FINALIZER] == "true"
        assert "ownerReferences" not in archive["metadata"]
        assert archive["metadata"]["annotations"]["slipway.dev/repository"] == shelf.app()
        wait_for_event(objects, "Archived")

        manage(objects, shelf)
        found = objects.wait("managedimages", "api", lambda body: stands_on(base)(body) and is_held(body))
        assert times_of(found) == times_of(before)
        assert found["status"]["image"] == before["status"]["image"]
        wait_for_event(objects, "Restored")
        assert not objects.events("api", "ArchiveNotRestored")

        newest = shelf.push_base("4")
        found = objects.wait("managedimages", "api", stands_on(newest))
        assert [build["number"] for build in found["status"]["builds"]] == [3, 2, 1]

        delete(objects)
        objects.wait("managedimages", "api", is_gone)
        manage(objects, shelf)
        found = objects.wait("managedimages", "api", stands_on(newest))
        assert [build["number"] for build in found["status"]["builds"]] == [3, 2, 1]

    def test_configmap_of_somebody_else_is_not_touched(self, objects: Objects, shelf: Shelf) -> None:
        """The image goes without its record, and an Event tells so."""
        rebuild_twice(objects, shelf)
        path = resource_path("v1", "configmaps", objects.namespace)
        theirs = objects.api.create(path, {"metadata": {"name": "api-archive"}, "data": {"a": "b"}})
        delete(objects)
        objects.wait("managedimages", "api", is_gone)
        assert objects.api.get(archive_path(objects)) == theirs
        assert wait_for_event(objects, "ArchiveRefused")["type"] == "Warning"
        shelf.push_app(shelf.push_base("1"))
        manage(objects, shelf)
        objects.wait("managedimages", "api", is_settled)
        found = objects.wait("managedimages", "api", stands_on(shelf.push_base("4")))
        assert [build["number"] for build in found["status"]["builds"]] == [3]

    def test_other_repository_is_not_restored(self, objects: Objects, shelf: Shelf) -> None:
        """It says why, begins anew, and its numbers do not meet the old ones."""
        base, _ = rebuild_twice(objects, shelf)
        delete(objects)
        objects.wait("managedimages", "api", is_gone)
        shelf.push_app(shelf.push_base("1"), name="other")
        manage(objects, shelf, image={"repository": shelf.app("other"), "tag": "1.4.0-{build}"})
        objects.wait("managedimages", "api", is_settled)
        event = wait_for_event(objects, "ArchiveNotRestored")
        assert shelf.app() in event["note"]
        assert event["type"] == "Warning"
        newest = shelf.push_base("5")
        assert newest.digest != base.digest
        found = objects.wait("managedimages", "api", stands_on(newest))
        assert [build["number"] for build in found["status"]["builds"]] == [3]
        assert found["status"]["numbersAbove"] == 2

    def test_record_of_what_the_registry_has_lost_is_not_restored(
        self, objects: Objects, shelf: Shelf
    ) -> None:
        """An image that cannot be pulled is offered to nobody; it is built again instead."""
        base, before = rebuild_twice(objects, shelf)
        delete(objects)
        objects.wait("managedimages", "api", is_gone)
        shelf.delete(before["status"]["image"]["digest"])
        manage(objects, shelf)
        found = objects.wait("managedimages", "api", stands_on(base))
        event = wait_for_event(objects, "ArchiveNotRestored")
        assert "lost" in event["note"]
        assert found["status"]["image"]["build"] == 3

    def test_namespace_goes_with_its_images(self, cluster: Cluster, objects: Objects, shelf: Shelf) -> None:
        """Nothing can be made in it any more, and nothing waits for that."""
        rebuild_twice(objects, shelf)
        path = resource_path("v1", "namespaces", name=objects.namespace)
        cluster.api.delete(path)
        cluster.api.wait_for(path, is_gone, timeout=60)
        cluster.api.create(resource_path("v1", "namespaces"), {"metadata": {"name": objects.namespace}})

    def test_dependents_go_on_with_a_warehouse(self, objects: Objects, shelf: Shelf) -> None:
        """What they were built on, and since when it is outdated, stays known; and back again."""
        base = shelf.push_base("1")
        middle = shelf.push_app(base, name="middle")
        floating = {"repository": shelf.app("middle"), "tag": "1.4.0-{build}", "floatingTags": ["stable"]}
        manage(objects, shelf, "middle", image=floating)
        objects.wait("managedimages", "middle", stands_on(base))
        shelf.push_app(middle)
        manage(
            objects,
            shelf,
            bases=[{"reference": f"{shelf.app('middle')}:stable"}],
            rebuild={"policy": "Manual"},
        )
        objects.wait("managedimages", "api", stands_on(middle))
        objects.warehouse("base", shelf.base, {"type": "Digest", "digest": {"tag": "stable"}})
        second = shelf.push_base("2")
        built = objects.wait("managedimages", "middle", stands_on(second))["status"]["image"]["digest"]

        def knows(body: Body | None) -> bool:
            (known,) = (body or {})["status"]["bases"]
            return bool(known.get("latestDigest") == built)

        before = objects.wait("managedimages", "api", knows)["status"]["bases"][0]
        assert before["producer"] == "middle"
        objects.wait("managedimages", "middle", is_held)
        delete(objects, "middle")
        objects.wait("managedimages", "middle", is_gone)

        def is_watched(body: Body | None) -> bool:
            (known,) = (body or {})["status"]["bases"]
            return "auto-" in known.get("warehouse", "")

        after = objects.wait("managedimages", "api", is_watched)["status"]["bases"][0]
        kept = ("reference", "builtDigest", "latestDigest", "changedAt")
        assert [after.get(name) for name in kept] == [before[name] for name in kept]

        manage(objects, shelf, "middle", image=floating)
        objects.wait("managedimages", "middle", stands_on(second))
        objects.wait("managedimages", "api", lambda body: not is_watched(body))
        again = objects.api.get(objects.path("managedimages", "api"))["status"]["bases"][0]
        assert [again.get(name) for name in kept] == [before[name] for name in kept]


def test_killed_operator_finishes_a_deletion_when_it_is_back(
    cluster: Cluster, crds: None, objects: Objects, shelf: Shelf, tmp_path: Path
) -> None:
    """Killed before the archive, or between it and the end of the object: the record is written once."""
    with OperatorProcess(cluster, environment=FAST, log=tmp_path / "operator.log") as operator:
        base, before = rebuild_twice(objects, shelf)
        operator.kill()
        delete(objects)
        waiting = objects.wait("managedimages", "api", is_deleted)
        assert is_held(waiting)
        operator.start()
        operator.wait_ready()
        objects.wait("managedimages", "api", is_gone)
        archive = objects.api.get(archive_path(objects))

        manage(objects, shelf)
        objects.wait("managedimages", "api", lambda body: stands_on(base)(body) and is_held(body))
        # As after a crash between the two writes: the archive is there, and the object has not gone.
        operator.kill()
        delete(objects)
        operator.start()
        operator.wait_ready()
        objects.wait("managedimages", "api", is_gone)
        again = objects.api.get(archive_path(objects))
        assert again["metadata"]["uid"] == archive["metadata"]["uid"]

        manage(objects, shelf)
        found = objects.wait("managedimages", "api", lambda body: stands_on(base)(body) and is_held(body))
        assert times_of(found) == times_of(before)
