"""What tenants write into Warehouses and Registries to get what is not theirs (abuse cases 16 to 25, 33, 34).

Each case has tests of its own beside the part that refuses; here it goes the whole way to the status.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from slipway.egress import EgressPolicy
from slipway.engine.outcome import Stalled
from tests.support.faults import Endpoint, FaultyRegistry, stored_image
from tests.support.faults.shelf import tag_page
from tests.unit.kinds.warehouse import world as worlds
from tests.unit.kinds.warehouse.world import NAMESPACE, World, image, semver

REPOSITORY = "shop/api"
IMAGE = stored_image("one")
BASIC_AUTH = "kubernetes.io/basic-auth"
ROBOT = {"username": "robot", "password": "hunter2"}
NAMED = {"registryRef": {"name": "acme"}}


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world without objects."""
    async with worlds.world() as made:
        yield made


@pytest.fixture
def server() -> Iterator[FaultyRegistry]:
    """A registry with one image."""
    with FaultyRegistry() as running:
        running.shelf.put(REPOSITORY, "1.0.0", IMAGE)
        yield running


@pytest.mark.parametrize("host", ["169.254.169.254", "[fd00:ec2::254]", "100.100.100.200"])
async def test_a_metadata_service_is_no_registry(world: World, host: str) -> None:
    """Abuse 16 and 17: whether the image names it or a Registry does."""
    world.registry("acme", f"http://{host}")
    world.make("anonymous", image("app", f"{host}/latest/meta-data", semver("*")))
    world.make("named", image("app", f"{host}/latest/meta-data", semver("*"), **NAMED))

    for name in ("anonymous", "named"):
        found = await world.look(name)
        assert found.outcome.reason == "EgressDenied"
        assert "never called" in found.outcome.message


@pytest.mark.parametrize(
    "host",
    [
        "kubernetes.default.svc",
        "10.96.0.1",
        "etcd.kube-system.svc:2379",
        "registry.other.svc",
        "127.0.0.1:2379",
    ],
)
async def test_the_inside_of_the_cluster_is_no_registry(host: str) -> None:
    """Abuse 18: the API server, etcd, Services of other namespaces, loopback."""
    async with worlds.world(EgressPolicy(deny=("10.96.0.1",))) as world:
        world.registry("acme", f"https://{host}")
        world.make("api", image("app", f"{host}/{REPOSITORY}", semver("*"), **NAMED))

        assert (await world.look("api")).outcome.reason == "EgressDenied"


async def test_loopback_sees_nothing_where_the_allow_list_does_not_name_it(server: FaultyRegistry) -> None:
    """Abuse 18: neither anonymously nor through a Registry; where it is named, it is a registry as any."""
    for allowed, reason in (((), "EgressDenied"), ((server.host,), "ArtifactsFound")):
        async with worlds.world(EgressPolicy(allow=allowed)) as world:
            world.make("api", image("app", f"{server.host}/{REPOSITORY}", semver("*")))
            assert (await world.look("api")).outcome.reason == reason
        assert bool(server.seen) is bool(allowed)


async def test_a_registry_that_is_moved_takes_no_credential_along(
    world: World, server: FaultyRegistry
) -> None:
    """Abuse 23: the Secret says where it may be sent, and whoever edits the url does not edit the Secret."""
    world.secret("robot", BASIC_AUTH, ROBOT, hosts="registry.corp.example")
    world.registry("acme", server.url, secretRef={"name": "robot"})
    world.make("api", image("app", f"{server.host}/{REPOSITORY}", semver("*")))

    found = await world.look("api")

    assert isinstance(found.outcome, Stalled)
    assert found.outcome.reason == "CredentialNotBound"
    assert "hunter2" not in json.dumps(found.status)
    assert server.seen == []


async def test_a_registry_of_another_namespace_cannot_be_named(world: World, server: FaultyRegistry) -> None:
    """Abuse 24: there is no field for it; one that is there all the same says nothing."""
    world.secret("robot", BASIC_AUTH, ROBOT, namespace="other", hosts=server.host)
    world.registry("acme", server.url, namespace="other", secretRef={"name": "robot"})
    reference = {"registryRef": {"name": "acme", "namespace": "other"}}
    world.make("api", image("app", f"{server.host}/{REPOSITORY}", semver("*"), **reference))

    found = await world.look("api")

    assert found.outcome.reason == "RegistryNotFound"
    assert "in namespace shop" in found.outcome.message
    assert world.cluster.secrets_read() == set()
    assert server.seen == []


