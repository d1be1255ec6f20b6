"""Deployments on a real control plane: from an image to pods, and to the next image."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from tests.cluster.kinds.deployment.apps import Apps, healthy
from tests.support.cluster import Kubectl
from tests.support.objects import Body, condition

pytestmark = [pytest.mark.usefixtures("crds", "shared_operator"), pytest.mark.test_bed]

HTTP = [{"name": "http", "containerPort": 8080, "servicePort": 80}]


def message(body: Body) -> str:
    """The sentence of the Ready condition."""
    return str(condition(body, "Ready")["message"])


def told(body: Body) -> list[tuple[str, int, str | None]]:
    """Action, revision and outcome of each entry of the history, newest first."""
    return [(entry["action"], entry["revision"], entry.get("outcome")) for entry in body["status"]["history"]]


def test_an_image_becomes_pods_and_a_service(apps: Apps) -> None:
    """Pinned to the digest that the tag had, with a ControllerRevision that its Deployment owns."""
    found, digest = apps.run(replicas=2, ports=HTTP, args=["-v"], resources={"limits": {"cpu": "1000m"}})

    image = f"{apps.registry.host}/shop/api@{digest}"
    assert {pod["spec"]["containers"][0]["image"] for pod in apps.pods()} == {image}
    assert len(apps.pods()) == 2
    service = apps.child("services")
    assert service is not None
    assert service["spec"]["ports"][0] | {"port": 80, "targetPort": "http"} == service["spec"]["ports"][0]
    assert (found["status"]["phase"], found["status"]["readyReplicas"]) == ("Healthy", 2)
    assert told(found) == [("Create", 1, "Promoted")]
    (revision,) = apps.revisions().values()
    (owner,) = revision["metadata"]["ownerReferences"]
    assert (owner["uid"], owner["controller"]) == (found["metadata"]["uid"], True)
    assert revision["metadata"]["labels"]["slipway.dev/managed"] == "true"


def test_a_tag_is_resolved_once(apps: Apps) -> None:
    """A tag that is pushed again changes nothing; another tag does."""
    _, first = apps.run("1")
    apps.push("1", label="pushed again")
    moment = apps.ask()
    found = apps.wait(lambda body: handled(body) == moment)
    assert found["status"]["image"]["digest"] == first

    second = apps.push("2")
    apps.change(image=apps.reference("2"))
    found = apps.wait(healthy(2, second))

    assert told(found) == [("Update", 2, "Promoted"), ("Create", 1, "Promoted")]
    assert found["status"]["history"][0]["oldImage"].endswith(first)


def handled(body: Body | None) -> str | None:
    """The time of the last request that was answered."""
    requests = ((body or {}).get("status") or {}).get("handledRequests") or [{}]
    moment: str | None = requests[0].get("at")
    return moment


def test_a_warehouse_is_followed(apps: Apps) -> None:
    """A new digest behind its tag is rolled out, and the history names the Warehouse."""
    apps.push("stable", label="first")
    policy = {"type": "Digest", "digest": {"tag": "stable"}}
    apps.objects.warehouse("api", f"{apps.registry.host}/shop/api", policy)
    apps.create({"type": "Warehouse", "warehouse": {"name": "api", "subscription": "app"}})
    apps.wait(healthy(1))

    second = apps.push("stable", label="second")
    found = apps.wait(healthy(2, second))

    assert found["status"]["history"][0]["cause"] == "Warehouse api: tag stable"
    assert found["status"]["image"]["reference"] == f"{apps.registry.host}/shop/api:stable"


def test_a_source_that_comes_later(apps: Apps) -> None:
    """The Deployment waits, says for what, and goes on by itself."""
    apps.create({"type": "Warehouse", "warehouse": {"name": "late", "subscription": "app"}})
    found = apps.wait_ready("False", "WarehouseNotFound")
    assert condition(found, "Reconciling")["status"] == "True"
    assert apps.child("deployments") is None

    apps.push("stable")
    policy = {"type": "Digest", "digest": {"tag": "stable"}}
    apps.objects.warehouse("late", f"{apps.registry.host}/shop/api", policy)
    apps.wait(healthy(1))


@pytest.mark.parametrize(
    ("word", "words"),
    [("crash", "exit code 1"), ("pullfail", "cannot be pulled"), ("oom", "more memory than its limit")],
)
def test_a_broken_image_is_degraded_and_replaced(apps: Apps, word: str, words: str) -> None:
    """The message says why, the old pods stay, and the next image ends it."""
    apps.run("1", progressDeadline="2s")
    apps.push("2", f"shop/{word}/api")
    apps.change(image=apps.reference("2", f"shop/{word}/api"))
    found = apps.wait_ready("False", "ProgressDeadlineExceeded")

    assert condition(found, "Stalled")["status"] == "True"
    assert found["status"]["phase"] == "Degraded"
    assert words in message(found)
    assert found["status"]["revision"] == {"current": 2, "stable": 1}
    assert found["status"]["readyReplicas"] == 1
    assert told(found)[0] == ("Update", 2, "Failed")
    assert words in found["status"]["history"][0]["error"]

    apps.push("3")
    apps.change(image=apps.reference("3"))
    found = apps.wait(healthy(3))
    assert told(found)[:2] == [("Update", 3, "Promoted"), ("Update", 2, "Failed")]


def test_a_tag_that_does_not_exist(apps: Apps) -> None:
    """It says so, and looks again by itself or when asked."""
    apps.push("1")
    apps.create(apps.reference("2"))
    found = apps.wait_ready("False", "ManifestNotFound")
    assert "shop/api:2" in message(found)
    assert apps.child("deployments") is None

    apps.push("2")
    apps.ask()
    apps.wait(healthy(1))


def test_scaling(apps: Apps, kubectl: Kubectl) -> None:
    """`kubectl scale` works on the object, and an autoscaler finds what it needs."""
    apps.run()
    kubectl("scale", "sdep/api", "--replicas=3")
    found = apps.wait(
        lambda body: body is not None and body["status"].get("readyReplicas") == 3 and healthy(1)(body)
    )

    assert told(found)[0] == ("Scale", 1, "Promoted")
    scale = apps.api.get(apps.objects.path("deployments", "api") + "/scale")
    assert (scale["spec"]["replicas"], scale["status"]["replicas"]) == (3, 3)
    assert scale["status"]["selector"] == "slipway.dev/deployment=api"
    pods = apps.api.get(
        resource_path("v1", "pods", apps.namespace), labelSelector=scale["status"]["selector"]
    )
    assert len(pods["items"]) == 3


def test_an_autoscaler_is_told_from_a_person(apps: Apps, kubectl: Kubectl) -> None:
    """By the name that it writes under; of what it does in a row the history keeps the last."""
    apps.run()
    path = apps.objects.path("deployments", "api") + "/scale"
    for replicas in (2, 3):
        apps.api.request(
            "PATCH",
            path,
            body={"spec": {"replicas": replicas}},
            query={"fieldManager": "kube-controller-manager"},
            content_type="application/merge-patch+json",
        )
        apps.wait(ready_with(replicas))
    kubectl("scale", "sdep/api", "--replicas=1")
    found = apps.wait(ready_with(1))

    scales = [(entry["cause"], entry["newReplicas"]) for entry in found["status"]["history"]]
    assert scales == [("spec change", 1), ("autoscaler", 3), ("spec change", 1)]
    told = {event["note"] for event in apps.objects.events("api", "Scaled")}
    assert "Scaled revision 1 from 2 to 3 replicas (autoscaler)" in told


def ready_with(replicas: int) -> Callable[[Body | None], bool]:
    """Whether a Deployment is healthy with so many pods."""
    return lambda body: healthy(1)(body) and (body or {})["status"]["readyReplicas"] == replicas


def test_paused(apps: Apps) -> None:
    """New images wait, replicas act, and going on goes on."""
    apps.run()
    second = apps.push("2")
    apps.change(paused=True, image=apps.reference("2"), replicas=2)
    found = apps.wait(lambda body: body is not None and body["status"].get("readyReplicas") == 2)
    found = apps.wait_ready("True", "Paused")
    assert (found["status"]["phase"], found["status"]["revision"]["current"]) == ("Paused", 1)
    assert second in message(found)

    apps.change(paused=None)
    apps.wait(healthy(2, second))


def test_a_registry_in_error_blocks_only_what_never_ran(apps: Apps) -> None:
    """Replicas and arguments go on with the digest that runs; another one waits for the Registry."""
    _, first = apps.run("1")
    second = apps.push("2")
    apps.change(paused=True, image=apps.reference("2"))
    apps.wait_ready("True", "Paused")
    apps.objects.registry("acme", apps.registry.url, secretRef={"name": "missing"})
    apps.objects.wait(
        "registries", "acme", lambda body: body is not None and body["status"].get("phase") == "Error"
    )

    apps.change(paused=None)
    found = apps.wait_ready("False", "RegistryNotReady")
    assert "acme" in message(found)
    assert apps.image().endswith(first)

    apps.change(image=apps.reference("1"), args=["-v"])
    apps.wait_ready("False", "RegistryNotReady")  # the tag changed, and can't be asked for
    apps.change(image={"type": "Reference", "reference": f"{apps.registry.host}/shop/api@{first}"})
    apps.wait(healthy(2, first))

    apps.change(image={"type": "Reference", "reference": f"{apps.registry.host}/shop/api@{second}"})
    apps.wait_ready("False", "RegistryNotReady")
    apps.objects.patch("registries", "acme", {"spec": {"secretRef": None}})
    apps.wait(healthy(3, second))


def test_pods_are_admitted_where_restricted_is_enforced(apps: Apps) -> None:
    """By Pod Security admission itself."""
    labels = {"pod-security.kubernetes.io/enforce": "restricted"}
    apps.api.patch(resource_path("v1", "namespaces", name=apps.namespace), {"metadata": {"labels": labels}})
    apps.run()


def test_pods_that_are_refused(apps: Apps) -> None:
    """A quota speaks through the object, and its end too."""
    path = resource_path("v1", "resourcequotas", apps.namespace)
    apps.api.create(path, {"metadata": {"name": "none"}, "spec": {"hard": {"pods": "0"}}})
    apps.api.wait_for(f"{path}/none", lambda body: body is not None and "hard" in (body.get("status") or {}))
    apps.push("1")
    apps.create(apps.reference("1"))
    found = apps.wait_ready("False", "ReplicaFailure")

    assert found["status"]["phase"] == "Degraded"
    assert "exceeded quota" in message(found)


def test_an_impossible_spec_is_stalled(apps: Apps) -> None:
    """What only the API server can judge comes back as its sentence, and what runs goes on."""
    apps.run()
    gpu = "example.com/gpu"
    apps.change(resources={"requests": {gpu: 1}, "limits": {gpu: 2}})
    found = apps.wait_ready("False", "InvalidSpec")
    assert f"must be equal to {gpu} limit" in message(found)

    apps.change(resources=None)
    apps.wait(healthy(1))


def test_deletion_takes_everything_along(apps: Apps, cluster: Cluster) -> None:
    """Through owner references: there is no finalizer that could hang."""
    apps.run(ports=HTTP)
    apps.api.delete(apps.objects.path("deployments", "api"))

    for kind in ("deployments", "services"):
        apps.api.wait_for(apps.child_path(kind), lambda body: body is None)
    apps.api.wait_for(
        resource_path("apps/v1", "controllerrevisions", apps.namespace),
        lambda body: body is not None and not body["items"],
    )


def test_each_state_on_the_way_is_honest(apps: Apps) -> None:
    """kstatus: Ready is always there, Reconciling and Stalled only while true, and never both."""
    path = apps.objects.path("deployments")
    version = apps.api.get(path)["metadata"]["resourceVersion"]
    apps.run("1", progressDeadline="2s", ports=HTTP)
    apps.push("2", "shop/crash/api")
    apps.change(image=apps.reference("2", "shop/crash/api"))
    apps.wait_ready("False", "ProgressDeadlineExceeded")
    apps.change(rollbackTo={"revision": 1})
    apps.wait_ready("True", "RolledBack")

    events = apps.api.watch(path, resourceVersion=version, timeoutSeconds="2")
    seen = [event["object"] for event in events]
    assert len(seen) > 6
    for body in seen:
        check_honest(body)


def check_honest(body: dict[str, Any]) -> None:
    """One state of one object."""
    status = body["status"]
    if status["observedGeneration"] == -1:
        return
    found = {item["type"]: item["status"] for item in status["conditions"]}
    beside = {"Reconciling", "Stalled"} & found.keys()
    assert found["Ready"] in {"True", "False"}
    assert all(found[kind] == "True" for kind in (beside | {"Held"}) & found.keys())
    assert len(beside) == (0 if found["Ready"] == "True" else 1)
    assert status["observedGeneration"] <= body["metadata"]["generation"]
    assert all(item["observedGeneration"] == status["observedGeneration"] for item in status["conditions"])
