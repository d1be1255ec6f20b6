from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.building import SourceSpec
from slipway.api.managedimage import ManagedImage
from slipway.api.warehouse import Warehouse
from slipway.engine.store import Store
from slipway.engine.view import View
from slipway.kinds.managedimage.automatic import manifest_of, wanted_source, wanted_warehouse
from slipway.kinds.managedimage.facts import Tracking
from slipway.kinds.managedimage.naming import of_spec, references_of
from slipway.kinds.managedimage.topics import base_topic
from slipway.kinds.managedimage.tracking import find_tracking
from slipway.kinds.warehouse.view import WarehouseView
from tests.unit.kinds.managedimage.views import producer, stored, warehouse
from tests.unit.kinds.managedimage.world import BASE, body

WANTED = wanted_warehouse(BASE)
UID = "u1"


def made(*users: str, name: str = WANTED.name, reference: str = BASE) -> WarehouseView:
    """A Warehouse that the operator made, with its users."""
    manifest = manifest_of(wanted_warehouse(reference))
    manifest["metadata"] |= {
        "name": name,
        "namespace": "shop",
        "resourceVersion": "1",
        "ownerReferences": [{"uid": user} for user in users],
    }
    return WarehouseView.from_body(manifest)


def track(*views: View, **spec: Any) -> Tracking:
    image = ManagedImage.model_validate(body(**spec))
    return find_tracking(image, references_of(of_spec(image)), stored(*views))


@pytest.mark.parametrize(
    ("sentence", "views", "joins"),
    [
        ("nobody watches it", (), True),
        ("one was made for others", (made("another"),), True),
        ("one was made for us too", (made("another", UID),), False),
        ("a user watches it", (warehouse("mine"),), False),
        ("a user watches another tag", (warehouse("mine", tag="3.13"),), True),
        ("a user of another namespace watches it", (warehouse("mine", namespace="other"),), True),
        ("it is built here", (producer("python"),), False),
        ("it is built in another namespace", (producer("python", namespace="other"),), True),
        ("it is tracked here", (producer("python", role="Base"),), True),
    ],
)
def test_a_base_that_nobody_tells_of_gets_a_warehouse(
    sentence: str, views: tuple[View, ...], joins: bool
) -> None:
    """One for each tag in a namespace, and none beside one of a user."""
    assert bool(track(*views).join) is joins, sentence


@pytest.mark.parametrize(
    ("sentence", "views", "spec"),
    [
        ("a user watches it now", (warehouse("mine"),), {}),
        ("it is built here now", (producer("python"),), {}),
        ("it is another base now", (), {"bases": [{"reference": "registry.example.com/other:1"}]}),
        ("a Warehouse is named now", (), {"bases": [{"warehouse": {"name": "w", "subscription": "s"}}]}),
        ("there is no base any more", (), {"bases": []}),
    ],
)
def test_a_warehouse_that_is_needed_no_more_is_left(
    sentence: str, views: tuple[View, ...], spec: dict[str, Any]
) -> None:
    """Whatever made it superfluous."""
    assert track(made(UID), *views, **spec).leave == (WANTED.name,), sentence


def test_suspended_image_changes_nothing() -> None:
    """What it tracks stays as it is until it goes on."""
    assert track(suspend=True) == track(made(UID), suspend=True, bases=[]) == Tracking()


def test_image_that_is_only_tracked_gets_a_warehouse_for_itself() -> None:
    """With the Registry that it names; its bases are not looked at."""
    image = {"repository": "registry.example.com/lib/ssl", "tag": "3", "registryRef": {"name": "acme"}}
    (wanted,) = track(role="External", image=image).join
    assert wanted.subscription["image"] == {
        "repository": "registry.example.com/lib/ssl",
        "policy": {"type": "Digest", "digest": {"tag": "3"}},
        "registryRef": {"name": "acme"},
    }


GIT = {"url": "https://git.example.com/shop/mono", "branch": "main", "path": "apps/api"}
JOB = {"type": "Job"}


def test_image_that_is_built_from_git_gets_a_warehouse_for_its_branch() -> None:
    """It counts what the context and the Dockerfile are made of, and looks every few minutes."""
    (wanted,) = track(source={"git": GIT, "dockerfile": "../Dockerfile"}, build=JOB, bases=[]).join
    git = wanted.subscription["git"]
    assert (git["url"], git["branch"]) == ("https://git.example.com/shop/mono", "main")
    assert "apps/Dockerfile" in git["includePaths"]
    assert git["window"] == "10s"
    assert wanted.interval == "5m"
    Warehouse.model_validate(manifest_of(wanted) | {"metadata": {"name": wanted.name}})


def test_nothing_is_left_while_the_dockerfile_is_not_known() -> None:
    """What it stood on may be what it will stand on."""
    image = ManagedImage.model_validate(body(source={"git": GIT}, build=JOB, bases=[]))
    assert find_tracking(image, None, stored(made(UID))).leave == ()
    assert find_tracking(image, (), stored(made(UID))).leave == (WANTED.name,)


def test_images_that_count_the_same_changes_share_a_warehouse() -> None:
    """Those of another directory do not."""

    def name(**git: str) -> str:
        source = SourceSpec.model_validate({"git": {**GIT, **git}})
        return wanted_source(source).name

    assert name() == name()
    others = (
        {"path": "apps/web"},
        {"branch": "next"},
        {"url": "https://git.example.com/x"},
        {"window": "1m"},
    )
    assert len({name(), *(name(**other) for other in others)}) == 5


def test_it_looks_once_a_day() -> None:
    """Bases move rarely, and registries count requests."""
    assert manifest_of(WANTED)["spec"]["interval"] == "24h"


WORD = st.from_regex(r"[a-z0-9]{1,30}((\.|_|__|-{1,2})[a-z0-9]{1,30}){0,2}", fullmatch=True)
HOSTS = st.sampled_from(["registry.example.com", "other.example.com:5000", "localhost:5000", "docker.io"])
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
REFERENCES = st.builds(
    lambda host, path, tag: f"{host}/{'/'.join(path)}:{tag}",
    HOSTS,
    st.lists(WORD, min_size=1, max_size=2),
    TAGS,
)


@given(REFERENCES)
def test_the_warehouse_watches_the_base(reference: str) -> None:
    """Once it is there, it is found by what it follows, and nothing else is wanted."""
    manifest = manifest_of(wanted_warehouse(reference))
    spec = Warehouse.model_validate(manifest).spec
    assert spec.subscriptions[0].image is not None
    manifest["metadata"] |= {"namespace": "shop", "resourceVersion": "1"}
    store = Store()
    store.put(WarehouseView.from_body(manifest))
    assert store.providers(base_topic("shop", reference))


@given(REFERENCES, REFERENCES, st.sampled_from([None, "acme"]), st.sampled_from([None, "acme"]))
def test_different_tags_and_registries_get_different_warehouses(
    one: str, other: str, registry: str | None, another: str | None
) -> None:
    """Two images share one only where it asks the same of the same."""
    names = {wanted_warehouse(one, registry).name, wanted_warehouse(other, another).name}
    meant = {(base_topic("", one), registry), (base_topic("", other), another)}
    assert len(names) == len(meant)
    assert all(len(name) <= 63 for name in names)
