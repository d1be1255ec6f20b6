"""Rollbacks on a real control plane: they hold, reject what they leave, and let go."""

from __future__ import annotations

import json

import pytest

from tests.cluster.kinds.deployment.apps import Apps, healthy
from tests.support.objects import condition

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")


def two_revisions(apps: Apps) -> tuple[str, str]:
    """A Deployment that follows a Warehouse, at its second digest."""
    first = apps.push("stable", label="first")
    policy = {"type": "Digest", "digest": {"tag": "stable"}}
    apps.objects.warehouse("api", f"{apps.registry.host}/shop/api", policy)
    apps.create({"type": "Warehouse", "warehouse": {"name": "api", "subscription": "app"}})
    apps.wait(healthy(1, first))
    second = apps.push("stable", label="second")
    apps.wait(healthy(2, second))
    return first, second


def test_a_rollback_holds_until_it_is_released(apps: Apps) -> None:
    """Against a newer digest too, which goes out at the release, while the one that was left stays away."""
    first, second = two_revisions(apps)
    apps.change(rollbackTo={"revision": 1, "reason": "slow"})
    found = apps.wait_ready("True", "RolledBack")
    assert (found["status"]["phase"], found["status"]["image"]["digest"]) == ("Paused", first)
    assert condition(found, "Held")["status"] == "True"
    (rejected,) = found["status"]["rejected"]
    assert (rejected["digest"], rejected["reason"]) == (second, "rollbackTo revision 1: slow")
    assert json.loads(apps.revisions()[2]["metadata"]["annotations"]["slipway.dev/rejected"]) == rejected

    third = apps.push("stable", label="third")
    found = apps.wait(lambda body: third in str((body or {})["status"].get("message")))
    assert apps.image().endswith(first)
    assert condition(found, "Held")["status"] == "True"

    apps.change(rollbackTo=None)
    found = apps.wait(healthy(3, third))
    assert condition(found, "Held") == {}
    assert [entry["digest"] for entry in found["status"]["rejected"]] == [second]
    assert [entry["action"] for entry in found["status"]["history"]] == [
        "Update",
        "Rollback",
        "Update",
        "Create",
    ]


def test_a_rejected_digest_waits_for_a_word(apps: Apps) -> None:
    """After the release nothing moves until acceptDigests names it."""
    first, second = two_revisions(apps)
    apps.change(rollbackTo={"revision": 1})
    apps.wait_ready("True", "RolledBack")
    apps.change(rollbackTo=None)
    found = apps.wait_ready("True", "DigestRejected")
    assert "acceptDigests" in found["status"]["message"]
    assert apps.image().endswith(first)

    apps.change(acceptDigests=[second])
    found = apps.wait(healthy(2, second))
    assert "rejected" not in found["status"]
    assert "slipway.dev/rejected" not in apps.revisions()[2]["metadata"]["annotations"]


def test_a_rollback_brings_all_inputs_back(apps: Apps) -> None:
    """Arguments and ports are those of the revision, the replicas those of now."""
    apps.run("1", args=["old"])
    apps.change(args=["new"], ports=[{"name": "http", "containerPort": 8080}], replicas=2)
    apps.wait(healthy(2))
    assert apps.child("services") is not None

    apps.change(rollbackTo={"revision": 1})
    found = apps.wait_ready("True", "RolledBack")
    workload = apps.child("deployments")
    assert workload is not None
    assert workload["spec"]["template"]["spec"]["containers"][0]["args"] == ["old"]
    assert found["status"]["readyReplicas"] == 2
    assert apps.child("services") is None
    assert "rejected" not in found["status"]


def test_an_unknown_revision(apps: Apps) -> None:
    """The message names the revisions that there are, and nothing moves."""
    _, digest = apps.run()
    apps.change(rollbackTo={"revision": 7})
    found = apps.wait_ready("False", "RevisionNotFound")

    assert condition(found, "Stalled")["status"] == "True"
    assert "name one of these: 1" in condition(found, "Ready")["message"]
    assert apps.image().endswith(digest)


def test_old_revisions_are_pruned_but_not_the_target(apps: Apps) -> None:
    """The limit counts what is neither current nor stable nor rolled back to."""
    apps.run("1", revisionHistoryLimit=1)
    for number in range(2, 5):
        apps.change(args=[str(number)])
        apps.wait(healthy(number))
    apps.wait(lambda _: sorted(apps.revisions()) == [3, 4])

    apps.change(rollbackTo={"revision": 3})
    apps.wait_ready("True", "RolledBack")
    assert sorted(apps.revisions()) == [3, 4]
