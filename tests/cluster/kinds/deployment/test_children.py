"""Children on a real control plane: never a stranger's, always as they should be."""

from __future__ import annotations

import json

import pytest

from tests.cluster.kinds.deployment.apps import Apps, healthy
from tests.support.cluster import Kubectl
from tests.support.objects import Body, condition

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

HTTP = [{"name": "http", "containerPort": 8080, "servicePort": 80}]
POD = {
    "metadata": {"labels": {"app": "stranger"}},
    "spec": {"containers": [{"name": "web", "image": "registry.test/web"}]},
}


def strangers_deployment() -> Body:
    """Of the same name, made by somebody else."""
    selector = {"matchLabels": {"app": "stranger"}}
    return {"metadata": {"name": "api"}, "spec": {"replicas": 0, "selector": selector, "template": POD}}


def strangers_service() -> Body:
    """Of the same name, made by somebody else."""
    return {"metadata": {"name": "api"}, "spec": {"selector": {"app": "stranger"}, "ports": [{"port": 81}]}}


@pytest.mark.parametrize("kind", ["deployments", "services"])
def test_a_strangers_object_is_never_touched(apps: Apps, kind: str) -> None:
    """The Deployment says what to do, makes nothing beside the stranger, and goes on when that is gone."""
    path = apps.child_path(kind)
    body = strangers_deployment() if kind == "deployments" else strangers_service()
    apps.api.create(path.rpartition("/")[0], body)
    apps.push("1")
    apps.create(apps.reference("1"), ports=HTTP)
    found = apps.wait_ready("False", "NameConflict")
    assert condition(found, "Stalled")["status"] == "True"
    assert "delete or rename" in condition(found, "Ready")["message"]

    apps.change(replicas=2)
    apps.wait_ready("False", "NameConflict")
    agents = {entry["manager"] for entry in apps.api.get(path)["metadata"]["managedFields"]}
    assert not any("slipway" in agent and agent != "slipway-dev" for agent in agents)
    assert apps.revisions() == {}

    apps.api.delete(path)
    apps.api.wait_for(path, lambda body: body is None)
    apps.ask()
    apps.wait(healthy(1))


def test_a_deployment_made_anew_waits_for_the_old_children_to_go(apps: Apps) -> None:
    """As after `kubectl replace --force`: nobody has to act, and nothing of the old object is taken over."""
    found, digest = apps.run(ports=HTTP)
    apps.api.delete(apps.objects.path("deployments", "api"))
    anew = apps.create(apps.reference("1"), ports=HTTP)
    assert anew["metadata"]["uid"] != found["metadata"]["uid"]

    # The garbage collector learns of new kinds every 30 s.
    path = apps.objects.path("deployments", "api")
    apps.api.wait_for(path, healthy(1, digest), timeout=75)
    for kind in ("deployments", "services"):
        child = apps.child(kind)
        assert child is not None
        assert [owner["uid"] for owner in child["metadata"]["ownerReferences"]] == [anew["metadata"]["uid"]]


@pytest.mark.parametrize("kind", ["deployments", "services", "controllerrevisions"])
def test_a_deleted_child_comes_back_at_once(apps: Apps, kind: str) -> None:
    """Long before the next resync, as what it was, and without an entry in the history."""
    resources = {"requests": {"cpu": "0.1"}, "limits": {"memory": "1024Mi"}}
    found, digest = apps.run(ports=HTTP, args=["-v"], resources=resources)
    path = path_of(apps, kind)
    deleted = apps.api.get(path)

    apps.api.delete(path)

    apps.api.wait_for(path, lambda body: uid_of(body) not in {None, uid_of(deleted)})
    assert wished(apps.api.get(path)) == wished(deleted)
    assert apps.wait(healthy(1, digest))["status"]["history"] == found["status"]["history"]


def path_of(apps: Apps, kind: str) -> str:
    """Where the one child of this kind is."""
    return apps.child_path(
        kind, apps.revisions()[1]["metadata"]["name"] if kind == "controllerrevisions" else "api"
    )


def uid_of(body: Body | None) -> str | None:
    """Which object of its name it is."""
    return body["metadata"]["uid"] if body is not None else None


def wished(body: Body) -> Body:
    """What the operator wants of a child, whatever the API server and other controllers add."""
    metadata, annotations = body["metadata"], body["metadata"].get("annotations") or {}
    ours = {key: text for key, text in annotations.items() if key.startswith("slipway.dev/")}
    spec = {key: value for key, value in body.get("spec", {}).items() if not key.startswith("clusterIP")}
    return {
        "labels": metadata["labels"],
        "owners": metadata["ownerReferences"],
        "annotations": ours,
        "content": (spec, body.get("revision"), body.get("data")),
    }


def test_the_revision_of_a_rollback_comes_back_too(apps: Apps) -> None:
    """Though the spec has other arguments by now: it is what runs."""
    apps.run("1", args=["old"], ports=HTTP)
    apps.change(args=["new"])
    apps.wait(healthy(2))
    apps.change(rollbackTo={"revision": 1})
    apps.wait_ready("True", "RolledBack")
    deleted = apps.revisions()[1]
    path = apps.child_path("controllerrevisions", deleted["metadata"]["name"])

    apps.api.delete(path)

    apps.api.wait_for(path, lambda body: uid_of(body) not in {None, uid_of(deleted)})
    assert wished(apps.revisions()[1]) == wished(deleted)
    found = apps.wait_ready("True", "RolledBack")
    assert [entry["action"] for entry in found["status"]["history"]] == ["Rollback", "Update", "Create"]


