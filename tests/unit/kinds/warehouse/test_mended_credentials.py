"""A Secret that was mended is found again within a minute: nobody watches Secrets."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import pytest

from slipway.engine.outcome import Waiting
from slipway.kinds.warehouse.decide import decide
from slipway.kinds.warehouse.view import warehouse_key
from slipway.kube.resources import SECRETS, WAREHOUSES
from tests.support.faults import FaultyRegistry, stored_image
from tests.support.faults.registry import Answer
from tests.support.raw_server import Reply, Seen
from tests.unit.kinds.warehouse import world as worlds
from tests.unit.kinds.warehouse.world import NAMESPACE, World, image, semver

REPOSITORY = "shop/api"
DEPUTY = f"Basic {b64encode(b'deputy:pw').decode()}"


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """The operator."""
    async with worlds.world() as made:
        yield made


@pytest.fixture
def registry() -> Iterator[FaultyRegistry]:
    """A registry with one image."""
    with FaultyRegistry() as made:
        made.shelf.put(REPOSITORY, "1.0.0", stored_image("one"))
        yield made


def _for_the_deputy_alone(registry: FaultyRegistry, status: int, code: str) -> None:
    """Whoever else asks is refused, but for the connection test of a Registry."""

    def answer(seen: Seen) -> Answer:
        shown = seen.headers.get("authorization")
        if shown == DEPUTY or seen.path in {"/v2/", "/v2"}:
            return registry.shelf.answer(seen)
        body = f'{{"errors":[{{"code":"{code}"}}]}}'.encode()
        fields = (("Content-Type", "application/json"), ("WWW-Authenticate", 'Basic realm="registry"'))
        return Reply(401 if shown is None else status, body, fields)

    registry.play(answer)


def _secret(world: World, user: str, version: str, host: str) -> None:
    world.secret("robot", "kubernetes.io/basic-auth", {"username": user, "password": "pw"}, hosts=host)
    world.cluster.objects[SECRETS, NAMESPACE, "robot"]["metadata"]["resourceVersion"] = version


async def _run(world: World) -> tuple[str, timedelta | None]:
    """One run, as the engine makes it; the reason, and when it wants the next one."""
    facts = await world.gatherer.gather(warehouse_key(NAMESPACE, "api"))
    assert facts is not None
    plan = decide(facts, world.clock.now())
    world.cluster.objects[WAREHOUSES, NAMESPACE, "api"]["status"] = {**plan.status, "observedGeneration": 1}
    return plan.outcome.reason, plan.outcome.until if isinstance(plan.outcome, Waiting) else None


@pytest.mark.parametrize(
    ("status", "code", "reason"),
    [(401, "UNAUTHORIZED", "AuthenticationFailed"), (403, "DENIED", "AccessDenied")],
)
async def test_a_mended_secret_of_a_registry_is_found_within_a_minute(
    world: World, registry: FaultyRegistry, status: int, code: str, reason: str
) -> None:
    """Also where the Registry itself was well all the time, and the next look is a day away."""
    _for_the_deputy_alone(registry, status, code)
    world.registry("acme", registry.url, secretRef={"name": "robot"})
    _secret(world, "robot", "1", registry.host)
    world.make("api", image("app", f"{registry.host}/{REPOSITORY}", semver("*")), interval="24h")
    for _ in range(20):
        found, until = await _run(world)
        assert found == reason
        assert until is not None
        world.clock.seconds += until.total_seconds()

    _secret(world, "deputy", "2", registry.host)
    world.clock.seconds += 60

    assert (await _run(world))[0] == "ArtifactsFound"


async def test_a_wrong_credential_is_tried_once_more_and_then_no_more(
    world: World, registry: FaultyRegistry
) -> None:
    """Accounts get locked."""
    _for_the_deputy_alone(registry, 401, "UNAUTHORIZED")
    world.registry("acme", registry.url, secretRef={"name": "robot"})
    _secret(world, "robot", "1", registry.host)
    world.make("api", image("app", f"{registry.host}/{REPOSITORY}", semver("*")), interval="24h")

    asked = []
    for _ in range(10):
        _, until = await _run(world)
        assert until is not None
        world.clock.seconds += until.total_seconds()
        asked.append(len(registry.seen))

    assert len(set(asked)) == 2
    assert asked[1] == asked[-1]
