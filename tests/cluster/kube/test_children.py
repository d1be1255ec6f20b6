from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from dev.api import resource_path
from dev.cluster import Cluster
from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.kinds.children import ChildView
from slipway.kube.children import Children
from slipway.kube.client import KubeClient
from slipway.kube.errors import Conflict, NameConflict
from slipway.kube.resources import CONFIGMAPS, WAREHOUSES
from slipway.kube.watched import Watched
from tests.support.spine import warehouse


@dataclass(frozen=True, slots=True)
class Owner:
    """A live object that has children."""

    key: Key
    uid: str


@pytest.fixture
async def owner(kube: KubeClient, namespace: str) -> Owner:
    """A Warehouse; which kind it is makes no difference here."""
    made = await kube.create(WAREHOUSES, namespace, warehouse("owner"))
    return Owner(Key("warehouses.slipway.dev", namespace, "owner"), made["metadata"]["uid"])


def child(**data: str) -> dict[str, Any]:
    """What the child is to be."""
    return {"metadata": {"name": "child", "labels": {"app": "x"}}, "data": data}


def view_of(body: Mapping[str, Any]) -> ChildView:
    """What the store keeps of a ConfigMap that a Warehouse owns."""
    metadata = body["metadata"]
    (reference,) = metadata["ownerReferences"]
    return ChildView(
        key=Key(CONFIGMAPS.key_kind, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=int(metadata["resourceVersion"]),
        generation=0,
        owner=Key(WAREHOUSES.key_kind, metadata["namespace"], reference["name"]),
    )


class Desk:
    """The engine behind the writer of children: a store, a queue and the intake before them."""

    def __init__(self, kube: KubeClient) -> None:
        self.store, self.queue = Store(), Queue()
        self.intake = Intake(self.store, self.queue, [WAREHOUSES.key_kind])
        watched = Watched(CONFIGMAPS, view_of, children_only=True)
        self.children = Children(kube, self.intake, [watched])

    def knows(self, body: Mapping[str, Any]) -> bool:
        """Whether the store has just this version."""
        return self.store.get(view_of(body).key) == view_of(body)

    def hear(self, event: Mapping[str, Any]) -> None:
        """Take in an event of the watch."""
        view = view_of(event["object"])
        if event["type"] == "DELETED":
            self.intake.forget(view.key, view.uid, view.resource_version)
        else:
            self.intake.observe(view)


@pytest.fixture
def desk(kube: KubeClient) -> Desk:
    """One that knows nothing yet."""
    return Desk(kube)


@pytest.fixture
def children(desk: Desk) -> Children:
    """What writes children."""
    return desk.children


async def test_a_child_is_labelled_and_owned(children: Children, owner: Owner) -> None:
    """The watch on children selects by the label, and the child goes when its owner goes."""
    made = await children.ensure(owner, CONFIGMAPS, child(k="1"))

    assert made["metadata"]["labels"] == {"app": "x", "slipway.dev/managed": "true"}
    (reference,) = made["metadata"]["ownerReferences"]
    assert (reference["uid"], reference["controller"]) == (owner.uid, True)


async def test_a_field_that_is_no_longer_named_goes(children: Children, owner: Owner) -> None:
    """Also one that the create has set: an apply alone would leave it there for ever."""
    await children.ensure(owner, CONFIGMAPS, child(k="1", old="1"))

    changed = await children.ensure(owner, CONFIGMAPS, child(k="2"))
    again = await children.ensure(owner, CONFIGMAPS, child(k="2"), live=changed)

    assert changed["data"] == {"k": "2"}
    assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


@pytest.mark.parametrize("controlled", [False, True], ids=["by nobody", "by somebody else"])
async def test_a_strangers_object_is_never_touched(
    kube: KubeClient, children: Children, owner: Owner, controlled: bool
) -> None:
    """An object of the child's name that we do not control stays as it is, and the owner is told."""
    namespace = owner.key.namespace
    other = await kube.create(WAREHOUSES, namespace, warehouse("other"))
    reference = {
        "apiVersion": "slipway.dev/v1alpha1",
        "kind": "Warehouse",
        "name": "other",
        "uid": other["metadata"]["uid"],
        "controller": True,
    }
    references = {"ownerReferences": [reference]} if controlled else {}
    stranger = await kube.create(
        CONFIGMAPS, namespace, {"metadata": {"name": "child", **references}, "data": {"k": "theirs"}}
    )

    with pytest.raises(NameConflict, match="ConfigMap child exists"):
        await children.ensure(owner, CONFIGMAPS, child(k="1"))
    with pytest.raises(NameConflict):
        await children.ensure(owner, CONFIGMAPS, child(k="1"), live=stranger)

    found = await kube.get(CONFIGMAPS, namespace, "child")
    assert found is not None
    assert found["metadata"] == stranger["metadata"]
    assert found["data"] == {"k": "theirs"}


async def test_a_child_that_was_replaced_since_it_was_read_is_not_written_to(
    kube: KubeClient, children: Children, owner: Owner
) -> None:
    """What was read says it is ours; by the time of the write a stranger has the name."""
    namespace = owner.key.namespace
    await children.ensure(owner, CONFIGMAPS, child(k="1"))
    ours = await children.ensure(owner, CONFIGMAPS, child(k="2"))
    await children.delete(owner, CONFIGMAPS, ours)

    with pytest.raises(Conflict):
        await children.ensure(owner, CONFIGMAPS, child(k="3"), live=ours)
    stranger = await kube.create(
        CONFIGMAPS, namespace, {"metadata": {"name": "child"}, "data": {"k": "theirs"}}
    )
    with pytest.raises(Conflict):
        await children.ensure(owner, CONFIGMAPS, child(k="3"), live=ours)

    found = await kube.get(CONFIGMAPS, namespace, "child")
    assert found is not None
    assert found["metadata"]["resourceVersion"] == stranger["metadata"]["resourceVersion"]


async def test_the_answer_to_each_write_is_in_the_store_at_once(
    kube: KubeClient, desk: Desk, owner: Owner
) -> None:
    """The owner's run has the answer, so the owner is not woken for it."""
    made = await desk.children.ensure(owner, CONFIGMAPS, child(k="1"))
    assert desk.knows(made)

    changed = await desk.children.ensure(owner, CONFIGMAPS, child(k="2"), live=made)
    assert desk.knows(changed)

    patch = [{"op": "add", "path": "/data/other", "value": "3"}]
    patched = await desk.children.patch(owner, CONFIGMAPS, changed, patch)
    assert desk.knows(patched)

    await desk.children.delete(owner, CONFIGMAPS, patched)
    assert desk.store.get(view_of(patched).key) is None

    constant = await desk.children.create(owner, CONFIGMAPS, child(k="1"))
    assert desk.knows(constant)
    assert desk.queue.waiting == 0


async def test_the_echoes_of_own_writes_wake_nobody(cluster: Cluster, desk: Desk, owner: Owner) -> None:
    """All that the watch tells of a life from the first write to the last is known; made anew it is news."""
    path = resource_path("v1", "configmaps", owner.key.namespace)
    version = cluster.api.get(path)["metadata"]["resourceVersion"]
    made = await desk.children.ensure(owner, CONFIGMAPS, child(k="1"))
    changed = await desk.children.ensure(owner, CONFIGMAPS, child(k="2"), live=made)
    await desk.children.delete(owner, CONFIGMAPS, changed)

    echoes = list(
        cluster.api.watch(
            path, resourceVersion=version, timeoutSeconds="1", labelSelector="slipway.dev/managed=true"
        )
    )
    # The take-over of what the create has set is a write of its own.
    assert [event["type"] for event in echoes] == ["ADDED", "MODIFIED", "MODIFIED", "DELETED"]
    for event in echoes:
        desk.hear(event)

    assert desk.queue.waiting == 0
    assert desk.store.get(view_of(changed).key) is None


async def test_what_others_do_to_a_child_wakes_its_owner(kube: KubeClient, desk: Desk, owner: Owner) -> None:
    """Also when it comes right after an own write."""
    namespace = owner.key.namespace
    await desk.children.ensure(owner, CONFIGMAPS, child(k="1"))
    patch = [{"op": "replace", "path": "/data/k", "value": "theirs"}]
    theirs = await kube.json_patch(CONFIGMAPS, namespace, "child", patch)

    desk.hear({"type": "MODIFIED", "object": theirs})

    assert desk.queue.waiting == 1
    assert await desk.queue.take() == owner.key


async def test_a_child_with_a_finalizer_is_there_until_the_watch_says_otherwise(
    kube: KubeClient, desk: Desk, owner: Owner
) -> None:
    """To be deleted is not to be gone."""
    body = child(k="1")
    body["metadata"]["finalizers"] = ["example.com/hold"]
    made = await desk.children.ensure(owner, CONFIGMAPS, body)

    await desk.children.delete(owner, CONFIGMAPS, made)
    assert desk.knows(made)

    patch = [{"op": "remove", "path": "/metadata/finalizers"}]
    gone = await kube.json_patch(CONFIGMAPS, owner.key.namespace, "child", patch)
    desk.hear({"type": "DELETED", "object": gone})
    assert desk.store.get(view_of(made).key) is None
    assert desk.queue.waiting == 1


async def test_only_what_is_watched_is_kept(kube: KubeClient, desk: Desk, owner: Owner) -> None:
    """Nothing would ever tell that the others have gone."""
    children = Children(kube, desk.intake, ())

    made = await children.ensure(owner, CONFIGMAPS, child(k="1"))
    await children.delete(owner, CONFIGMAPS, made)

    assert len(desk.store) == 0
