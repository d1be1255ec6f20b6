from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from slipway.api.conditions import MESSAGE_LIMIT
from slipway.api.managedimage import ManagedImage
from slipway.api.warehouse import Warehouse
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.store import Store
from slipway.kinds.managedimage.bases import base_topic, find_base, same_repository
from slipway.kinds.managedimage.facts import KnownBase, Problem
from slipway.kinds.warehouse.view import WarehouseView
from tests.unit.kinds.managedimage.world import BASE, NEW, OLD, body

REPOSITORY = BASE.rpartition(":")[0]


def warehouse(
    name: str,
    repository: str = REPOSITORY,
    *,
    tag: str = "3.12",
    found: str | None = NEW,
    namespace: str = "shop",
    **image: Any,
) -> WarehouseView:
    """A Warehouse that follows a tag, and what it has found there."""
    followed = {"repository": repository, "policy": {"type": "Digest", "digest": {"tag": tag}}, **image}
    artifact = {"name": "base", "image": {"repository": repository, "tag": tag, "digest": found}}
    return WarehouseView.from_body(
        {
            "metadata": {"name": name, "namespace": namespace, "resourceVersion": "1"},
            "spec": {"subscriptions": [{"name": "base", "type": "Image", "image": followed}]},
            "status": {"artifacts": [artifact]} if found else {},
        }
    )


def look(base: dict[str, Any], *warehouses: WarehouseView) -> KnownBase | Problem:
    store = Store()
    for one in warehouses:
        store.put(one)
    return find_base(ManagedImage.model_validate(body(bases=[base])), store)


BY_REFERENCE = {"reference": BASE}
BY_NAME = {"warehouse": {"name": "python", "subscription": "base"}}


@pytest.mark.parametrize("base", [BY_REFERENCE, BY_NAME])
def test_the_base_is_what_its_warehouse_has_found(base: dict[str, Any]) -> None:
    """Whether the Warehouse is named or found by what it follows."""
    assert look(base, warehouse("python")) == KnownBase(BASE, NEW, "python")


@pytest.mark.parametrize("base", [BY_REFERENCE, BY_NAME])
def test_the_registry_of_the_warehouse_is_that_of_the_base(base: dict[str, Any]) -> None:
    """Who reads the base has to use the credential that found it."""
    found = look(base, warehouse("python", registryRef={"name": "acme"}))
    assert isinstance(found, KnownBase)
    assert found.registry == "acme"


@pytest.mark.parametrize(
    ("reference", "repository", "tag"),
    [
        ("alpine", "docker.io/library/alpine", "latest"),
        ("docker.io/library/alpine:3.22", "alpine", "3.22"),
        ("index.docker.io/acme/base:1", "acme/base", "1"),
        ("Registry.Example.com/base:1", "registry.example.com/base", "1"),
    ],
)
def test_the_same_image_may_be_spelled_otherwise(reference: str, repository: str, tag: str) -> None:
    """The user of a base and the one who watches it need not agree on short names."""
    found = look({"reference": reference}, warehouse("base", repository, tag=tag))
    assert isinstance(found, KnownBase)
    assert found.reference == f"{repository}:{tag}"


ELSEWHERE = {"warehouse": {"name": "python", "subscription": "other"}}
MANIFEST = "kind: Warehouse"
LOOK = "kubectl describe warehouse w"


@pytest.mark.parametrize(
    ("base", "warehouses", "problem", "words"),
    [
        # nobody watches it
        (BY_REFERENCE, (), (Waiting, "NoWarehouse"), MANIFEST),
        # only another tag is watched
        (BY_REFERENCE, (warehouse("w", tag="3.13"),), (Waiting, "NoWarehouse"), MANIFEST),
        # only another namespace watches it
        (BY_REFERENCE, (warehouse("w", namespace="other"),), (Waiting, "NoWarehouse"), MANIFEST),
        # nothing was found yet
        (BY_REFERENCE, (warehouse("w", found=None),), (Waiting, "WarehouseNotReady"), LOOK),
        # two see different digests
        (
            BY_REFERENCE,
            (warehouse("a"), warehouse("b", found=OLD)),
            (Waiting, "AmbiguousWarehouse"),
            "a and b",
        ),
        # the one named is missing
        (BY_NAME, (warehouse("w"),), (Waiting, "WarehouseNotFound"), "python"),
        # the one named has found nothing
        (BY_NAME, (warehouse("python", found=None),), (Waiting, "WarehouseNotReady"), "warehouse python"),
        # the one named has no such subscription
        (ELSEWHERE, (warehouse("python"),), (Stalled, "SubscriptionNotFound"), "it has base"),
    ],
)
def test_a_base_that_is_not_known_says_why(
    base: dict[str, Any], warehouses: tuple[WarehouseView, ...], problem: tuple[type, str], words: str
) -> None:
    """Each message names the object that matters and what to do about it."""
    found = look(base, *warehouses)
    assert not isinstance(found, KnownBase)
    assert (type(found), found.reason) == problem
    assert words in found.message


