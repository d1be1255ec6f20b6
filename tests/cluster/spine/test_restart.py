"""A restart with as many objects as a middling installation has."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from dev.cluster import Cluster
from dev.operator import OperatorProcess
from tests.support.objects import Objects, condition
from tests.support.spine import warehouse

pytestmark = [pytest.mark.test_bed, pytest.mark.timeout(180)]

OBJECTS = 1000


def in_flight(work: Callable[[str], object], names: Iterable[str]) -> None:
    """Do the work for each name, 16 at the same time."""
    with ThreadPoolExecutor(16) as pool:
        for _ in pool.map(work, names):
            pass


def test_a_restart_with_1000_settled_objects_writes_nothing(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    """Each is looked at anew, in turn; the one that comes after them gets the only write."""
    objects = Objects(cluster.api, namespace)

    def make(name: str) -> None:
        body = {**warehouse(name), "apiVersion": "slipway.dev/v1alpha1", "kind": "Warehouse"}
        cluster.api.create(objects.path("warehouses"), body)

    def wait_settled(name: str) -> None:
        objects.wait("warehouses", name, lambda body: condition(body, "Ready").get("reason") == "Suspended")

    names = [f"w{number}" for number in range(OBJECTS)]
    in_flight(make, names)
    in_flight(wait_settled, names)

    operator.stop()
    restarted = datetime.now(UTC)
    operator.start()
    operator.wait_ready()
    # A namespace's keys are run in the order in which they were queued, the listed ones first.
    make("last")
    wait_settled("last")

    writes = cluster.audit.writes((restarted, datetime.now(UTC))).within(namespace)
    assert [(write.name, write.subresource) for write in writes.objects] == [("last", "status")]
