"""Two replicas of one operator, as processes, with a Lease of their own in the namespace of the test."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.operator import OperatorProcess
from dev.relay import Relay
from tests.support.cluster import FAST
from tests.support.objects import condition
from tests.support.spine import warehouse

pytestmark = [pytest.mark.usefixtures("crds"), pytest.mark.timeout(120)]


class Start(Protocol):
    """Starts a replica and does not wait for it."""

    def __call__(
        self, name: str, identity: str = "", duration: str = "10s", kubeconfig: Path | None = None
    ) -> OperatorProcess: ...


@pytest.fixture
def start(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[Start]:
    """Replicas that end with the test."""
    with ExitStack() as stack:

        def start(
            name: str, identity: str = "", duration: str = "10s", kubeconfig: Path | None = None
        ) -> OperatorProcess:
            environment = {
                **FAST,
                "SLIPWAY_IDENTITY": identity or name,
                "SLIPWAY_LEASE_NAMESPACE": namespace,
                "SLIPWAY_LEASE_DURATION": duration,
            }
            replica = OperatorProcess(
                cluster, environment=environment, kubeconfig=kubeconfig, log=tmp_path / f"{name}.log"
            )
            stack.callback(replica.close)
            replica.start()
            return replica

        yield start


class Shop:
    """The namespace of the test, in which the objects and the Lease are."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self.cluster = cluster
        self.namespace = namespace

    def make(self, *names: str) -> None:
        """Make Warehouses."""
        path = resource_path("slipway.dev/v1alpha1", "warehouses", self.namespace)
        for name in names:
            body = {**warehouse(name), "apiVersion": "slipway.dev/v1alpha1", "kind": "Warehouse"}
            self.cluster.api.create(path, body)

    def wait_settled(self, *names: str) -> None:
        """Wait until somebody has settled them."""
        for name in names:
            path = resource_path("slipway.dev/v1alpha1", "warehouses", self.namespace, name)
            self.cluster.api.wait_for(
                path, lambda body: condition(body, "Ready").get("reason") == "Suspended"
            )

    def wait(self, met: Callable[[], bool]) -> None:
        """Wait until the condition is met."""
        path = resource_path("v1", "namespaces", name=self.namespace)
        self.cluster.api.wait_for(path, lambda _: met())

    def lease(self) -> dict[str, Any]:
        """What the Lease says."""
        path = resource_path("coordination.k8s.io/v1", "leases", self.namespace, "slipway")
        spec: dict[str, Any] = self.cluster.api.get(path)["spec"]
        return spec

    def looks_at_the_lease(self, since: datetime) -> int:
        """How often the Lease was read by an operator."""
        requests = self.cluster.audit.requests((since, datetime.now(UTC)), user_agent_prefix="slipway/")
        return sum(
            (one.verb, one.resource, one.namespace) == ("get", "leases.coordination.k8s.io", self.namespace)
            for one in requests
        )


@pytest.fixture
def shop(cluster: Cluster, namespace: str) -> Shop:
    """A namespace without objects."""
    return Shop(cluster, namespace)


@pytest.mark.test_bed
def test_who_stands_by_is_ready_and_writes_nothing(
    shop: Shop, start: Start, relay: Relay, tmp_path: Path
) -> None:
    """While the first is cut off for a moment all writes would be the second's: there are none at all.

    The first is not started anew by that: its Lease is still its own when it is back, and it goes on.
    """
    kubeconfig = shop.cluster.kubeconfig_through(relay, tmp_path / "relay.kubeconfig")
    first = start("first", duration="30s", kubeconfig=kubeconfig)
    first.wait_ready()
    second = start("second", duration="30s")
    shop.wait(lambda: second.readiness() == "standing by: first has the Lease")
    assert second.is_ready()
    assert second.is_healthy()

    relay.refuse()
    begun = datetime.now(UTC)
    shop.make("meanwhile")
    shop.wait(lambda: shop.looks_at_the_lease(begun) >= 3)
    writes = shop.cluster.audit.writes((begun, datetime.now(UTC))).within(shop.namespace)
    relay.reopen()
    shop.wait_settled("meanwhile")

    assert (writes.objects, writes.events, writes.leases) == ((), (), ())
    assert (shop.lease()["holderIdentity"], shop.lease()["leaseTransitions"]) == ("first", 0)
    assert first.is_running()
    assert second.stop() < 5
    assert second.exit_code() == 0


def test_a_replica_that_is_stopped_hands_over_at_once(shop: Shop, start: Start) -> None:
    """SIGTERM empties the holder, and the other need not wait for the end of the Lease."""
    first = start("first", duration="10m")
    first.wait_ready()
    second = start("second", duration="10m")
    shop.wait(second.is_ready)

    assert first.stop() < 10
    assert first.exit_code() == 0
    assert second.wait_ready(timeout=10) < 10

    shop.make("after")
    shop.wait_settled("after")
    assert (shop.lease()["holderIdentity"], shop.lease()["leaseTransitions"]) == ("second", 1)
    second.stop()
    assert shop.lease()["holderIdentity"] == ""


@pytest.mark.test_bed
def test_a_replica_that_was_frozen_beyond_its_lease_writes_nothing_any_more(
    shop: Shop, start: Start, tmp_path: Path
) -> None:
    """It wakes with work before it that the other has done since, sends none of it, and ends."""
    names = [f"w{number}" for number in range(30)]
    first = start("first")
    first.wait_ready()
    second = start("second")
    shop.wait(second.is_ready)

    os.kill(first.pid, signal.SIGSTOP)
    shop.make(*names)
    second.wait_ready(timeout=30)
    shop.wait_settled(*names)
    woken = datetime.now(UTC)
    os.kill(first.pid, signal.SIGCONT)

    assert first.exit_code(timeout=30) == 1
    writes = shop.cluster.audit.writes((woken, datetime.now(UTC))).within(shop.namespace)
    assert (str(writes), writes.events) == ("no writes", ())
    assert shop.lease()["holderIdentity"] == "second"
    log = (tmp_path / "first.log").read_text()
    assert "Ended" in log
    assert "the Lease is held by second" in log
    assert "Traceback" not in log


def test_a_container_that_is_started_again_goes_on_at_once(shop: Shop, start: Start) -> None:
    """It has the same name: nobody has to wait until the Lease of a killed process ends."""
    first = start("first", duration="10m")
    first.wait_ready()

    first.kill()
    first.start()

    assert first.wait_ready(timeout=10) < 10
    assert shop.lease()["leaseTransitions"] == 0


def test_two_processes_of_one_name_do_not_work_side_by_side(shop: Shop, start: Start, tmp_path: Path) -> None:
    """Somebody gave both replicas the same identity: the former ends and says so."""
    first = start("first", identity="slipway")
    first.wait_ready()
    second = start("second", identity="slipway")

    assert first.exit_code(timeout=30) == 1
    assert "another process that calls itself slipway, too" in (tmp_path / "first.log").read_text()
    second.wait_ready()