def test_two_warehouses_that_agree_are_as_good_as_one() -> None:
    """A second one that was made by mistake, or by another team, stops nobody."""
    assert look(BY_REFERENCE, warehouse("b"), warehouse("a")) == KnownBase(BASE, NEW, "a")


def test_one_of_two_warehouses_that_has_looked_is_enough() -> None:
    """The other one has nothing to contradict it with."""
    assert look(BY_REFERENCE, warehouse("a", found=None), warehouse("b")) == KnownBase(BASE, NEW, "b")


def manifest_for(reference: str) -> dict[str, Any]:
    """What the message of NoWarehouse says to apply."""
    problem = look({"reference": reference})
    assert not isinstance(problem, KnownBase)
    assert len(problem.message) <= MESSAGE_LIMIT
    manifest: dict[str, Any] = yaml.load(problem.message.partition("\n")[2], yaml.CSafeLoader)
    return manifest


WORD = st.from_regex(r"[a-z0-9]{1,30}((\.|_|__|-{1,2})[a-z0-9]{1,30}){0,2}", fullmatch=True)
HOSTS = st.sampled_from(["registry.example.com", "other.example.com:5000", "localhost:5000"])
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", fullmatch=True)
REFERENCES = st.builds(
    lambda host, path, tag: f"{host}/{'/'.join(path)}:{tag}",
    HOSTS,
    st.lists(WORD, min_size=1, max_size=2),
    TAGS,
)


@given(REFERENCES)
def test_the_manifest_of_the_message_watches_the_base(reference: str) -> None:
    """Applied as it is, it is all that is missing, whatever the base is called."""
    manifest = manifest_for(reference)
    spec = Warehouse.model_validate(manifest).spec
    (subscription,) = spec.subscriptions
    assert subscription.image is not None
    assert subscription.image.policy.digest is not None
    watched = f"{subscription.image.repository}:{subscription.image.policy.digest.tag}"
    assert base_topic("shop", watched) == base_topic("shop", reference)
    manifest["metadata"] |= {"namespace": "shop", "resourceVersion": "1"}
    store = Store()
    store.put(WarehouseView.from_body(manifest))
    assert store.providers(base_topic("shop", reference))


@given(REFERENCES, REFERENCES)
def test_manifests_for_different_bases_do_not_replace_each_other(one: str, other: str) -> None:
    """A second one that is applied must leave the first where it is: each base has a name of its own."""
    names = {manifest_for(reference)["metadata"]["name"] for reference in (one, other)}
    assert len(names) == len({one, other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("registry.example.com/base/python:3.12", "registry.example.com/base/python:3.13"),
        ("a.example.com/python:3", "b.example.com/python:3"),
        ("a.example.com/x/python:3", "a.example.com/y/python:3"),
        ("a.example.com/python_3:1", "a.example.com/python-3:1"),
        ("a.example.com/python:A", "a.example.com/python:a"),
    ],
)
def test_similar_bases_get_different_names(one: str, other: str) -> None:
    """Those that a random search would hardly meet."""
    assert manifest_for(one)["metadata"]["name"] != manifest_for(other)["metadata"]["name"]


@given(REFERENCES)
def test_the_name_of_the_manifest_is_one_that_kubernetes_takes(reference: str) -> None:
    """A DNS label, and the same one each time."""
    name = manifest_for(reference)["metadata"]["name"]
    assert len(name) <= 63
    assert name.strip("-") == name
    assert "--" not in name
    assert set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
    assert manifest_for(reference)["metadata"]["name"] == name


def test_the_name_of_the_manifest_says_what_it_watches() -> None:
    """People see it in lists."""
    assert manifest_for(BASE)["metadata"]["name"].startswith("base-python-3-12-")


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("alpine:3", "docker.io/library/alpine:4", True),
        (BASE, REPOSITORY, True),
        (BASE, "registry.example.com/base/debian:3.12", False),
        (BASE, "other.example.com/base/python:3.12", False),
        ("", BASE, False),
        ("", "", False),
    ],
)
def test_repositories_are_compared_by_what_they_mean(one: str, other: str, same: bool) -> None:
    """Tags play no part, and what cannot be read is the same as nothing."""
    assert same_repository(one, other) is same_repository(other, one) is same
