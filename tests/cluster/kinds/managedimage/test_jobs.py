"""ManagedImages that are built by Jobs, on a real API server, a real registry and a real git host."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dev.api import resource_path
from dev.bakery import Bakery
from dev.cluster import Cluster
from dev.gitrepository import GitRepository
from dev.gitserver import GitServer
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.shelf import Shelf, watch_base
from tests.support.cluster import FAST
from tests.support.objects import Body, Objects, condition

JOBS = {"SLIPWAY_BUILDER_IMAGE": "builder:1", "SLIPWAY_GIT_IMAGE": "git:1", "SLIPWAY_BUILDS": "2"}

pytestmark = [pytest.mark.usefixtures("crds", "builder"), pytest.mark.test_bed]


@pytest.fixture(scope="module")
def builder(cluster: Cluster, crds: None) -> Iterator[OperatorProcess]:
    """An operator that may make two builds at a time."""
    with OperatorProcess(cluster, environment={**FAST, **JOBS}) as running:
        yield running


@pytest.fixture(scope="module")
def git_server() -> Iterator[GitServer]:
    """A git host that lets everybody in."""
    with GitServer() as running:
        yield running


@pytest.fixture
def shelf(cluster: Cluster, namespace: str) -> Shelf:
    """A place in the cluster's registry."""
    return Shelf(cluster.registry_url, namespace)


@pytest.fixture
def source(git_server: GitServer, shelf: Shelf, namespace: str) -> GitRepository:
    """A repository with a Dockerfile on the base of the shelf."""
    made = git_server.repository(f"{namespace}.git")
    made.commit({"Dockerfile": f"FROM {shelf.base}:stable\nCOPY . /app\n", "main.py": "1"}, "Begin")
    return made


@pytest.fixture
def bakery(cluster: Cluster, namespace: str) -> Iterator[Bakery]:
    """Pushes what the Jobs would push."""
    with Bakery(cluster.api, namespace, cluster.registry_url) as running:
        yield running


def build(objects: Objects, shelf: Shelf, url: str, name: str = "api", **spec: Any) -> Body:
    body = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "ManagedImage",
        "metadata": {"name": name},
        "spec": {
            "image": {"repository": shelf.app(name), "tag": "1-{build}", "floatingTags": ["latest"]},
            "source": {"git": {"url": url}},
            "build": {"type": "Job"},
            **spec,
        },
    }
    return objects.api.create(objects.path("managedimages"), body)


def has_built(number: int) -> Callable[[Body | None], bool]:
    def check(body: Body | None) -> bool:
        status = (body or {}).get("status") or {}
        return bool(status.get("phase") == "Current" and status["image"].get("build") == number)

    return check


def url_of(server: GitServer, repository: GitRepository) -> str:
    return f"{server.url}/{repository.path.name}"


