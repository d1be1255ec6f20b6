from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from dev.api import ApiError, resource_path
from dev.cluster import Cluster
from dev.install import install_crds
from dev.operator import OperatorProcess
from slipway.engine.key import Key
from slipway.kube.client import KubeClient
from slipway.kube.errors import Gone
from slipway.kube.resources import WAREHOUSES
from tests.support.spine import SpineKind, running, until, warehouse

pytestmark = [pytest.mark.test_bed, pytest.mark.timeout(120)]

WATCH = resource_path("slipway.dev/v1alpha1", "warehouses", "default")


def key(name: str) -> Key:
    """The key of a Warehouse of these tests."""
    return Key(WAREHOUSES.key_kind, "default", name)


async def delete(kube: KubeClient, name: str) -> None:
    """Delete a Warehouse, whatever its version."""
    body = await kube.get(WAREHOUSES, "default", name)
    assert body is not None
    metadata = body["metadata"]
    await kube.delete(
        WAREHOUSES, "default", name, uid=metadata["uid"], resource_version=metadata["resourceVersion"]
    )


def watch_from(cluster: Cluster, resource_version: str) -> int:
    """What the API server answers to a watch that begins there."""
    try:
        next(cluster.api.watch(WATCH, resourceVersion=resource_version, timeoutSeconds="1"), None)
    except ApiError as error:
        return error.status
    return 200


async def test_a_deletion_in_a_gap_that_history_has_forgotten_leaves_nothing(
    forgetful_cluster: Cluster, forgetful_kube: KubeClient, tmp_path: Path
) -> None:
    """The watch can never tell of it; the resync that its new beginning asks for does."""
    cluster, kube = forgetful_cluster, forgetful_kube
    for name in ("stays", "goes"):
        await kube.create(WAREHOUSES, "default", warehouse(name))
    with cluster.relay() as relay:
        kubeconfig = cluster.kubeconfig_through(relay, tmp_path / "relay.kubeconfig")
        interval = timedelta(hours=1)
        async with (
            await KubeClient.connect(kubeconfig) as relayed,
            running(
                relayed, kubeconfig, lambda store: SpineKind(relayed, store), resync_interval=interval
            ) as operator,
        ):
            await until(lambda: operator.store.get(key("goes")) is not None)
            seen = (await kube.get(WAREHOUSES, "default", "stays") or {})["metadata"]["resourceVersion"]
            await asyncio.to_thread(relay.refuse)
            await delete(kube, "goes")
            await kube.create(WAREHOUSES, "default", warehouse("comes"))
            await asyncio.to_thread(cluster.compact)
            assert await asyncio.to_thread(watch_from, cluster, seen) == 410
            assert operator.store.get(key("goes")) is not None
            await asyncio.to_thread(relay.reopen)

            await until(lambda: operator.store.get(key("goes")) is None)
            await until(lambda: operator.store.get(key("comes")) is not None)

            assert {view.key.name for view in operator.store.of_kind(WAREHOUSES.key_kind)} == {
                "stays",
                "comes",
            }
            assert not operator.store.providers(key("goes"))
            assert not operator.store.listeners(key("goes"))
    for name in ("stays", "comes"):
        await delete(kube, name)


async def test_a_listing_that_was_compacted_away_is_gone(
    forgetful_cluster: Cluster, forgetful_kube: KubeClient
) -> None:
    """Its next page cannot be had any more, which is told apart from other errors."""
    for number in range(3):
        await forgetful_kube.create(WAREHOUSES, "default", warehouse(f"n{number}"))
    pages = aiter(forgetful_kube.pages(WAREHOUSES, limit=1))
    await anext(pages)
    await forgetful_kube.create(WAREHOUSES, "default", warehouse("later"))
    await asyncio.to_thread(forgetful_cluster.compact)

    with pytest.raises(Gone):
        await anext(pages)


def test_an_operator_whose_kinds_are_taken_away_ends_and_comes_back(
    forgetful_cluster: Cluster, tmp_path: Path
) -> None:
    """It cannot hear any more: it ends with an error, waits for the kinds after its restart, and goes on."""
    cluster = forgetful_cluster
    cluster.api.create(
        WATCH, {**warehouse("before"), "apiVersion": "slipway.dev/v1alpha1", "kind": "Warehouse"}
    )
    with OperatorProcess(cluster, log=tmp_path / "operator.log") as operator:
        cluster.kubectl("delete", "crd", "warehouses.slipway.dev")

        assert operator.exit_code(timeout=60) == 1

        operator.start()
        install_crds(cluster)
        operator.wait_ready(timeout=60)
        cluster.api.create(
            WATCH, {**warehouse("after"), "apiVersion": "slipway.dev/v1alpha1", "kind": "Warehouse"}
        )
        cluster.api.wait_for(f"{WATCH}/after", lambda body: bool(body and body["status"].get("conditions")))
    assert "Kopf ended unasked" in (tmp_path / "operator.log").read_text()