@pytest.mark.parametrize("kind", ["Image", "Git", "Chart"])
async def test_a_secret_of_another_namespace_cannot_be_named(
    world: World, server: FaultyRegistry, kind: str
) -> None:
    """Abuse 24: by a Registry, by a git subscription, by a chart; each reads the own namespace alone."""
    world.secret("robot", BASIC_AUTH, ROBOT, namespace="other", hosts=f"{server.host}, git.example.com")
    reference: dict[str, Any] = {"secretRef": {"name": "robot", "namespace": "other"}}
    world.registry("acme", server.url, **reference)
    subscriptions: dict[str, dict[str, Any]] = {
        "Image": image("app", f"{server.host}/{REPOSITORY}", semver("*")),
        "Git": {"name": "app", "type": "Git", "git": {"url": "https://git.example.com/a", **reference}},
        "Chart": {
            "name": "app",
            "type": "Chart",
            "chart": {"url": f"https://{server.host}", "name": "api", **reference},
        },
    }
    world.make("api", subscriptions[kind])

    assert (await world.look("api")).outcome.reason == "SecretNotFound"
    assert world.cluster.secrets_read() == {(NAMESPACE, "robot")}
    assert server.seen == []


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("kubernetes.io/service-account-token", {"token": "hunter2"}),
        ("helm.sh/release.v1", {"release": "hunter2"}),
    ],
)
async def test_secrets_of_other_purposes_are_refused_by_type(
    world: World, server: FaultyRegistry, kind: str, data: dict[str, str]
) -> None:
    """Abuse 25: an annotation does not make them credentials of a registry."""
    world.secret("robot", kind, data, hosts=server.host)
    world.registry("acme", server.url, secretRef={"name": "robot"})
    world.make("api", image("app", f"{server.host}/{REPOSITORY}", semver("*")))

    found = await world.look("api")

    assert found.outcome.reason == "CredentialInvalid"
    assert f"has the type {kind}, which is refused" in found.outcome.message
    assert "hunter2" not in json.dumps(found.status)
    assert server.seen == []


@pytest.mark.parametrize(
    "pattern", ["((a{100}){100}){100}", r"\pL{1000}", "("], ids=["nested repetitions", "large", "invalid"]
)
@pytest.mark.parametrize("field", ["include", "exclude"])
async def test_a_pattern_that_would_take_too_much_waits_for_a_person(
    world: World, server: FaultyRegistry, field: str, pattern: str
) -> None:
    """Abuse 33: what the schema lets through, and RE2 does not; nothing is asked with it."""
    tags = {field: [pattern]}
    world.make("api", image("app", f"{server.host}/{REPOSITORY}", semver("*"), tags=tags))

    found = await world.look("api")

    assert isinstance(found.outcome, Stalled)
    assert found.outcome.reason == "InvalidPattern"
    assert len(json.dumps(found.status)) < 4096
    assert server.seen == []


HOSTILE = ["$(id)", "--upload-pack=x", "../../v2/", "9.0.0\n", "9.0.0\x1b[31m", "\u202e9.0.0", "9.0.0/../x"]


@pytest.mark.parametrize(
    "policy", [semver("*"), {"type": "Newest"}, {"type": "Alphabetical"}], ids=lambda policy: policy["type"]
)
async def test_what_is_no_tag_is_neither_asked_for_nor_told(
    world: World, server: FaultyRegistry, policy: dict[str, Any]
) -> None:
    """Abuse 34: it gets into no request, no choice and no status."""
    server.play(tag_page(REPOSITORY, [*HOSTILE, "1.0.0"]), on=Endpoint.LIST)
    world.make("api", image("app", f"{server.host}/{REPOSITORY}", policy))

    found = await world.look("api")

    assert found.chosen() == ("1.0.0", IMAGE.digest)
    assert (found.artifact()["candidates"], found.artifact()["tags"]) == (["1.0.0"], 1)
    told = json.dumps(found.status, ensure_ascii=False) + found.outcome.message
    assert not [tag for tag in HOSTILE if tag in told or json.dumps(tag)[1:-1] in told]
    lists, heads = server.targets(Endpoint.LIST), server.targets(Endpoint.MANIFEST_HEAD)
    assert {target.rpartition("/")[2] for target in heads} <= {"1.0.0", IMAGE.digest}
    assert len(lists) <= 2
