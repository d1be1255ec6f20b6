from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from slipway.engine.resync import Expired
from slipway.engine.store import Store
from slipway.kube.client import KubeClient, ListPage
from slipway.kube.errors import Gone
from slipway.kube.lister import KubeLister
from slipway.kube.resources import WAREHOUSES
from tests.support.spine import WATCHED


class ExpiringClient:
    """What a client does whose listing is compacted away after its first page."""

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[ListPage]:
        """One page, and no second one."""
        yield ListPage([], "7")
        msg = "too old"
        raise Gone(msg, status=410)


async def test_a_listing_that_cannot_go_on_counts_for_nothing() -> None:
    """The resync begins it anew; what it has seen of the first pages is no whole picture."""
    lister = KubeLister(cast("KubeClient", ExpiringClient()), WATCHED, Store())
    pages = lister.pages(WAREHOUSES.key_kind)

    assert (await anext(pages)).resource_version == 7
    with pytest.raises(Expired):
        await anext(pages)


class OnePage:
    """A client whose list has one Warehouse."""

    def __init__(self, body: dict[str, Any], version: str) -> None:
        self.page = ListPage([body], version)

    async def pages(self, *_: Any, **__: Any) -> AsyncIterator[ListPage]:
        """The only one."""
        yield self.page


@pytest.mark.parametrize(
    ("changes", "listed_at", "is_known"),
    [
        ({}, "9", True),
        ({"resourceVersion": "8"}, "9", False),
        ({"uid": "u2"}, "9", False),
        ({"name": "other"}, "9", False),
        ({}, "6", False),
    ],
    ids=["the same", "a newer version", "made anew", "another one", "after a restore of etcd"],
)
async def test_an_object_that_the_store_has_is_not_read_again(
    changes: dict[str, str], listed_at: str, is_known: bool
) -> None:
    """Most of what is listed now and then is as it was; after a restore versions tell nothing."""
    metadata = {"name": "api", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 1}
    (watched,) = (kind for kind in WATCHED if kind.resource is WAREHOUSES)
    known, store = watched.view({"metadata": metadata, "spec": {}}), Store()
    assert known is not None
    store.put(known)
    client = OnePage({"metadata": metadata | changes, "spec": {}}, listed_at)
    lister = KubeLister(cast("KubeClient", client), WATCHED, store)

    (page,) = [page async for page in lister.pages(WAREHOUSES.key_kind)]

    assert (page.views[0] is known) is is_known


async def test_an_object_from_before_a_restore_is_read_again() -> None:
    """Its version may have been given twice."""
    metadata = {"name": "api", "namespace": "shop", "uid": "u1", "resourceVersion": "7", "generation": 1}
    (watched,) = (kind for kind in WATCHED if kind.resource is WAREHOUSES)
    known, store = watched.view({"metadata": metadata, "spec": {}}), Store()
    assert known is not None
    store.put(known)
    store.distrust(WAREHOUSES.key_kind, 7)
    client = OnePage({"metadata": metadata, "spec": {}}, "9")

    (page,) = [
        page
        async for page in KubeLister(cast("KubeClient", client), WATCHED, store).pages(WAREHOUSES.key_kind)
    ]

    assert page.views[0] is not known
