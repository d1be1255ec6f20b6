from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from dev.operator import OperatorProcess
from dev.relay import Relay
from tests.support.objects import condition
from tests.support.spine import warehouse

pytestmark = pytest.mark.timeout(180)

QUIET = timedelta(seconds=30)


def make(cluster: Cluster, namespace: str, count: int) -> list[str]:
    """Make suspended Warehouses; their names."""
    names = [f"w{number}" for number in range(count)]
    path = resource_path("slipway.dev/v1alpha1", "warehouses", namespace)
    for name in names:
        body = {**warehouse(name), "apiVersion": "slipway.dev/v1alpha1", "kind": "Warehouse"}
        cluster.api.create(path, body)
    return names


def wait_settled(cluster: Cluster, namespace: str, names: list[str]) -> None:
    """Wait until all of them are settled."""
    for name in names:
        path = resource_path("slipway.dev/v1alpha1", "warehouses", namespace, name)
        cluster.api.wait_for(path, lambda body: condition(body, "Ready").get("reason") == "Suspended")


@pytest.mark.test_bed
def test_each_object_is_written_once_and_then_there_is_silence(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    """One status write settles an object; 30 s of idleness and a restart write nothing."""
    begun = datetime.now(UTC)
    names = make(cluster, namespace, 50)
    wait_settled(cluster, namespace, names)
    settled = datetime.now(UTC)
    # Silence is what is waited for.
    time.sleep(QUIET.total_seconds())
    operator.stop()
    operator.start()
    operator.wait_ready(timeout=10)
    time.sleep(2)

    writes = cluster.audit.writes((begun, settled)).within(namespace)
    later = cluster.audit.writes((settled, datetime.now(UTC))).within(namespace)

    assert Counter(write.name for write in writes.objects) == Counter(names)
    assert {write.subresource for write in writes.objects} == {"status"}
    assert (str(later), later.events) == ("no writes", ())


def test_finalizers_of_others_stay(cluster: Cluster, operator: OperatorProcess, namespace: str) -> None:
    """That of another Kopf operator too: its default name is the same for all of them."""
    theirs = "kopf.zalando.org/KopfFinalizerMarker"
    path = resource_path("slipway.dev/v1alpha1", "warehouses", namespace)
    body = {**warehouse("held"), "apiVersion": "slipway.dev/v1alpha1", "kind": "Warehouse"}
    body["metadata"]["finalizers"] = [theirs]
    cluster.api.create(path, body)
    wait_settled(cluster, namespace, ["held"])
    # By the time that three later ones are settled, Kopf is done with the first.
    wait_settled(cluster, namespace, make(cluster, namespace, 3))

    assert cluster.api.get(f"{path}/held")["metadata"]["finalizers"] == [theirs]
    cluster.api.patch(f"{path}/held", {"metadata": {"finalizers": None}})


def test_a_stop_in_the_middle_of_work_is_quick_and_clean(
    cluster: Cluster, operator: OperatorProcess, namespace: str
) -> None:
    """SIGTERM while objects are being settled: exit code 0 within 10 s; a restart settles the rest."""
    names = make(cluster, namespace, 100)

    assert operator.stop(timeout=10) < 10
    assert operator.exit_code() == 0

    operator.start()
    wait_settled(cluster, namespace, names)


@pytest.mark.test_bed
def test_a_stop_while_the_api_server_is_away_is_quick_too(
    cluster: Cluster, relayed_operator: OperatorProcess, relay: Relay, namespace: str
) -> None:
    """What waits for answers that cannot come does not hold the end up."""
    make(cluster, namespace, 5)
    relay.refuse()

    assert relayed_operator.is_healthy()
    assert relayed_operator.stop(timeout=10) < 10
    assert relayed_operator.exit_code() == 0


@pytest.mark.test_bed
def test_an_interruption_is_caught_up_with(
    cluster: Cluster, relayed_operator: OperatorProcess, relay: Relay, namespace: str
) -> None:
    """The process stays alive and ready, and what was made meanwhile is settled after it."""
    relay.refuse()
    names = make(cluster, namespace, 3)

    assert relayed_operator.is_healthy()
    assert relayed_operator.is_ready()

    relay.reopen()
    wait_settled(cluster, namespace, names)


@pytest.mark.parametrize(
    ("argument", "code", "words"),
    [
        ("--help", 0, "SLIPWAY_EGRESS_ALLOW"),
        ("--version", 0, "0."),
        ("run", 2, "unrecognized arguments: run"),
    ],
)
def test_arguments_start_nothing(argument: str, code: int, words: str) -> None:
    """There are only settings."""
    ended = subprocess.run(
        [sys.executable, "-m", "slipway", argument],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == code
    assert words in ended.stdout + ended.stderr


def test_settings_that_cannot_work_are_all_named(tmp_path: Path) -> None:
    """Exit code 2, a line for each, and no traceback."""
    environment = {**os.environ, "SLIPWAY_WORKERS": "none", "SLIPWAY_KUBECONFIG": str(tmp_path / "missing")}

    ended = subprocess.run(
        [sys.executable, "-m", "slipway"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 2
    assert [line.partition(":")[0] for line in ended.stderr.splitlines()] == [
        "SLIPWAY_KUBECONFIG",
        "SLIPWAY_WORKERS",
    ]


def test_a_configuration_that_leads_nowhere_ends_the_process(tmp_path: Path) -> None:
    """Exit code 1 and one line that says what is wrong."""
    kubeconfig = tmp_path / "kubeconfig"
    kubeconfig.write_text("{}")
    environment = {**os.environ, "SLIPWAY_KUBECONFIG": str(kubeconfig), "SLIPWAY_LOG_FORMAT": "json"}

    ended = subprocess.run(
        [sys.executable, "-m", "slipway"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ended.returncode == 1
    assert str(kubeconfig) in ended.stderr
    assert "Traceback" not in ended.stderr
