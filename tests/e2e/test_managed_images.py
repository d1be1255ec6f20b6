"""ManagedImages that Jobs build, on a real node: what is pushed becomes what runs, with both backends."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from dev.cluster import Cluster
from tests.support.application import DOCKERFILE, Application, NodeRegistry, built, failed
from tests.support.node import Backend, NodeGit, NodeSsh
from tests.support.objects import Body, condition

WAITS = DOCKERFILE.replace("RUN ", "RUN until wget -q -O /dev/null {gate}; do sleep 0.2; done && ")
"""Its RUN goes on when the test says so."""

Record = Callable[[str, object], None]

pytestmark = [pytest.mark.usefixtures("building_operator"), pytest.mark.timeout(900, func_only=True)]


@pytest.fixture
def app(
    cluster: Cluster, node_git: NodeGit, backend: Backend, secured_namespace: Callable[[str], str]
) -> Iterator[Application]:
    """An application in a namespace that enforces what the backend promises to need at most."""
    registry = NodeRegistry(cluster.registry_host)
    made = Application(cluster, node_git, registry, secured_namespace(backend.level))
    yield made
    made.delete()


@pytest.fixture
def guarded_app(app: Application, guarded_registry: NodeRegistry) -> Application:
    """The same with base and image in a registry that demands a password."""
    return Application(app.cluster, app.git, guarded_registry, app.namespace)


def test_pushes_to_git_and_of_the_base_become_what_runs(app: Application, record_property: Record) -> None:
    """One Job, one image and one rollout for each, and the histories say why."""
    app.prepare()
    repository = app.repository(message="one")
    app.manage()
    app.deploy()
    first = app.wait_image(built(1))
    app.wait_rollout(first["image"]["digest"])
    assert (app.served("message"), app.served("base")) == ({"one"}, {"1"})

    pushed, begun = datetime.now(UTC), time.monotonic()
    commit = repository.commit({"message": "two"})
    app.tell_of_push()
    second = app.wait_image(built(2))
    app.wait_rollout(second["image"]["digest"])
    noticed = datetime.fromisoformat(second["builds"][0]["startedAt"]) - pushed
    record_property("git push to begin of the build", round(noticed.total_seconds(), 1))
    _record(record_property, "git push", begun, app, 2)
    assert (app.served("message"), app.served("base")) == ({"two"}, {"1"})
    assert (second["source"]["builtCommit"], _reasons(second)) == (commit, ["Source"])

    begun = time.monotonic()
    base = app.push_base("2")
    third = app.wait_image(built(3))
    running = app.wait_rollout(third["image"]["digest"])
    _record(record_property, "base push", begun, app, 3)
    assert (app.served("message"), app.served("base")) == ({"two"}, {"2"})
    assert (third["bases"][0]["builtDigest"], _reasons(third)) == (base.digest, ["Base"])

    assert len(app.jobs()) == 3
    assert app.tags() == {"1-1", "1-2", "1-3", "latest"}
    assert [build["phase"] for build in third["builds"]] == ["Succeeded"] * 3
    told = [(entry["action"], entry["outcome"], entry["cause"]) for entry in running["history"]]
    assert told == [
        ("Update", "Promoted", "ManagedImage api: build 3"),
        ("Update", "Promoted", "ManagedImage api: build 2"),
        ("Create", "Promoted", "ManagedImage api: build 1"),
    ]


def test_base_push_rebuilds_what_stands_on_it_level_by_level(app: Application) -> None:
    """Each once, and the upper one on the new lower one."""
    app.prepare()
    app.repository("platform", message="platform")
    app.repository(
        "api", f"FROM {app.registry.host}/{app.namespace}/platform:latest\nCOPY who /www/\n", who="api"
    )
    app.manage("platform")
    app.manage("api")
    app.deploy("api", replicas=1)
    app.wait_rollout(app.wait_image(built(1))["image"]["digest"])
    assert app.served("base") == {"1"}

    app.push_base("2")
    upper = app.wait_image(built(2))
    app.wait_rollout(upper["image"]["digest"])

    lower = app.wait_image(built(2), "platform")
    assert app.served("base") == {"2"}
    assert app.served("who") == {"api"}
    assert upper["bases"][0]["builtDigest"] == lower["image"]["digest"]
    assert upper["bases"][0]["producer"] == "platform"
    assert lower["builds"][0]["finishedAt"] <= upper["builds"][0]["startedAt"]
    assert len(app.jobs()) == 4


def test_cancelled_build_leaves_nothing_and_the_next_request_builds(app: Application) -> None:
    """Neither Job, pod nor tag, in the middle of a RUN; the status says that somebody cancelled it."""
    app.prepare()
    app.repository(dockerfile=WAITS, message="one")
    app.manage()
    app.await_build_running()

    app.objects.ask("managedimages", "api", "cancel-build")

    found = app.wait_image(failed("Cancelled"))
    assert (found["builds"][0]["phase"], found["builds"][0]["reason"]) == ("Cancelled", "Cancelled")
    assert [one["result"] for one in found["handledRequests"]] == ["Cancelled"]
    app.await_nothing_left()
    assert (app.tags(), app.secrets()) == (set(), set())
    _build_on_request(app)


def test_build_that_takes_too_long_leaves_nothing_and_the_next_request_builds(app: Application) -> None:
    """Neither Job, pod nor tag; the status names the field to raise."""
    app.prepare()
    app.repository(dockerfile=WAITS, message="one")
    app.manage(build={"timeout": "10s", "retries": 0})

    found = app.wait_image(failed("BuildTimedOut"))

    assert found["builds"][0]["phase"] == "Failed"
    assert "build.timeout" in condition({"status": found}, "Ready")["message"]
    app.await_nothing_left()
    assert (app.tags(), app.secrets()) == (set(), set())
    app.objects.patch("managedimages", "api", {"spec": {"build": {"timeout": "5m"}}})
    _build_on_request(app)


def test_dockerfile_error_is_told_with_the_last_lines_and_tried_as_often_as_asked(app: Application) -> None:
    """Twice with one retry, and not a third time."""
    app.prepare()
    app.repository(dockerfile="FROM {base}:stable\nRUN echo what the builder said; exit 3\n")
    app.manage(build={"retries": 1})

    found = app.wait_image(failed("BuildFailed"))

    (build,) = found["builds"]
    assert (build["attempts"], build["failures"]) == (2, 2)
    assert "what the builder said" in build["message"]
    assert "exit" in build["message"]
    assert build["message"][:100] in condition({"status": found}, "Ready")["message"]
    assert len(app.jobs()) == 2
    assert app.tags() == set()


def test_build_is_made_once_its_registry_is_back(guarded_app: Application) -> None:
    """The registry goes while the image is built: the attempt counts as a failure of the infrastructure."""
    app = guarded_app
    process = app.registry.process
    assert process is not None
    app.prepare()
    app.repository(dockerfile=WAITS, message="one")
    app.manage(build={"retries": 0})
    app.await_build_running()
    process.stop()
    try:
        app.open_gate()
        found = app.wait_image(_has_failed)
    finally:
        process.start()

    (build,) = found["builds"]
    assert (build["reason"], build.get("failures")) == ("RunnerFailed", None), build["message"]
    found = app.wait_image(built(1))
    assert found["builds"][0]["attempts"] >= 2
    assert app.tags() == {"1-1", "latest"}


def test_private_registry_opens_with_the_pull_secret(guarded_app: Application) -> None:
    """The Job pulls the base and pushes the image with it, and the node pulls what runs."""
    app = guarded_app
    app.prepare()
    app.repository(message="one")
    app.manage()
    app.deploy(replicas=1)

    found = app.wait_image(built(1))

    app.wait_rollout(found["image"]["digest"])
    assert app.served("message") == {"one"}
    (job,) = app.jobs()
    volumes = {volume["name"]: volume for volume in job["spec"]["template"]["spec"]["volumes"]}
    sources = volumes["registries"]["projected"]["sources"]
    assert [source["secret"]["name"] for source in sources] == ["node-pull"]


def test_base_and_image_each_have_a_registry_with_a_password_of_its_own(
    guarded_app: Application, guarded_registry: NodeRegistry, sealed_registry: NodeRegistry
) -> None:
    """The base is pulled from one, the image pushed to the other, whose authority only the Registry knows."""
    app = replace(guarded_app, registry=sealed_registry)
    guarded_app.prepare()
    app.make_registry("sealed", sealed_registry)
    guarded_app.repository(message="one")
    app.manage()

    app.wait_image(built(1))

    assert app.tags() == {"1-1", "latest"}
    (job,) = app.jobs()
    told = json.dumps(job)
    for registry in (guarded_registry, sealed_registry):
        assert registry.password is not None
        assert registry.password not in told
        assert base64.b64encode(registry.password.encode()).decode() not in told


def test_repository_behind_ssh_is_followed_and_fetched_with_the_same_key(
    app: Application, node_ssh: NodeSsh
) -> None:
    """The operator finds the commits with it, and the Job fetches them, from hosts that the Secret knows."""
    app.prepare()
    repository, url = node_ssh.repository(f"{app.namespace}-api")
    repository.commit({"Dockerfile": DOCKERFILE.format(base=app.base), "message": "one"})
    app.objects.secret("deploy-key", node_ssh.key(), kind="kubernetes.io/ssh-auth", hosts=node_ssh.host)
    app.manage(source={"git": {"url": url, "secretRef": {"name": "deploy-key"}, "window": "1s"}})
    app.wait_image(built(1))

    commit = repository.commit({"message": "two"})
    app.tell_of_push()

    assert app.wait_image(built(2))["source"]["builtCommit"] == commit
    assert len(app.jobs()) == 2


def _build_on_request(app: Application) -> None:
    app.open_gate()
    app.objects.ask("managedimages", "api", "rebuild")
    found = app.wait_image(lambda body: (body or {}).get("status", {}).get("phase") == "Current")
    assert app.tags() == {found["image"]["reference"].rpartition(":")[2], "latest"}


def _has_failed(body: Body | None) -> bool:
    builds = ((body or {}).get("status") or {}).get("builds") or [{}]
    return bool(builds[0].get("phase") == "Failed")


def _reasons(status: Body) -> list[str]:
    return [reason["type"] for reason in status["builds"][0]["reasons"]]


def _record(record: Record, what: str, begun: float, app: Application, number: int) -> None:
    """Report how long it took from a push to the end of the rollout, and how much of it was the Job's."""
    record(f"{what} to rollout", round(time.monotonic() - begun, 1))
    record(f"{what}, its Job", app.job_seconds(number))
