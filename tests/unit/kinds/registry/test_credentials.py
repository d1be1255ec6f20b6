from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, cast

import pytest

from slipway.api.base import LocalReference
from slipway.api.conditions import Reason
from slipway.egress import Limits
from slipway.kinds.registry.credentials import (
    Exchange,
    SecretForbidden,
    SecretMissing,
    SharedSecrets,
    read_endpoint,
    read_secret,
    secret_version,
)
from slipway.kinds.registry.view import RegistryView
from slipway.kube.client import KubeClient
from slipway.kube.errors import Forbidden, ServerError
from tests.support.outside import open_outside
from tests.unit.engine.support import ManualClock

ROBOT = LocalReference(name="robot")


@dataclass
class Secrets:
    """Secrets of a namespace, in place of the API server."""

    failure: Exception | None = None
    version: int = 0
    reads: list[str] = field(default_factory=list)

    @property
    def kube(self) -> KubeClient:
        """It, as the client of an API server."""
        return cast("KubeClient", self)

    async def get(self, _: Any, namespace: str, name: str) -> dict[str, Any] | None:
        """Another version with each read; there is none that is called missing."""
        self.reads.append(f"{namespace}/{name}")
        if self.failure is not None:
            raise self.failure
        self.version += 1
        metadata = {"name": name, "uid": name, "resourceVersion": str(self.version)}
        return None if name == "missing" else {"metadata": metadata}

    get_metadata = get


@pytest.fixture
def clock() -> ManualClock:
    """Stands still."""
    return ManualClock()


@pytest.fixture
def secrets() -> Secrets:
    """All there is."""
    return Secrets()


async def test_the_limits_of_a_registry_reach_its_endpoint(secrets: Secrets, clock: ManualClock) -> None:
    """All three of them; the pool holds the client to what the endpoint says."""
    limits = {"requestsPerSecond": 3, "concurrency": 2, "pullBudgetPercent": 50}
    metadata = {"name": "acme", "namespace": "shop", "uid": "u1", "resourceVersion": "1"}
    spec = {"url": "https://registry.example.com", "limits": limits}
    view = RegistryView.from_body({"metadata": metadata, "spec": spec})

    async with open_outside(clock=clock) as outside:
        exchange = Exchange(outside.vendors, outside.ambient, clock)
        endpoint = await read_endpoint(SharedSecrets(secrets.kube, clock).reader(None), view, exchange)

    assert endpoint.limits == Limits(requests_per_second=3, concurrency=2, pull_budget_percent=50)


async def test_objects_that_are_due_together_read_their_secret_once(
    secrets: Secrets, clock: ManualClock
) -> None:
    """Of each name in each namespace."""
    shared, due = SharedSecrets(secrets.kube, clock), clock.now()
    clock.seconds += 1

    found = [await shared.reader(due)("shop", "robot") for _ in range(3)]
    await shared.reader(due)("shop", "other")
    await shared.reader(due)("bank", "robot")

    assert secrets.reads == ["shop/robot", "shop/other", "bank/robot"]
    assert found[0] is not None
    assert found[0] is found[1] is found[2]


async def test_whoever_is_due_later_reads_it_anew(secrets: Secrets, clock: ManualClock) -> None:
    """What it was before is no answer to a request of now."""
    shared = SharedSecrets(secrets.kube, clock)
    await shared.reader(clock.now())("shop", "robot")
    clock.seconds += 1

    await shared.reader(clock.now())("shop", "robot")
    await shared.reader(None)("shop", "robot")
    clock.seconds += 1
    await shared.reader(None)("shop", "robot")

    assert len(secrets.reads) == 3


async def test_what_was_read_long_ago_serves_nobody(secrets: Secrets, clock: ManualClock) -> None:
    """A look that waited long for its turn has the credential that holds now."""
    shared, due = SharedSecrets(secrets.kube, clock), clock.now()
    await shared.reader(due)("shop", "robot")
    clock.seconds += timedelta(seconds=61).total_seconds()

    await shared.reader(due)("shop", "robot")

    assert len(secrets.reads) == 2


async def test_what_could_not_be_read_is_read_anew_for_whoever_asks_next(
    secrets: Secrets, clock: ManualClock
) -> None:
    """It was one answer of the API server, and no Secret of whoever comes later."""
    shared, due = SharedSecrets(secrets.kube, clock), clock.now()
    secrets.failure = ServerError("etcd is away")
    with pytest.raises(ServerError):
        await shared.reader(due)("shop", "robot")
    secrets.failure = None

    assert await shared.reader(due)("shop", "robot") is not None


async def test_that_a_secret_is_missing_is_found_out_anew_for_whoever_asks_next(
    secrets: Secrets, clock: ManualClock
) -> None:
    """It may have been made a moment ago."""
    shared, due = SharedSecrets(secrets.kube, clock), clock.now()

    assert [await shared.reader(due)("shop", "missing") for _ in range(2)] == [None, None]
    assert len(secrets.reads) == 2


async def test_a_secret_that_may_not_be_read_is_said_to_be_one(secrets: Secrets) -> None:
    """With the field that names it, and what would help."""
    secrets.failure = Forbidden("secrets is forbidden")

    with pytest.raises(
        SecretForbidden, match="Secret robot in namespace shop, which secretRef names"
    ) as caught:
        await read_secret(secrets.kube, "shop", "robot", "secretRef")

    assert caught.value.reason == Reason.SECRET_FORBIDDEN
    assert "have the verb get on it granted" in str(caught.value)


async def test_a_secret_that_does_not_exist_is_said_to_be_missing(secrets: Secrets) -> None:
    """With the field that names it, and what would help."""
    with pytest.raises(SecretMissing, match="create it, or correct secretRef"):
        await read_secret(secrets.kube, "shop", "missing", "secretRef")


async def test_a_version_is_that_of_the_secret(secrets: Secrets) -> None:
    """Another one for each change; none where no Secret can be had."""
    assert await secret_version(secrets.kube, "shop", ROBOT) != await secret_version(
        secrets.kube, "shop", ROBOT
    )
    assert await secret_version(secrets.kube, "shop", LocalReference(name="missing")) is None
    assert await secret_version(secrets.kube, "shop", None) is None

    secrets.failure = Forbidden("secrets is forbidden")
    assert await secret_version(secrets.kube, "shop", ROBOT) is None


async def test_an_api_server_that_does_not_answer_is_no_missing_secret(secrets: Secrets) -> None:
    """Whoever asks tries again, and keeps what was."""
    secrets.failure = ServerError("etcd is away")

    with pytest.raises(ServerError):
        await secret_version(secrets.kube, "shop", ROBOT)
    with pytest.raises(ServerError):
        await read_secret(secrets.kube, "shop", "robot", "secretRef")