@pytest.mark.parametrize("kind", ["deployments", "services", "controllerrevisions"])
def test_a_child_gets_back_the_label_that_it_is_watched_by(apps: Apps, kind: str) -> None:
    """Without it the operator would not hear of what is done to it."""
    apps.run(ports=HTTP)
    path = path_of(apps, kind)
    apps.api.patch(path, {"metadata": {"labels": {"slipway.dev/managed": None}}})

    found = apps.api.wait_for(
        path, lambda body: "slipway.dev/managed" in str((body or {})["metadata"]["labels"])
    )
    apps.api.delete(path)
    apps.api.wait_for(path, lambda body: uid_of(body) not in {None, uid_of(found)})


def test_a_revision_without_its_labels_is_found_by_its_name(apps: Apps) -> None:
    """Going back to it is going back to its number, and it has its labels again."""
    _, digest = apps.run(args=["old"])
    path = path_of(apps, "controllerrevisions")
    apps.change(args=["new"])
    apps.wait(healthy(2, digest))
    apps.api.patch(path, {"metadata": {"labels": None}})

    apps.change(args=["old"])
    found = apps.wait(healthy(1, digest))

    assert [entry["revision"] for entry in found["status"]["history"]] == [1, 2, 1]
    assert sorted(apps.revisions()) == [1, 2]


def test_ports_and_selector_that_were_edited_are_put_right(apps: Apps, kubectl: Kubectl) -> None:
    """A port of our name with another number, on the Service and in the pods; one more label to select by."""
    found, digest = apps.run(ports=HTTP)
    service, workload = apps.child_path("services"), apps.child_path("deployments")
    wanted = apps.api.get(service)["spec"]

    for spec in (
        {"ports": [{"name": "http", "port": 81, "targetPort": 9999}]},
        {"selector": {"app": "evil"}},
    ):
        kubectl("patch", "service", "api", "--type=merge", "-p", json.dumps({"spec": spec}))
        apps.api.wait_for(
            service,
            lambda body: (
                [(body or {})["spec"][name] for name in ("ports", "selector")]
                == [wanted["ports"], wanted["selector"]]
            ),
        )
    path = "/spec/template/spec/containers/0/ports/0/containerPort"
    patch = [{"op": "replace", "path": path, "value": 9090}]
    kubectl("patch", "deployment.apps", "api", "--type=json", "-p", json.dumps(patch))
    apps.api.wait_for(workload, lambda body: ports_of(body or {}) == [8080])

    assert apps.wait(healthy(1, digest))["status"]["history"] == found["status"]["history"]


def ports_of(workload: Body) -> list[int]:
    """The ports of the pods."""
    (container,) = workload["spec"]["template"]["spec"]["containers"]
    return [port["containerPort"] for port in container["ports"]]


def test_drift_is_repaired(apps: Apps, kubectl: Kubectl) -> None:
    """An image, replicas or a pause set by hand, without an entry in the history."""
    found, digest = apps.run()
    before = found["status"]["history"]

    kubectl("set", "image", "deployment.apps/api", "app=registry.test/other")
    apps.api.wait_for(apps.child_path("deployments"), lambda _: apps.image().endswith(digest))
    kubectl("scale", "deployment.apps/api", "--replicas=3")
    apps.api.wait_for(
        apps.child_path("deployments"), lambda body: body is not None and body["spec"]["replicas"] == 1
    )
    kubectl("rollout", "pause", "deployment.apps/api")
    apps.api.wait_for(
        apps.child_path("deployments"), lambda body: body is not None and not body["spec"].get("paused")
    )

    found = apps.wait(healthy(1, digest))
    assert found["status"]["history"] == before


def test_an_undone_workload_is_redone(apps: Apps, kubectl: Kubectl) -> None:
    """`kubectl rollout undo` on the workload is drift; a rollback is asked for in the Deployment."""
    apps.run("1")
    second = apps.push("2")
    apps.change(image=apps.reference("2"))
    before = apps.wait(healthy(2, second))["status"]["history"]

    kubectl("rollout", "undo", "deployment.apps/api")
    apps.api.wait_for(apps.child_path("deployments"), lambda _: apps.image().endswith(second))
    found = apps.wait(healthy(2, second))
    assert found["status"]["history"] == before


def test_ports_come_and_go(apps: Apps) -> None:
    """The Service follows them, item by item."""
    apps.run(ports=[*HTTP, {"name": "admin", "containerPort": 9090}])
    apps.change(ports=[{"name": "http", "containerPort": 8080, "servicePort": 8000}])
    apps.wait(healthy(2))
    service = apps.child("services")
    assert service is not None
    assert [(port["name"], port["port"]) for port in service["spec"]["ports"]] == [("http", 8000)]

    apps.change(ports=None)
    apps.wait(healthy(3))
    assert apps.child("services") is None
