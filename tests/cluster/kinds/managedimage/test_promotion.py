"""An earlier image that becomes the newest again, on a real API server and a real registry."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dev.cluster import Cluster
from dev.image_composer import MadeImage, add, compose
from tests.cluster.kinds.managedimage.shelf import Shelf, manage, stands_on, watch_base
from tests.support.images import push_image
from tests.support.objects import Body, Objects

pytestmark = pytest.mark.usefixtures("shared_operator")

FLOATING = ["latest", "1.4"]


@pytest.fixture
def shelf(cluster: Cluster, namespace: str) -> Shelf:
    """A place in the cluster's registry."""
    return Shelf(cluster.registry_url, namespace)


def base_of(version: str) -> MadeImage:
    """What `Shelf.push_base` pushes."""
    return compose(None, [add({"/lib/tls": version})])


def follow(objects: Objects, shelf: Shelf) -> Callable[[str], Body]:
    """An image with floating tags, and a way to move its base and wait until it stands on that."""
    first = shelf.push_base("1")
    shelf.push_app(first)
    watch_base(objects, shelf)
    image = {"repository": shelf.app(), "tag": "1.4.0-{build}", "floatingTags": FLOATING}
    manage(objects, shelf, image=image)
    objects.wait("managedimages", "api", stands_on(first))

    def move(version: str) -> Body:
        return objects.wait("managedimages", "api", stands_on(shelf.push_base(version)))

    return move


def offered(shelf: Shelf, body: Body) -> str:
    """The digest of the image, which is behind its floating tags."""
    digest = str(body["status"]["image"]["digest"])
    assert [shelf.digest(tag) for tag in FLOATING] == [digest, digest]
    return digest


def test_floating_tags_follow_a_base_that_goes_back(objects: Objects, shelf: Shelf) -> None:
    """To an earlier build and to the source build alike; nothing is built a second time."""
    move = follow(objects, shelf)
    source = offered(shelf, objects.api.get(objects.path("managedimages", "api")))
    assert source == shelf.digest("1.4.0")

    second, third = offered(shelf, move("2")), offered(shelf, move("3"))
    assert len({source, second, third}) == 3
    assert offered(shelf, move("2")) == second
    assert offered(shelf, move("1")) == source
    found = move("3")
    assert offered(shelf, found) == third
    assert [build["number"] for build in found["status"]["builds"]] == [2, 1]
    assert shelf.tags() == ("1.4", "1.4.0", "1.4.0-1", "1.4.0-2", "latest")


def test_floating_tag_that_comes_later_is_made_at_once(objects: Objects, shelf: Shelf) -> None:
    """An edit of the spec is seen to, and so is a tag that somebody moved when a look is asked for."""
    move = follow(objects, shelf)
    digest = offered(shelf, move("2"))
    objects.patch("managedimages", "api", {"spec": {"image": {"floatingTags": [*FLOATING, "stable"]}}})
    objects.wait("managedimages", "api", lambda _: "stable" in shelf.tags())
    assert shelf.digest("stable") == digest

    push_image(shelf.url, f"{shelf.corner}/api", "latest")
    assert shelf.digest("latest") != digest
    objects.ask("managedimages", "api")
    objects.wait("managedimages", "api", lambda _: shelf.digest("latest") == digest)
    assert shelf.tags() == ("1.4", "1.4.0", "1.4.0-1", "latest", "stable")


def test_result_that_the_registry_has_lost_is_built_again(objects: Objects, shelf: Shelf) -> None:
    """A retention policy took an earlier build: what is promoted is never a digest that cannot be pulled."""
    move = follow(objects, shelf)
    lost = offered(shelf, move("2"))
    move("3")
    shelf.delete(lost)
    assert "1.4.0-1" not in shelf.tags()

    found = move("2")
    assert offered(shelf, found) == lost == shelf.digest("1.4.0-1")
    assert [(build["number"], build["phase"]) for build in found["status"]["builds"]] == [
        (2, "Succeeded"),
        (1, "Succeeded"),
    ]
    assert objects.events("api", "ManifestNotFound")
