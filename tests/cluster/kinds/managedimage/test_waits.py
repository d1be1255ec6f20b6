"""How long a build waits for other bases of its image, on a real API server and a real registry."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dev.bakery import Bakery
from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.image_composer import run
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.shelf import APP, Shelf, manage, stands_on, watch_base
from tests.support.cluster import FAST
from tests.support.objects import Body, Objects

JOBS = {"SLIPWAY_BUILDER_IMAGE": "builder:1", "SLIPWAY_GIT_IMAGE": "git:1"}

pytestmark = [pytest.mark.usefixtures("crds", "builder"), pytest.mark.test_bed]

SOON = 20.0
"""Seconds: a small part of the coordination window, after which it would be built in any case."""


@pytest.fixture(scope="module")
def builder(cluster: Cluster, crds: None) -> Iterator[OperatorProcess]:
    """An operator that may build."""
    with OperatorProcess(cluster, environment={**FAST, **JOBS}) as running:
        yield running


@pytest.fixture(scope="module")
def git_server() -> Iterator[GitServer]:
    """A git host that lets everybody in."""
    with GitServer() as running:
        yield running


def fail(objects: Objects) -> None:
    """Its delay is over, and a layer made by RUN may not be kept."""
    objects.patch("managedimages", "right", {"spec": {"rebuild": {"delay": "0s"}}})


def suspend(objects: Objects) -> None:
    objects.patch("managedimages", "right", {"spec": {"suspend": True}})


def delete(objects: Objects) -> None:
    objects.api.delete(objects.path("managedimages", "right"))


def has_begun(number: int) -> Callable[[Body | None], bool]:
    def check(body: Body | None) -> bool:
        builds = ((body or {}).get("status") or {}).get("builds") or []
        return bool(builds) and builds[0]["number"] == number

    return check


@pytest.mark.parametrize("end", [fail, suspend, delete])
def test_wait_for_a_base_is_over_when_what_is_built_below_it_comes_to_nothing(
    cluster: Cluster, objects: Objects, git_server: GitServer, end: Callable[[Objects], None]
) -> None:
    """A diamond: `left` has followed the base, and `middle` will not, as `right` below it does not."""
    shelf = Shelf(cluster.registry_url, objects.namespace)
    base = shelf.push_base("1")
    images = {
        "left": shelf.push_app(base, name="left"),
        "right": shelf.push_app(base, [*APP, run("compile", {"/app/made": "x"})], name="right"),
    }
    images["middle"] = shelf.push_app(images["right"], name="middle")
    watch_base(objects, shelf)
    below = {"left": f"{shelf.base}:stable", "right": f"{shelf.base}:stable", "middle": shelf.app("right")}
    for name, reference in below.items():
        target = {"repository": shelf.app(name), "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
        rebuild = {"delay": "1h" if name == "right" else "0s"}
        manage(objects, shelf, name, image=target, bases=[{"reference": reference}], rebuild=rebuild)
    objects.wait("managedimages", "middle", stands_on(images["right"]))
    source = git_server.repository(f"{objects.namespace}.git")
    dockerfile = f"FROM {shelf.app('left')}\nCOPY --from={shelf.app('middle')} /app /middle\n"
    source.commit({"Dockerfile": dockerfile}, "Begin")
    with Bakery(cluster.api, objects.namespace, cluster.registry_url) as bakery:
        bakery.add(images["left"])
        build(objects, shelf, f"{git_server.url}/{source.path.name}")
        objects.wait("managedimages", "top", stands_on(images["left"]))
        bakery.pushes = lambda _: False
        shelf.push_base("2")
        waiting = objects.wait_not_ready("managedimages", "top", "Coordinating")
        assert waiting["status"]["rebuild"]["blockedBy"] == [f"{shelf.app('middle')}:latest"]

        end(objects)
        objects.wait("managedimages", "top", has_begun(2), timeout=SOON)


def build(objects: Objects, shelf: Shelf, url: str) -> None:
    """Have the top of the diamond built."""
    image = {"repository": shelf.app("top"), "tag": "1-{build}"}
    body = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ManagedImage",
        "metadata": {"name": "top"},
        "spec": {"image": image, "source": {"git": {"url": url}}, "build": {"type": "Job"}},
    }
    objects.api.create(objects.path("managedimages"), body)
