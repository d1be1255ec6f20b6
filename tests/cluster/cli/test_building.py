"""The commands about builds as real processes, on a real API server. Where they wait, an operator runs."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dev.api import resource_path
from dev.bakery import Bakery
from dev.cluster import Cluster
from dev.gitserver import GitServer
from dev.operator import OperatorProcess
from tests.cluster.kinds.managedimage.shelf import Shelf, watch_base
from tests.support.cluster import FAST
from tests.support.image_cluster import build
from tests.support.objects import Body, Objects

pytestmark = pytest.mark.timeout(180)

Slipway = Callable[..., "subprocess.CompletedProcess[str]"]

JOBS = {"SLIPWAY_BUILDER_IMAGE": "builder:1", "SLIPWAY_GIT_IMAGE": "git:1"}


def make(
    objects: Objects, name: str, base: str, *, repository: str = "", url: str = "", **status: Any
) -> Body:
    """Make a ManagedImage that is built by Jobs, with this status."""
    body = {
        "metadata": {"name": name},
        "spec": {
            "image": {
                "repository": repository or f"r.example.com/shop/{name}",
                "tag": "1-{build}",
                "floatingTags": ["latest"],
            },
            "source": {"git": {"url": url or "https://git.example.com/x.git"}},
            "build": {"type": "Job"},
        },
    }
    kind = {"apiVersion": "slipway.dev/v1alpha1", "kind": "ManagedImage"}
    made = objects.api.create(objects.path("managedimages"), {**kind, **body})
    known = {"bases": [{"reference": base}], **status} if base else status
    if known:
        path = f"{objects.path('managedimages', name)}/status"
        made = objects.api.patch(path, {"status": {"observedGeneration": 1, **known}})
    return made


@pytest.fixture
def images(objects: Objects) -> None:
    """An image on python, and one on that, with builds."""
    running = build(7, "Building", None, reasons=[{"type": "Base", "detail": "it moved"}])
    make(objects, "base", "docker.io/library/python:3.12-slim", phase="Current", builds=[build(1)])
    make(objects, "api", "r.example.com/shop/base:latest", phase="Building", builds=[running, build(6)])


@pytest.mark.usefixtures("images")
def test_what_stands_on_what_is_read_from_the_cluster(slipway: Slipway, namespace: str) -> None:
    ended = slipway("graph", "python:3.12-slim")

    assert (ended.returncode, ended.stderr) == (0, "")
    assert ended.stdout.splitlines() == [
        "docker.io/library/python:3.12-slim",
        f"└─ {namespace}/base  Current",
        f"   └─ {namespace}/api  Building",
    ]


@pytest.mark.usefixtures("images")
def test_what_follows_from_a_move_is_told(slipway: Slipway, objects: Objects, namespace: str) -> None:
    spec = {"image": {"type": "ManagedImage", "managedImage": {"name": "api"}}}
    body = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": spec,
    }
    objects.api.create(objects.path("deployments"), body)

    found = json.loads(slipway("impact", "python:3.12-slim", "-o", "json").stdout)

    assert [(one["image"], one["endSeconds"]) for one in found["builds"]] == [
        (f"{namespace}/base", 60),
        (f"{namespace}/api", 120),
    ]
    assert [(one["name"], one["seconds"]) for one in found["deployments"]] == [("api", 120)]


@pytest.mark.usefixtures("images")
def test_builds_are_listed(slipway: Slipway) -> None:
    items = json.loads(slipway("builds", "api", "-o", "json").stdout)["items"]

    assert [(item["number"], item["phase"]) for item in items] == [(7, "Building"), (6, "Succeeded")]


@pytest.mark.usefixtures("images")
def test_a_build_without_a_pod_has_no_log_yet(slipway: Slipway) -> None:
    ended = slipway("logs", "api")

    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "Error: Build 7 has no pod yet: ask again, or wait for it with --follow\n"


@pytest.mark.usefixtures("images")
def test_requests_stand_beside_each_other_under_a_name_of_their_own(
    slipway: Slipway, objects: Objects
) -> None:
    """The second one takes nothing away from the first, and both leave the rest of the object alone."""
    before = objects.api.get(objects.path("managedimages", "api"))

    first, second = slipway("rebuild", "api", "--reason", "because"), slipway("cancel", "api")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    after = objects.api.get(objects.path("managedimages", "api"))
    annotations = after["metadata"]["annotations"]
    assert annotations["slipway.dev/rebuild"].endswith("Z reason=because")
    assert annotations["slipway.dev/cancel-build"].endswith("Z build=7")
    assert (after["spec"], after["status"]) == (before["spec"], before["status"])
    (entry,) = [one for one in after["metadata"]["managedFields"] if one["manager"] == "slipway-cli"]
    assert set(entry["fieldsV1"]["f:metadata"]["f:annotations"]) == {
        ".",
        "f:slipway.dev/rebuild",
        "f:slipway.dev/cancel-build",
    }


def test_an_image_that_is_not_there_is_an_error(slipway: Slipway, namespace: str) -> None:
    for command in ("builds", "logs", "rebuild", "cancel"):
        ended = slipway(command, "none")
        assert (ended.returncode, ended.stdout) == (1, "")
        assert ended.stderr == (
            f"Error: There is no ManagedImage none in namespace {namespace}: correct the name, or name the"
            " namespace with -n\n"
        )


# --- with an operator


@pytest.fixture(scope="module")
def builder(cluster: Cluster, crds: None) -> Iterator[OperatorProcess]:
    with OperatorProcess(cluster, environment={**FAST, **JOBS}) as running:
        yield running


@pytest.mark.test_bed
@pytest.mark.usefixtures("crds", "builder")
def test_what_was_asked_for_is_waited_for(
    slipway: Slipway, cluster: Cluster, objects: Objects, namespace: str
) -> None:
    """A build until it is there; then one whose Job gets no pod, until it is cancelled."""
    shelf = Shelf(cluster.registry_url, namespace)
    with GitServer() as server, Bakery(cluster.api, namespace, cluster.registry_url) as bakery:
        source = server.repository(f"{namespace}.git")
        source.commit({"Dockerfile": f"FROM {shelf.base}:stable\nCOPY . /app\n"}, "Begin")
        bakery.add(shelf.push_base("1"))
        watch_base(objects, shelf)
        make(objects, "api", "", repository=shelf.app("api"), url=f"{server.url}/{source.path.name}")
        objects.wait("managedimages", "api", _has_phase("Current"))

        built = slipway("rebuild", "api", "--wait")

        assert built.returncode == 0, built.stderr
        # With a key of its own it gives the same image again, or another one.
        assert built.stderr.splitlines()[-1] in {"Build 2: Succeeded", "Build 2: Unchanged"}

        quota = {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}}
        objects.api.create(resource_path("v1", "resourcequotas", namespace), quota)
        bakery.pushes = lambda _: False
        slipway("rebuild", "api")
        objects.wait("managedimages", "api", _has_phase("Building"))
        cancelled = slipway("cancel", "api", "--wait")

        assert cancelled.returncode == 0, cancelled.stderr
        assert "Build 3: Cancelled" in cancelled.stderr
        jobs = objects.api.get(resource_path("batch/v1", "jobs", namespace))["items"]
        assert [job for job in jobs if job["metadata"]["labels"]["slipway.dev/build-number"] == "3"] == []


def _has_phase(phase: str) -> Callable[[Body | None], bool]:
    return lambda body: ((body or {}).get("status") or {}).get("phase") == phase
