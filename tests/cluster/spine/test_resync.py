from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from dev.cluster import Cluster
from slipway.engine.handover import Handover
from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.resync import Page, Resync
from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.handlers import Ear
from slipway.kube.client import KubeClient
from slipway.kube.lister import KubeLister
from slipway.kube.resources import WAREHOUSES
from tests.support.spine import WATCHED, until, warehouse

KIND = WAREHOUSES.key_kind


class SlowLister:
    """The real lister, which stops between what the API server answered and what the resync gets of it."""

    def __init__(self, lister: KubeLister) -> None:
        self._lister = lister
        self.answered = asyncio.Event()
        self.go_on = asyncio.Event()

    async def pages(self, kind: str) -> AsyncIterator[Page]:
        """The real pages, each after a pause."""
        async for page in self._lister.pages(kind):
            self.answered.set()
            await self.go_on.wait()
            yield page

    async def get(self, key: Key) -> View | None:
        """The real object."""
        return await self._lister.get(key)


async def _until_heard(kube: KubeClient, namespace: str, store: Store) -> None:
    """Wait until the watch is there: what is made now is not in the list that came before."""
    await kube.create(WAREHOUSES, namespace, warehouse("heard"))
    await until(lambda: store.get(Key(KIND, namespace, "heard")) is not None)


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return Store()


async def test_what_comes_and_goes_while_the_list_runs_is_neither_lost_nor_revived(
    cluster: Cluster, kube: KubeClient, namespace: str, store: Store
) -> None:
    """The list was answered before: it lacks the one and still has the other; the watch knows better."""
    intake = Intake(store, Queue(), [KIND])
    lister = SlowLister(KubeLister(kube, WATCHED, store))
    resync = Resync(lister, store, intake, [KIND])
    handover = Handover(asyncio.get_running_loop(), intake)
    ear = Ear(WATCHED, handover, store, resync.begin_watch, kubeconfig=cluster.kubeconfig)
    went = await kube.create(WAREHOUSES, namespace, warehouse("goes"))
    ear.start()
    lister.go_on.set()
    try:
        assert await resync.run_pass(KIND)
        await _until_heard(kube, namespace, store)
        lister.answered.clear()
        lister.go_on.clear()
        listing = asyncio.create_task(resync.run_pass(KIND))
        await lister.answered.wait()
        await kube.create(WAREHOUSES, namespace, warehouse("comes"))
        uid, version = went["metadata"]["uid"], went["metadata"]["resourceVersion"]
        await kube.delete(WAREHOUSES, namespace, "goes", uid=uid, resource_version=version)
        await until(lambda: store.get(Key(KIND, namespace, "comes")) is not None)
        await until(lambda: store.get(Key(KIND, namespace, "goes")) is None)

        lister.go_on.set()

        assert await listing
        assert store.get(Key(KIND, namespace, "comes")) is not None
        assert store.get(Key(KIND, namespace, "goes")) is None
    finally:
        handover.close()
        await ear.stop()