def test_commit_and_base_each_lead_to_one_build(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """The first build, one for a base that moved, one for a push: numbered, proven, with their reasons."""
    base = bakery.add(shelf.push_base("1"))
    watch_base(objects, shelf)
    build(objects, shelf, url_of(git_server, source))
    first = objects.wait("managedimages", "api", has_built(1))
    (known,) = first["status"]["bases"]
    assert known["uses"] == [{"stage": "0", "kind": "Final"}]
    assert (known["builtDigest"], known["latestDigest"]) == (base.digest, base.digest)
    assert first["status"]["image"]["digest"] == shelf.digest("1-1") == shelf.digest("latest")

    second = bakery.add(shelf.push_base("2"))
    found = objects.wait("managedimages", "api", has_built(2))
    assert found["status"]["bases"][0]["builtDigest"] == second.digest
    assert [one["type"] for one in found["status"]["builds"][0]["reasons"]] == ["Base"]

    pushed = source.commit({"main.py": "2"}, "Change")
    objects.ask("managedimages", "api", "reconcile")
    (warehouse,) = [
        one["metadata"]["name"]
        for one in objects.api.get(objects.path("warehouses"))["items"]
        if one["metadata"]["name"].startswith("auto-")
    ]
    objects.ask("warehouses", warehouse)
    found = objects.wait("managedimages", "api", has_built(3), timeout=60)
    newest = found["status"]["builds"][0]
    assert (newest["commit"], [one["type"] for one in newest["reasons"]]) == (pushed, ["Source"])
    assert len(bakery.keys) == len(set(bakery.keys)) == 3


def test_build_that_lacks_a_secret_waits_for_it(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """It says which one; no number and no turn is taken, and nothing has to be asked for again."""
    bakery.add(shelf.push_base("1"))
    watch_base(objects, shelf)
    job = {"type": "Job", "job": {"secrets": [{"name": "npm"}]}}
    build(objects, shelf, url_of(git_server, source), build=job)
    found = objects.wait_not_ready("managedimages", "api", "SecretNotFound")
    assert "Secret npm does not exist" in condition(found, "Ready")["message"]
    assert not found["status"].get("builds")
    secret = {"metadata": {"name": "npm"}, "stringData": {"token": "t0ken"}}
    objects.api.create(resource_path("v1", "secrets", objects.namespace), secret)
    objects.wait("managedimages", "api", has_built(1), timeout=60)


def test_build_under_way_goes_with_its_image(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """Its Job is collected; enrolled again, the image has the record of it, and is built under its number."""
    bakery.add(shelf.push_base("1"))
    bakery.pushes = lambda _: False
    watch_base(objects, shelf)
    build(objects, shelf, url_of(git_server, source))
    jobs = resource_path("batch/v1", "jobs", objects.namespace)
    image = objects.path("managedimages", "api")
    objects.wait("managedimages", "api", lambda _: len(objects.api.get(jobs)["items"]) == 1)
    held = objects.wait(
        "managedimages", "api", lambda body: bool(body and body["metadata"].get("finalizers"))
    )
    assert held["status"]["builds"][0]["phase"] == "Building"
    objects.api.delete(image)
    objects.wait("managedimages", "api", lambda body: body is None)
    objects.wait("managedimages", "api", lambda _: objects.api.get(jobs)["items"] == [])

    bakery.pushes = lambda _: True
    build(objects, shelf, url_of(git_server, source))
    found = objects.wait("managedimages", "api", has_built(1))
    assert [(one["number"], one["phase"]) for one in found["status"]["builds"]] == [(1, "Succeeded")]
    assert objects.events("api", "Restored")


def test_dockerfile_that_cannot_be_read_says_where(
    objects: Objects, shelf: Shelf, git_server: GitServer, namespace: str
) -> None:
    """With line and column, and nothing is built."""
    broken = git_server.repository(f"{namespace}-broken.git")
    broken.commit({"Dockerfile": "FROM alpine\nCOPY --from=${WHAT} / /\n"}, "Begin")
    build(objects, shelf, url_of(git_server, broken))
    found = objects.wait_not_ready("managedimages", "api", "DockerfileUnreadable")
    assert "line 2" in condition(found, "Ready")["message"]
    assert condition(found, "Stalled")["status"] == "True"


def test_base_that_moves_may_be_exchanged_without_a_build(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """With RebaseOrRebuild: from the last build from source, each time; what a RUN made is built anew."""
    bakery.add(shelf.push_base("1"))
    watch_base(objects, shelf)
    job = {"type": "Job", "baseChange": "RebaseOrRebuild"}
    build(objects, shelf, url_of(git_server, source), build=job)
    objects.wait("managedimages", "api", has_built(1))
    for number, version in ((2, "2"), (3, "3")):
        base = bakery.add(shelf.push_base(version))
        found = objects.wait("managedimages", "api", has_built(number))
        newest = found["status"]["builds"][0]
        assert (newest["method"], newest["bases"][0]["digest"]) == ("Rebase", base.digest)
        assert newest["sourceDigest"] == shelf.digest("1-1")
        assert shelf.digest("latest") == newest["digest"]
    assert len(bakery.keys) == 1


def test_base_that_comes_back_by_another_stage_is_not_exchanged(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """History shows no more than a COPY; the Dockerfile shows what of, and in which line."""
    bakery.add(shelf.push_base("1"))
    watch_base(objects, shelf)
    stages = f"FROM {shelf.base}:stable AS common\nFROM common AS build\nRUN make\nFROM common\n"
    source.commit({"Dockerfile": f"{stages}COPY --from=build /out /app\n"}, "Compile")
    job = {"type": "Job", "baseChange": "RebaseOrRebuild"}
    build(objects, shelf, url_of(git_server, source), build=job)
    objects.wait("managedimages", "api", has_built(1))
    bakery.add(shelf.push_base("2"))
    newest, refused, _ = objects.wait("managedimages", "api", has_built(3))["status"]["builds"]
    assert (newest["method"], refused["method"], refused["reason"]) == ("Build", "Rebase", "RunNeedsAllow")
    assert "line 5 of Dockerfile takes files from stage build" in refused["message"]


def test_no_more_builds_run_than_may(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """Two at a time; the others are Queued and say so, and all are built once."""
    bakery.add(shelf.push_base("1"))
    watch_base(objects, shelf)
    names = [f"app{number}" for number in range(5)]
    for name in names:
        build(objects, shelf, url_of(git_server, source), name)
    objects.wait("managedimages", names[-1], lambda _: _phases(objects).count("Queued") >= 1)
    assert _phases(objects).count("Building") <= 2
    for name in names:
        objects.wait("managedimages", name, has_built(1), timeout=60)
    assert len(bakery.keys) == len(set(bakery.keys)) == 5


def test_job_is_ended_where_another_builder_is_to_build(
    objects: Objects, shelf: Shelf, git_server: GitServer, source: GitRepository, bakery: Bakery
) -> None:
    """Also where that one cannot be asked: its Secret is missing."""
    bakery.add(shelf.push_base("1"))
    bakery.pushes = lambda _: False
    watch_base(objects, shelf)
    build(objects, shelf, url_of(git_server, source))
    jobs = resource_path("batch/v1", "jobs", objects.namespace)
    objects.wait("managedimages", "api", lambda _: len(objects.api.get(jobs)["items"]) == 1)
    receiver = {"url": "https://ci.example.com/hook", "secretRef": {"name": "ci"}}
    objects.patch("managedimages", "api", {"spec": {"build": {"type": "Webhook", "webhook": receiver}}})
    objects.wait("managedimages", "api", lambda _: objects.api.get(jobs)["items"] == [])
    found = objects.wait_not_ready("managedimages", "api", "SecretNotFound")
    assert [(one["phase"], one["reason"]) for one in found["status"]["builds"]] == [("Failed", "Superseded")]


def _phases(objects: Objects) -> list[str]:
    listed = objects.api.get(objects.path("managedimages"))["items"]
    return [(item.get("status") or {}).get("phase", "") for item in listed]
