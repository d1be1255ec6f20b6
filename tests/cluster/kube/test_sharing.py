"""Objects with several owners, on a real API server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from slipway.engine.intake import Intake
from slipway.engine.key import Key
from slipway.engine.queue import Queue
from slipway.engine.store import Store
from slipway.kinds.warehouse.view import WarehouseView
from slipway.kube.client import KubeClient
from slipway.kube.errors import Conflict, NameConflict
from slipway.kube.resources import MANAGEDIMAGES, WAREHOUSES
from slipway.kube.sharing import Shared
from slipway.kube.watched import Watched

LABEL = "slipway.dev/automatic"
NAME = "auto-1"
KEY_KIND = "warehouses.slipway.dev"


@dataclass(frozen=True)
class User:
    key: Key
    uid: str


class Desk:
    """Shares Warehouses in one namespace, and knows what is there."""

    def __init__(self, kube: KubeClient, namespace: str) -> None:
        self.kube, self.namespace = kube, namespace
        self.store = Store()
        watched = Watched(WAREHOUSES, WarehouseView.from_body)
        self.shared = Shared(kube, Intake(self.store, Queue(), ()), [watched])

    async def user(self, name: str) -> User:
        body = {
            "metadata": {"name": name},
            "spec": {"role": "External", "image": {"repository": f"r.example.com/{name}", "tag": "1"}},
        }
        made = await self.kube.create(MANAGEDIMAGES, self.namespace, body)
        return User(Key(MANAGEDIMAGES.key_kind, self.namespace, name), made["metadata"]["uid"])

    async def join(self, user: User) -> None:
        image = {"repository": "r.example.com/base", "policy": {"type": "Digest", "digest": {"tag": "1"}}}
        spec = {"subscriptions": [{"name": "image", "type": "Image", "image": image}]}
        body = {"metadata": {"name": NAME, "labels": {LABEL: "true"}}, "spec": spec}
        await self.shared.join(user, WAREHOUSES, body, LABEL)

    async def leave(self, user: User) -> None:
        await self.shared.leave(user, WAREHOUSES, NAME)

    async def live(self) -> dict[str, Any] | None:
        return await self.kube.get(WAREHOUSES, self.namespace, NAME)

    async def users(self) -> set[str]:
        live = await self.live()
        assert live is not None
        references = live["metadata"]["ownerReferences"]
        assert not any(reference.get("controller") for reference in references)
        return {reference["name"] for reference in references}


@pytest.fixture
async def desk(kube: KubeClient, namespace: str) -> Desk:
    return Desk(kube, namespace)


async def test_whoever_joins_is_one_of_the_owners(desk: Desk) -> None:
    """The first makes the object; joining again changes nothing."""
    one, two = await desk.user("one"), await desk.user("two")
    await desk.join(one)
    await desk.join(two)
    assert await desk.users() == {"one", "two"}
    before = await desk.live()
    await desk.join(one)
    await desk.join(two)
    assert await desk.live() == before


async def test_one_that_was_not_heard_of_is_joined_as_well(desk: Desk) -> None:
    """The watch may be behind; then the API server tells."""
    one, two = await desk.user("one"), await desk.user("two")
    await desk.join(one)
    await Desk(desk.kube, desk.namespace).join(two)
    assert await desk.users() == {"one", "two"}


async def test_one_that_went_unheard_is_not_taken_for_joined(desk: Desk) -> None:
    """It is tried again, when the watch has told of it."""
    one, two = await desk.user("one"), await desk.user("two")
    await desk.join(one)
    await Desk(desk.kube, desk.namespace).leave(one)
    assert await desk.live() is None
    with pytest.raises(Conflict):
        await desk.join(two)


async def test_the_last_to_leave_deletes_it(desk: Desk) -> None:
    """Whoever made it may leave first, and who leaves twice harms nobody."""
    one, two = await desk.user("one"), await desk.user("two")
    await desk.join(one)
    await desk.join(two)
    await desk.leave(one)
    await desk.leave(one)
    assert await desk.users() == {"two"}
    await desk.leave(two)
    assert await desk.live() is None
    await desk.leave(two)


async def test_who_left_may_come_back(desk: Desk) -> None:
    """Its own fields of before do not stand in the way."""
    one, two = await desk.user("one"), await desk.user("two")
    for user in (one, two):
        await desk.join(user)
    await desk.leave(two)
    await desk.join(two)
    assert await desk.users() == {"one", "two"}


async def test_what_is_written_is_known_at_once(desk: Desk) -> None:
    """The store does not wait for the watch to tell it."""
    one = await desk.user("one")
    await desk.join(one)
    view = desk.store.get(Key(KEY_KIND, desk.namespace, NAME))
    assert isinstance(view, WarehouseView)
    assert (view.is_automatic, view.trackers) == (True, (one.uid,))
    await desk.leave(one)
    assert desk.store.get(Key(KEY_KIND, desk.namespace, NAME)) is None


async def test_the_object_of_a_stranger_is_not_touched(desk: Desk) -> None:
    """Without the label it is one that a person made."""
    image = {"repository": "r.example.com/other", "policy": {"type": "Digest", "digest": {"tag": "1"}}}
    spec = {"subscriptions": [{"name": "image", "type": "Image", "image": image}]}
    await desk.kube.create(WAREHOUSES, desk.namespace, {"metadata": {"name": NAME}, "spec": spec})
    before = await desk.live()
    with pytest.raises(NameConflict, match="lacks the label"):
        await desk.join(await desk.user("one"))
    assert await desk.live() == before
