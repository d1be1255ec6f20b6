"""The Secret with which pods pull: made, read as the kubelet reads it, kept current, and removed."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pytest

from dev.api import resource_path
from dev.registry import Registry
from tests.cluster.kinds.warehouse.watched import request
from tests.support.objects import Body, Objects, condition

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

USERS = {"robot": "correct horse", "deputy": "battery staple"}
PULL = {"pullSecret": {"enabled": True}, "secretRef": {"name": "robot"}, "interval": "24h"}


@pytest.fixture(scope="module")
def closed() -> Iterator[Registry]:
    """A registry with two users."""
    with Registry(users=USERS) as running:
        yield running


def credential(objects: Objects, registry: Registry, user: str) -> None:
    """Make the Secret of the Registry, or replace it."""
    data = {"username": user, "password": USERS[user]}
    objects.secret("robot", data, kind="kubernetes.io/basic-auth", hosts=registry.host)


def path(objects: Objects, name: str = "acme-pull") -> str:
    """Where the pull Secret is."""
    return resource_path("v1", "secrets", objects.namespace, name)


def held(secret: Body) -> Any:
    """What the kubelet reads: user name and password by registry, from `auth`."""
    assert secret["type"] == "kubernetes.io/dockerconfigjson"
    auths = json.loads(base64.b64decode(secret["data"][".dockerconfigjson"]))["auths"]
    return {host: base64.b64decode(entry["auth"]).decode() for host, entry in auths.items()}


def test_a_pull_secret_follows_the_credential_and_goes_when_nobody_wants_it(
    objects: Objects, closed: Registry
) -> None:
    """It belongs to the Registry, and is written only when it must hold something else."""
    credential(objects, closed, "robot")
    made = objects.registry("acme", closed.url, **PULL)
    objects.wait_ready("registries", "acme", "Connected")
    first = objects.api.wait_for(path(objects), lambda found: found is not None) or {}
    assert held(first) == {closed.host: "robot:correct horse"}
    (owner,) = first["metadata"]["ownerReferences"]
    assert (owner["kind"], owner["uid"], owner["controller"]) == ("Registry", made["metadata"]["uid"], True)

    credential(objects, closed, "deputy")
    request(objects, "registries", "acme")
    second = objects.api.get(path(objects))
    assert held(second) == {closed.host: "deputy:battery staple"}
    assert second["metadata"]["uid"] == first["metadata"]["uid"]

    request(objects, "registries", "acme")
    assert (
        objects.api.get(path(objects))["metadata"]["resourceVersion"] == second["metadata"]["resourceVersion"]
    )

    objects.patch("registries", "acme", {"spec": {"pullSecret": {"enabled": False}}})
    objects.api.wait_for(path(objects), lambda found: found is None)


def test_a_pull_secret_goes_with_its_registry(objects: Objects, closed: Registry) -> None:
    """Kubernetes collects it; the Secret that a person made stays."""
    credential(objects, closed, "robot")
    objects.registry("acme", closed.url, **PULL)
    objects.wait_ready("registries", "acme", "Connected")
    objects.api.wait_for(path(objects), lambda found: found is not None)

    objects.api.delete(objects.path("registries", "acme"))

    # The garbage collector learns of new kinds every 30 s.
    objects.api.wait_for(path(objects), lambda found: found is None, timeout=75)
    assert objects.api.find(path(objects, "robot")) is not None


def test_a_pull_secret_that_somebody_removed_comes_back(objects: Objects, closed: Registry) -> None:
    """At the next test."""
    credential(objects, closed, "robot")
    objects.registry("acme", closed.url, **PULL)
    objects.api.wait_for(path(objects), lambda found: found is not None)
    objects.wait_ready("registries", "acme", "Connected")

    objects.api.delete(path(objects))
    request(objects, "registries", "acme")
    objects.api.wait_for(path(objects), lambda found: found is not None)


def test_a_strangers_secret_of_that_name_is_not_touched(objects: Objects, closed: Registry) -> None:
    """The Registry is connected all the same, and says what is in the way until it is gone."""
    credential(objects, closed, "robot")
    objects.secret("acme-pull", {"mine": "keep"})
    before = objects.api.get(path(objects))
    objects.registry("acme", closed.url, **PULL)

    found = objects.wait_not_ready("registries", "acme", "NameConflict")
    assert found["status"]["phase"] == "Connected"
    assert condition(found, "Stalled")["status"] == "True"
    request(objects, "registries", "acme")
    assert objects.api.get(path(objects)) == before

    objects.api.delete(path(objects))
    request(objects, "registries", "acme")
    objects.wait_ready("registries", "acme", "Connected")
    assert held(objects.api.get(path(objects))) == {closed.host: "robot:correct horse"}
    objects.wait_ready("registries", "acme", "Connected")


def test_where_no_credential_is_needed_there_is_no_pull_secret(objects: Objects, registry: Registry) -> None:
    """Pods need none either."""
    objects.registry("acme", registry.url, pullSecret={"enabled": True})
    objects.wait_ready("registries", "acme", "Connected")

    assert objects.api.find(path(objects)) is None
