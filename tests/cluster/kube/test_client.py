from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from dev.cluster import Cluster
from dev.relay import Relay
from slipway.kube.client import KubeClient
from slipway.kube.errors import AlreadyExists, Conflict, Invalid, NotFound, Unreachable
from slipway.kube.resources import CONFIGMAPS, REGISTRIES, SECRETS, WAREHOUSES, Resource
from tests.support.spine import warehouse

MARK = {"labels": {"test": "pages"}}


async def test_an_object_is_made_once(kube: KubeClient, namespace: str) -> None:
    """A second create of the same name says that there is one."""
    body = {"metadata": {"name": "a"}, "data": {"k": "1"}}

    made = await kube.create(CONFIGMAPS, namespace, body)

    assert made["data"] == {"k": "1"}
    with pytest.raises(AlreadyExists):
        await kube.create(CONFIGMAPS, namespace, body)


async def test_what_is_not_there_is_none(kube: KubeClient, namespace: str) -> None:
    """A read of nothing is an answer, not an error."""
    assert await kube.get(CONFIGMAPS, namespace, "nothing") is None
    assert await kube.get_metadata(SECRETS, namespace, "nothing") is None


async def test_metadata_comes_without_content(kube: KubeClient, namespace: str) -> None:
    """That a Secret changed can be seen without reading the secret."""
    await kube.create(
        SECRETS, namespace, {"metadata": {"name": "key"}, "stringData": {"password": "hunter2"}}
    )

    found = await kube.get_metadata(SECRETS, namespace, "key")

    assert found is not None
    assert found["metadata"]["resourceVersion"]
    assert not {"data", "stringData"} & set(found)


async def test_an_apply_takes_away_what_it_no_longer_names(kube: KubeClient, namespace: str) -> None:
    """Server-side apply owns its fields, and leaves those of others alone."""
    await kube.apply(
        CONFIGMAPS, namespace, "a", {"metadata": {"name": "a"}, "data": {"ours": "1", "old": "1"}}
    )
    patch = [{"op": "add", "path": "/data/theirs", "value": "1"}]
    await kube._transport.request(
        "PATCH", CONFIGMAPS.path(namespace, "a"), body=patch, media_type="application/json-patch+json"
    )

    applied = await kube.apply(CONFIGMAPS, namespace, "a", {"metadata": {"name": "a"}, "data": {"ours": "2"}})

    assert applied["data"] == {"ours": "2", "theirs": "1"}


async def test_an_apply_with_another_uid_is_refused(kube: KubeClient, namespace: str) -> None:
    """Between a read and a write a stranger's object may have taken the name: it is not written to."""
    ours = await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": "a"}, "data": {"k": "1"}})
    uid, version = ours["metadata"]["uid"], ours["metadata"]["resourceVersion"]
    await kube.delete(CONFIGMAPS, namespace, "a", uid=uid, resource_version=version)
    gone = {"metadata": {"name": "a", "uid": uid}, "data": {"k": "2"}}

    with pytest.raises(Conflict):
        await kube.apply(CONFIGMAPS, namespace, "a", gone)
    stranger = await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": "a"}, "data": {"k": "theirs"}})
    with pytest.raises(Invalid):
        await kube.apply(CONFIGMAPS, namespace, "a", gone)

    assert await kube.get(CONFIGMAPS, namespace, "a") == {**stranger, "kind": "ConfigMap", "apiVersion": "v1"}


async def test_a_status_is_bound_to_the_version_it_was_decided_from(kube: KubeClient, namespace: str) -> None:
    """A write from an older version is refused, even with the same content."""
    made = await kube.create(WAREHOUSES, namespace, warehouse("a"))
    version = made["metadata"]["resourceVersion"]
    body = {"metadata": {"name": "a", "resourceVersion": version}, "status": {"observedGeneration": 1}}

    written = await kube.apply_status(WAREHOUSES, namespace, "a", body)

    assert written["status"] == {"observedGeneration": 1}
    with pytest.raises(Conflict):
        await kube.apply_status(WAREHOUSES, namespace, "a", body)
    with pytest.raises(NotFound):
        await kube.apply_status(WAREHOUSES, namespace, "b", {**body, "metadata": {"name": "b"}})


async def test_a_deletion_is_bound_to_what_was_read(kube: KubeClient, namespace: str) -> None:
    """Another UID or another version is refused; what is gone already is no error."""
    made = await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": "a"}})
    uid, version = made["metadata"]["uid"], made["metadata"]["resourceVersion"]
    stranger = "00000000-0000-0000-0000-000000000000"

    with pytest.raises(Conflict):
        await kube.delete(CONFIGMAPS, namespace, "a", uid=uid, resource_version="1")
    with pytest.raises(Conflict):
        await kube.delete(CONFIGMAPS, namespace, "a", uid=stranger, resource_version=version)

    assert await kube.delete(CONFIGMAPS, namespace, "a", uid=uid, resource_version=version)
    assert not await kube.delete(CONFIGMAPS, namespace, "a", uid=uid, resource_version=version)


async def test_pages_show_every_object_once_and_one_version(kube: KubeClient, namespace: str) -> None:
    """Seven objects on pages of three, selected by label, all at the version of the list."""
    for number in range(7):
        await kube.create(CONFIGMAPS, namespace, {"metadata": {"name": f"n{number}", **MARK}})

    pages = [page async for page in kube.pages(CONFIGMAPS, namespace, limit=3, label_selector="test=pages")]

    assert [len(page.items) for page in pages] == [3, 3, 1]
    assert sorted(item["metadata"]["name"] for page in pages for item in page.items) == [
        f"n{n}" for n in range(7)
    ]
    assert len({page.resource_version for page in pages}) == 1


async def test_the_message_of_a_refusal_is_the_api_servers(kube: KubeClient, namespace: str) -> None:
    """It names the field, and goes on to whoever has to repair it."""
    with pytest.raises(Invalid, match=r"spec\.subscriptions"):
        await kube.create(WAREHOUSES, namespace, {"metadata": {"name": "a"}, "spec": {}})


async def test_what_is_served_is_known(kube: KubeClient) -> None:
    """A kind, a version and a group that are not there are told from those that are."""
    assert await kube.serves(REGISTRIES)
    assert await kube.serves(SECRETS)
    assert not await kube.serves(Resource("slipway.dev", "v1alpha1", "nothings", "Nothing"))
    assert not await kube.serves(Resource("slipway.dev", "v9", "registries", "Registry"))
    assert not await kube.serves(Resource("nobody.example.com", "v1", "registries", "Registry"))


@pytest.mark.test_bed
async def test_a_short_interruption_is_not_noticed(cluster: Cluster, relay: Relay, tmp_path: Path) -> None:
    """Reads and applies are repeated when a connection breaks; a server that stays away is named."""
    kubeconfig = cluster.kubeconfig_through(relay, tmp_path / "relay.kubeconfig")
    async with await KubeClient.connect(kubeconfig) as kube:
        await kube.get(CONFIGMAPS, "default", "a")
        await asyncio.to_thread(relay.cut)
        assert await kube.get(CONFIGMAPS, "default", "a") is None

        await asyncio.to_thread(relay.refuse)
        with pytest.raises(Unreachable, match="gave no answer"):
            await kube.get(CONFIGMAPS, "default", "a")
        await asyncio.to_thread(relay.reopen)
        assert await kube.get(CONFIGMAPS, "default", "a") is None
