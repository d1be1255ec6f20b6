"""When a Registry is tested, asked of the kind itself, so that nobody has to wait for a minute to pass."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from dev.cluster import Cluster
from slipway.clock import SystemClock
from slipway.engine.intake import Intake
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.kinds.registry import RegistryKind
from slipway.kinds.registry.decide import Facts
from slipway.kinds.registry.view import registry_key
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from tests.support.objects import Objects
from tests.support.outside import open_outside
from tests.support.scripted_registry import Answer, ScriptedRegistry

pytestmark = pytest.mark.usefixtures("crds")

JSON = {"Content-Type": "application/json"}


@pytest.fixture
async def kind(cluster: Cluster) -> AsyncIterator[RegistryKind]:
    """The kind alone: no engine runs it but the test."""
    store = Store()
    async with await KubeClient.connect(cluster.kubeconfig) as kube, open_outside() as outside:
        children = Children(kube, Intake(store, Queue(), ()), ())
        yield RegistryKind(outside.context(kube, children, store))


async def gathered(kind: RegistryKind, objects: Objects) -> Facts:
    """What one run of the Registry `acme` reads."""
    facts = await kind.gather(registry_key(objects.namespace, "acme"))
    assert facts is not None
    return facts


async def test_a_changed_secret_is_a_reason_to_test(kind: RegistryKind, objects: Objects) -> None:
    """Each run compares its version with that of the last test; what did not change is not tested again."""
    with ScriptedRegistry(lambda _method, _path: Answer(200, JSON, b"{}")) as server:
        objects.secret("robot", {"token": "one"}, hosts=server.host)
        objects.registry("acme", server.url, secretRef={"name": "robot"}, interval="24h")
        await gathered(kind, objects)
        asked = len(server.requests)
        assert asked > 0

        await gathered(kind, objects)
        assert len(server.requests) == asked

        objects.secret("robot", {"token": "two"}, hosts=server.host)
        facts = await gathered(kind, objects)
        assert len(server.requests) > asked
        plan = kind.decide(facts, SystemClock().now())
        assert plan.outcome.next_check is not None  # type: ignore[union-attr]
        assert plan.outcome.next_check <= timedelta(seconds=60)  # type: ignore[union-attr]


async def test_what_goes_is_forgotten(kind: RegistryKind, objects: Objects) -> None:
    """A Registry that is made anew is tested anew."""
    with ScriptedRegistry(lambda _method, _path: Answer(200, JSON, b"{}")) as server:
        objects.registry("acme", server.url, interval="24h")
        first = await gathered(kind, objects)
        objects.api.delete(objects.path("registries", "acme"))
        assert await kind.gather(registry_key(objects.namespace, "acme")) is None

        objects.registry("acme", server.url, interval="24h")
        second = await gathered(kind, objects)
        assert second.observed.uid != first.observed.uid
        assert server.requests.count("GET /v2/") == 2
