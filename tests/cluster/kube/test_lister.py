from __future__ import annotations

from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.kube.client import KubeClient
from slipway.kube.lister import KubeLister
from slipway.kube.resources import CONFIGMAPS, WAREHOUSES
from slipway.kube.watched import Watched
from tests.support.spine import WATCHED, SpineView, warehouse


def parse(body: object) -> SpineView:
    """The view of a ConfigMap, which has no generation."""
    assert isinstance(body, dict)
    metadata = body["metadata"]
    key = Key("configmaps", metadata["namespace"], metadata["name"])
    return SpineView(key, metadata["uid"], int(metadata["resourceVersion"]), 0, b"", b"")


CHILDREN = Watched(CONFIGMAPS, parse, children_only=True)


async def test_a_list_shows_all_objects_as_views(kube: KubeClient, namespace: str) -> None:
    """With a version that is not older than any of them."""
    for name in ("a", "b"):
        await kube.create(WAREHOUSES, namespace, warehouse(name))

    pages = [page async for page in KubeLister(kube, WATCHED, Store()).pages(WAREHOUSES.key_kind)]

    views = [view for page in pages for view in page.views if view.key.namespace == namespace]
    assert sorted(view.key.name for view in views) == ["a", "b"]
    assert all(view.resource_version <= pages[0].resource_version for view in views)


async def test_of_children_only_our_own_are_listed(kube: KubeClient, namespace: str) -> None:
    """And one that lost the label counts as gone, since the watch would not show it either."""
    label = {"labels": {"slipway.dev/managed": "true"}}
    await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": "ours", **label}})
    await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": "theirs"}})
    lister = KubeLister(kube, [CHILDREN], Store())

    listed = [view.key.name async for page in lister.pages("configmaps") for view in page.views]
    ours = await lister.get(Key("configmaps", namespace, "ours"))
    theirs = await lister.get(Key("configmaps", namespace, "theirs"))

    assert "ours" in listed
    assert "theirs" not in listed
    assert ours is not None
    assert theirs is None
    assert await lister.get(Key("configmaps", namespace, "nothing")) is None
