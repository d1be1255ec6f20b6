"""Whom a credential is shown to: its own host alone (abuse cases 23 and 25)."""

from __future__ import annotations

import pytest

from dev.api import resource_path
from dev.audit import SLIPWAY
from dev.cluster import Cluster
from tests.cluster.kinds.warehouse.watched import image, make, request, semver
from tests.support.faults import Endpoint, FaultyRegistry, stored_image
from tests.support.objects import Objects, condition
from tests.support.raw_server import Reply

pytestmark = pytest.mark.usefixtures("crds", "shared_operator")

BASIC_AUTH = "kubernetes.io/basic-auth"
ROBOT = {"username": "robot", "password": "correct horse"}
REFUSAL = Reply(401, b"", (("WWW-Authenticate", 'Basic realm="registry"'),))
NAMED = {"secretRef": {"name": "robot"}, "interval": "24h"}


def test_a_url_that_is_edited_takes_no_credential_along(objects: Objects) -> None:
    """Abuse 23: neither the Registry nor a Warehouse that names it sends anything to the new host."""
    with FaultyRegistry() as own, FaultyRegistry() as foreign:
        for server in (own, foreign):
            server.shelf.put("shop/api", "1.0.0", stored_image("one"))
        objects.secret("robot", ROBOT, kind=BASIC_AUTH, hosts=own.host)
        objects.registry("acme", own.url, **NAMED)
        objects.wait_ready("registries", "acme", "Connected")

        objects.patch("registries", "acme", {"spec": {"url": foreign.url}})
        found = objects.wait_not_ready("registries", "acme", "CredentialNotBound")
        assert condition(found, "Stalled")["status"] == "True"
        named = {"registryRef": {"name": "acme"}}
        make(objects, "api", image("app", f"{foreign.host}/shop/api", semver("*"), **named))
        objects.wait_not_ready("warehouses", "api", "CredentialNotBound")

        assert foreign.seen == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("helm.sh/release.v1", {"release": "x"}),
        ("bootstrap.kubernetes.io/token", {"token-id": "abcdef", "token-secret": "0123456789abcdef"}),
    ],
)
def test_secrets_of_other_purposes_are_refused_by_type(
    objects: Objects, kind: str, data: dict[str, str]
) -> None:
    """Abuse 25: nothing is sent."""
    with FaultyRegistry() as server:
        objects.secret("robot", data, kind=kind, hosts=server.host)
        objects.registry("acme", server.url, **NAMED)

        found = objects.wait_not_ready("registries", "acme", "CredentialInvalid")
        assert kind in condition(found, "Ready")["message"]
        assert server.seen == []


@pytest.mark.test_bed
def test_secrets_are_asked_for_by_name_alone(objects: Objects, cluster: Cluster) -> None:
    """Nobody has to give the operator the right to list them: it has never listed any, in no test so far."""
    pull = resource_path("v1", "secrets", objects.namespace, "acme-pull")
    with FaultyRegistry() as server:
        objects.secret("robot", ROBOT, kind=BASIC_AUTH, hosts=server.host)
        objects.registry("acme", server.url, **NAMED)
        objects.wait_ready("registries", "acme", "Connected")
        objects.secret("robot", {**ROBOT, "password": "battery staple"}, kind=BASIC_AUTH, hosts=server.host)
        request(objects, "registries", "acme")
        objects.patch("registries", "acme", {"spec": {"pullSecret": {"enabled": False}}})
        objects.api.wait_for(pull, lambda found: found is None)

    asked = [one for one in cluster.audit.requests(user_agent_prefix=SLIPWAY) if one.resource == "secrets"]
    here = [one for one in asked if one.namespace == objects.namespace]
    assert {one.verb for one in here} == {one.verb for one in asked} == {"get", "create", "patch", "delete"}
    assert [one.uri for one in asked if not one.namespace] == []
    assert [one.uri for one in asked if not one.name and one.verb != "create"] == []
    assert {one.name for one in here if one.verb not in {"get", "create"}} == {"acme-pull"}


def test_a_wrong_password_is_not_tried_again_until_it_changes(objects: Objects) -> None:
    """Accounts get locked."""
    with FaultyRegistry() as server:
        server.play(REFUSAL)
        objects.secret("robot", ROBOT, kind=BASIC_AUTH, hosts=server.host)
        objects.registry("acme", server.url, **NAMED)
        objects.wait_not_ready("registries", "acme", "AuthenticationFailed")
        tried = _with_credential(server)

        # A person who asks gets one more test; by itself none comes.
        request(objects, "registries", "acme")
        assert _with_credential(server) <= 2 * tried
        server.heal()
        request(objects, "registries", "acme")
        objects.wait_ready("registries", "acme", "Connected")


def test_a_registry_that_was_down_is_connected_soon_after_it_is_up(objects: Objects) -> None:
    """Nobody waits for the interval."""
    with FaultyRegistry() as server:
        server.refuse()
        objects.registry("acme", server.url, interval="24h")
        objects.wait_not_ready("registries", "acme", "RegistryUnreachable")

        server.reopen()
        objects.wait_ready("registries", "acme", "Connected")
        assert server.targets(Endpoint.PING)


def _with_credential(server: FaultyRegistry) -> int:
    """How often a credential was shown."""
    return sum("authorization" in one.headers for one in server.seen)
