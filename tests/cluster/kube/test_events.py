from __future__ import annotations

import dataclasses

import pytest
from structlog.testing import capture_logs

from dev.cluster import Cluster
from slipway.clock import SystemClock
from slipway.engine.key import Key
from slipway.engine.reconcile import EventNote
from slipway.kube.client import KubeClient
from slipway.kube.events import KubeEventRecorder
from slipway.kube.resources import WAREHOUSES
from slipway.kube.status import observed_from
from tests.support.spine import warehouse


async def test_kubectl_shows_what_was_told(cluster: Cluster, kube: KubeClient, namespace: str) -> None:
    """The longest message that is allowed, with type and reason, at the object it is about."""
    body = await kube.create(WAREHOUSES, namespace, warehouse("a"))
    observed = observed_from(Key(WAREHOUSES.key_kind, namespace, "a"), body)
    note = EventNote("TagMutated", "é" * 2000, "Warning", action="Poll")

    await KubeEventRecorder(kube, SystemClock()).emit(observed, note)

    shown = cluster.kubectl("events", "--namespace", namespace, "--for", "warehouses.slipway.dev/a")
    assert "Warning" in shown
    assert "TagMutated" in shown
    assert "ééé" in shown


async def test_an_event_that_is_refused_fails_nothing(kube: KubeClient, namespace: str) -> None:
    """It is logged: a notice must not undo what it tells of."""
    body = await kube.create(WAREHOUSES, namespace, warehouse("a"))
    observed = observed_from(Key(WAREHOUSES.key_kind, namespace, "a"), body)
    elsewhere = dataclasses.replace(observed, key=Key(WAREHOUSES.key_kind, f"{namespace}-gone", "a"))

    with capture_logs() as logs:
        await KubeEventRecorder(kube, SystemClock()).emit(elsewhere, EventNote("Found", "Found 1.4.0"))

    assert [line["event"] for line in logs] == ["Lost an Event"]


@pytest.mark.parametrize("name", ["a", "a" * 200 + ".b" * 26])
async def test_any_name_of_an_object_gives_an_event_a_legal_one(
    kube: KubeClient, namespace: str, name: str
) -> None:
    """Names of objects have up to 253 characters, and so have those of Events."""
    body = await kube.create(WAREHOUSES, namespace, warehouse(name))
    observed = observed_from(Key(WAREHOUSES.key_kind, namespace, name), body)

    with capture_logs() as logs:
        await KubeEventRecorder(kube, SystemClock()).emit(observed, EventNote("Found", "Found 1.4.0"))

    assert logs == []
