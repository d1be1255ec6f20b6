from __future__ import annotations

import pytest

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.reconcile import StaleWrite
from slipway.engine.store import Store
from slipway.engine.view import hash_status
from slipway.kube.client import KubeClient
from slipway.kube.resources import WAREHOUSES
from slipway.kube.status import KubeStatusWriter
from tests.support.spine import WATCHED, warehouse

STATUS = {"observedGeneration": 1, "release": "3f9c1e"}


@pytest.fixture
def store() -> Store:
    """An empty store."""
    return Store()


@pytest.fixture
def writer(kube: KubeClient, store: Store) -> KubeStatusWriter:
    """A writer that tells the store."""
    return KubeStatusWriter(kube, Intake(store, Queue(), [WAREHOUSES.key_kind]), WATCHED)


async def test_the_answer_to_a_write_is_in_the_store_at_once(
    kube: KubeClient, store: Store, writer: KubeStatusWriter, namespace: str
) -> None:
    """The next run must not act on a view older than its own last write."""
    key = Key(WAREHOUSES.key_kind, namespace, "a")
    await kube.create(WAREHOUSES, namespace, warehouse("a"))
    observed = await writer.read(key)
    assert observed is not None

    await writer.write(observed, STATUS)

    view, live = store.get(key), await writer.read(key)
    assert view is not None
    assert live is not None
    assert view.status_hash == hash_status(STATUS) == live.status_hash
    assert str(view.resource_version) == live.resource_version


async def test_a_write_to_what_has_changed_or_gone_is_stale(
    kube: KubeClient, writer: KubeStatusWriter, namespace: str
) -> None:
    """Also when an object of the same name was made anew: it is gathered again."""
    key = Key(WAREHOUSES.key_kind, namespace, "a")
    await kube.create(WAREHOUSES, namespace, warehouse("a"))
    first = await writer.read(key)
    assert first is not None
    await writer.write(first, STATUS)
    second = await writer.read(key)
    assert second is not None

    with pytest.raises(StaleWrite):
        await writer.write(first, STATUS)
    await kube.delete(WAREHOUSES, namespace, "a", uid=second.uid, resource_version=second.resource_version)
    with pytest.raises(StaleWrite):
        await writer.write(second, STATUS)
    await kube.create(WAREHOUSES, namespace, warehouse("a"))
    with pytest.raises(StaleWrite):
        await writer.write(second, STATUS)


async def test_what_is_gone_is_read_as_nothing(writer: KubeStatusWriter, namespace: str) -> None:
    """The engine forgets it then."""
    assert await writer.read(Key(WAREHOUSES.key_kind, namespace, "nothing")) is None
