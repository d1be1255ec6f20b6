from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from slipway.engine.key import Key
from slipway.kube.children import ensure_child
from slipway.kube.client import KubeClient
from slipway.kube.errors import Conflict, NameConflict
from slipway.kube.resources import CONFIGMAPS, WAREHOUSES
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


async def test_a_child_is_labelled_and_owned(kube: KubeClient, owner: Owner) -> None:
    """The watch on children selects by the label, and the child goes when its owner goes."""
    made = await ensure_child(kube, owner, CONFIGMAPS, child(k="1"))

    assert made["metadata"]["labels"] == {"app": "x", "slipway.dev/managed": "true"}
    (reference,) = made["metadata"]["ownerReferences"]
    assert (reference["uid"], reference["controller"]) == (owner.uid, True)


async def test_a_field_that_is_no_longer_named_goes(kube: KubeClient, owner: Owner) -> None:
    """Also one that the create has set: an apply alone would leave it there for ever."""
    await ensure_child(kube, owner, CONFIGMAPS, child(k="1", old="1"))

    changed = await ensure_child(kube, owner, CONFIGMAPS, child(k="2"))
    again = await ensure_child(kube, owner, CONFIGMAPS, child(k="2"), live=changed)

    assert changed["data"] == {"k": "2"}
    assert again["metadata"]["resourceVersion"] == changed["metadata"]["resourceVersion"]


@pytest.mark.parametrize("controlled", [False, True], ids=["by nobody", "by somebody else"])
async def test_a_strangers_object_is_never_touched(kube: KubeClient, owner: Owner, controlled: bool) -> None:
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
        await ensure_child(kube, owner, CONFIGMAPS, child(k="1"))
    with pytest.raises(NameConflict):
        await ensure_child(kube, owner, CONFIGMAPS, child(k="1"), live=stranger)

    found = await kube.get(CONFIGMAPS, namespace, "child")
    assert found is not None
    assert found["metadata"] == stranger["metadata"]
    assert found["data"] == {"k": "theirs"}


async def test_a_child_that_was_replaced_since_it_was_read_is_not_written_to(
    kube: KubeClient, owner: Owner
) -> None:
    """What was read says it is ours; by the time of the write a stranger has the name."""
    namespace = owner.key.namespace
    await ensure_child(kube, owner, CONFIGMAPS, child(k="1"))
    ours = await ensure_child(kube, owner, CONFIGMAPS, child(k="2"))
    metadata = ours["metadata"]
    await kube.delete(
        CONFIGMAPS, namespace, "child", uid=metadata["uid"], resource_version=metadata["resourceVersion"]
    )

    with pytest.raises(Conflict):
        await ensure_child(kube, owner, CONFIGMAPS, child(k="3"), live=ours)
    stranger = await kube.create(
        CONFIGMAPS, namespace, {"metadata": {"name": "child"}, "data": {"k": "theirs"}}
    )
    with pytest.raises(Conflict):
        await ensure_child(kube, owner, CONFIGMAPS, child(k="3"), live=ours)

    found = await kube.get(CONFIGMAPS, namespace, "child")
    assert found is not None
    assert found["metadata"]["resourceVersion"] == stranger["metadata"]["resourceVersion"]
