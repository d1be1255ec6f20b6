"""The fake nodes: pods and Jobs end up as their labels, images and namespaces say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dev.api import KubeApi, resource_path
from dev.cluster import Cluster
from dev.puller import ANNOTATION
from tests.support.images import push_image

pytestmark = pytest.mark.test_bed

Object = dict[str, Any]


def _pod(name: str, image: str, **labels: str) -> Object:
    containers = [{"name": "main", "image": image}]
    return {"metadata": {"name": name, "labels": labels}, "spec": {"containers": containers}}


def _outcome(value: str) -> dict[str, str]:
    return {"slipway.dev/outcome": value}


def _settled(api: KubeApi, namespace: str, pod: Object, condition: Callable[[Object], bool]) -> Object:
    path = resource_path("v1", "pods", namespace)
    api.create(path, pod)
    name = pod["metadata"]["name"]
    found = api.wait_for(f"{path}/{name}", lambda live: live is not None and condition(live["status"]))
    assert found is not None
    status: Object = found["status"]
    return status


def _container(status: Object) -> Object:
    containers: list[Object] = status.get("containerStatuses") or [{}]
    return containers[0]


def _is_ready(status: Object) -> bool:
    return _condition(status, "Ready") == "True"


def _condition(status: Object, wanted: str) -> str | None:
    return next((each["status"] for each in status.get("conditions", []) if each["type"] == wanted), None)


def _waits_for(reason: str) -> Callable[[Object], bool]:
    return lambda status: _container(status).get("state", {}).get("waiting", {}).get("reason") == reason


def test_a_pod_gets_ready_with_an_address_and_its_digest(cluster: Cluster, namespace: str) -> None:
    """An ordinary pod runs; an image by digest shows that digest."""
    image = f"registry.example.com/shop/api@sha256:{'a' * 64}"

    status = _settled(cluster.api, namespace, _pod("web", image), _is_ready)

    assert status["phase"] == "Running"
    assert status["podIP"].startswith("10.245.")
    assert _container(status)["imageID"] == image


def test_a_pod_waits_as_long_as_its_label_says(cluster: Cluster, namespace: str) -> None:
    """`slipway.dev/ready-after` sets the time to Ready of one pod."""
    path = resource_path("v1", "pods", namespace)
    cluster.api.create(path, _pod("slow", "shop/slow:1", **{"slipway.dev/ready-after": "1h"}))
    _settled(cluster.api, namespace, _pod("fast", "shop/fast:1"), _is_ready)

    assert not _is_ready(cluster.api.get(f"{path}/slow")["status"])


@pytest.mark.parametrize(
    ("image", "labels"),
    [("registry.example.com/crash/api:1", {}), ("shop/api:1", _outcome("crash"))],
    ids=["by its image", "by its label"],
)
def test_a_crashing_pod_is_in_back_off(
    cluster: Cluster, namespace: str, image: str, labels: dict[str, str]
) -> None:
    """CrashLoopBackOff with restarts and an exit code, and never Ready."""
    status = _settled(cluster.api, namespace, _pod("bad", image, **labels), _waits_for("CrashLoopBackOff"))

    assert _condition(status, "Ready") == "False"
    assert _container(status)["restartCount"] > 0
    assert _container(status)["lastState"]["terminated"]["exitCode"] == 1


@pytest.mark.parametrize(
    ("image", "labels"),
    [("registry.example.com/oom/api:1", {}), ("shop/api:1", _outcome("oom"))],
    ids=["by its image", "by its label"],
)
def test_a_pod_out_of_memory_says_so(
    cluster: Cluster, namespace: str, image: str, labels: dict[str, str]
) -> None:
    """OOMKilled with exit code 137 as the last state."""
    status = _settled(cluster.api, namespace, _pod("big", image, **labels), _waits_for("CrashLoopBackOff"))

    terminated = _container(status)["lastState"]["terminated"]
    assert (terminated["reason"], terminated["exitCode"]) == ("OOMKilled", 137)


@pytest.mark.parametrize(
    ("image", "labels"),
    [("registry.example.com/pullfail/api:1", {}), ("shop/api:1", _outcome("pullfail"))],
    ids=["by its image", "by its label"],
)
def test_a_pod_whose_image_cannot_be_pulled_stays_pending(
    cluster: Cluster, namespace: str, image: str, labels: dict[str, str]
) -> None:
    """ImagePullBackOff, phase Pending."""
    status = _settled(cluster.api, namespace, _pod("bad", image, **labels), _waits_for("ImagePullBackOff"))

    assert status["phase"] == "Pending"


@pytest.mark.parametrize(
    ("image", "labels"),
    [("registry.example.com/neverready/api:1", {}), ("shop/api:1", _outcome("neverready"))],
    ids=["by its image", "by its label"],
)
def test_a_pod_that_never_gets_ready_runs(
    cluster: Cluster, namespace: str, image: str, labels: dict[str, str]
) -> None:
    """It runs, but its readiness probe fails for ever."""
    pod = _pod("dull", image, **labels)

    status = _settled(cluster.api, namespace, pod, lambda status: status["phase"] == "Running")

    assert _condition(status, "Ready") == "False"


def test_a_deployment_rolls_out_and_its_pods_go_with_it(cluster: Cluster, namespace: str) -> None:
    """The real controllers work on the fake nodes; deleted pods go away."""
    labels = {"app": "web"}
    template = {"metadata": {"labels": labels}, "spec": _pod("", "shop/web:1")["spec"]}
    path = resource_path("apps/v1", "deployments", namespace)
    cluster.api.create(
        path,
        {
            "metadata": {"name": "web"},
            "spec": {"replicas": 3, "selector": {"matchLabels": labels}, "template": template},
        },
    )
    cluster.api.wait_for(
        f"{path}/web", lambda live: live is not None and live["status"].get("readyReplicas") == 3
    )
    cluster.api.delete(f"{path}/web")

    pods = resource_path("v1", "pods", namespace)
    cluster.api.wait_for(pods, lambda live: live is not None and not live["items"])


@pytest.mark.parametrize(
    ("labels", "ending", "exit_code"),
    [
        ({}, "succeeded", 0),
        (_outcome("fail"), "failed", 1),
        (_outcome("crash"), "failed", 1),
        (_outcome("oom"), "failed", 137),
    ],
    ids=["succeeds", "fails", "crashes", "out of memory"],
)
def test_a_job_ends_by_itself(
    cluster: Cluster, namespace: str, labels: dict[str, str], ending: str, exit_code: int
) -> None:
    """A Job's pod runs for its time and then succeeds, unless its label says otherwise."""
    path = resource_path("batch/v1", "jobs", namespace)
    times = {"slipway.dev/run-time": "100ms"}
    template = {
        "metadata": {"labels": {**labels, **times}},
        "spec": {**_pod("", "shop/build:1")["spec"], "restartPolicy": "Never"},
    }
    cluster.api.create(
        path, {"metadata": {"name": "build"}, "spec": {"backoffLimit": 0, "template": template}}
    )

    cluster.api.wait_for(f"{path}/build", lambda live: live is not None and live["status"].get(ending) == 1)

    (pod,) = cluster.api.get(resource_path("v1", "pods", namespace))["items"]
    assert _container(pod["status"])["state"]["terminated"]["exitCode"] == exit_code


def test_where_images_must_exist_a_pushed_one_gets_ready(cluster: Cluster, pull_namespace: str) -> None:
    """In `pull-*` namespaces the puller finds the digest in the registry."""
    digest = push_image(cluster.registry_url, "shop/present", "1")
    image = f"{cluster.registry_host}/shop/present@{digest}"

    status = _settled(cluster.api, pull_namespace, _pod("web", image), _is_ready)

    assert _container(status)["imageID"] == image


def test_where_images_must_exist_a_missing_one_never_gets_ready(
    cluster: Cluster, pull_namespace: str
) -> None:
    """A digest that nobody pushed gives ImagePullBackOff."""
    image = f"{cluster.registry_host}/shop/absent@sha256:{'0' * 64}"

    status = _settled(cluster.api, pull_namespace, _pod("web", image), _waits_for("ImagePullBackOff"))

    assert status["phase"] == "Pending"
    path = resource_path("v1", "pods", pull_namespace, "web")
    assert cluster.api.get(path)["metadata"]["annotations"][ANNOTATION] == "missing"


def test_where_images_must_exist_a_late_push_is_found(cluster: Cluster, pull_namespace: str) -> None:
    """As a kubelet the puller tries again."""
    pod = _pod("web", f"{cluster.registry_host}/shop/late:1")
    _settled(cluster.api, pull_namespace, pod, _waits_for("ImagePullBackOff"))

    push_image(cluster.registry_url, "shop/late", "1")

    path = resource_path("v1", "pods", pull_namespace, "web")
    cluster.api.wait_for(path, lambda live: live is not None and _is_ready(live["status"]))
