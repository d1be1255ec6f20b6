from __future__ import annotations

from typing import Any

import pytest

from slipway.api.managedimage import ManagedImage
from slipway.engine.outcome import Stalled, Waiting
from slipway.engine.view import View
from slipway.kinds.managedimage.bases import (
    find_bases,
    find_rival,
    find_tracked,
    producers_of,
    watchers_of,
)
from slipway.kinds.managedimage.facts import KnownBase, UnknownBase
from slipway.kinds.managedimage.naming import of_spec
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.warehouse.view import WarehouseView
from tests.unit.kinds.managedimage.views import producer, stored, warehouse
from tests.unit.kinds.managedimage.world import BASE, NEW, OLD, body

REPOSITORY = BASE.rpartition(":")[0]


def look(base: dict[str, Any], *views: View) -> KnownBase | UnknownBase:
    image = ManagedImage.model_validate(body(bases=[base]))
    (found,) = find_bases(image, of_spec(image), stored(*views))
    return found


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
    assert found.reference.startswith(reference)


ELSEWHERE = {"warehouse": {"name": "python", "subscription": "other"}}
MADE = "A Warehouse that follows"
LOOK = "kubectl describe warehouse w"


@pytest.mark.parametrize(
    ("base", "warehouses", "problem", "words"),
    [
        # nobody watches it
        (BY_REFERENCE, (), (Waiting, "WarehouseNotReady"), MADE),
        # only another tag is watched
        (BY_REFERENCE, (warehouse("w", tag="3.13"),), (Waiting, "WarehouseNotReady"), MADE),
        # only another namespace watches it
        (BY_REFERENCE, (warehouse("w", namespace="other"),), (Waiting, "WarehouseNotReady"), MADE),
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
    assert isinstance(found, UnknownBase)
    assert (type(found.problem), found.problem.reason) == problem
    assert words in found.problem.message


def test_two_warehouses_that_agree_are_as_good_as_one() -> None:
    """A second one that was made by mistake, or by another team, stops nobody."""
    assert look(BY_REFERENCE, warehouse("b"), warehouse("a")) == KnownBase(BASE, NEW, "a")


def test_one_of_two_warehouses_that_has_looked_is_enough() -> None:
    """The other one has nothing to contradict it with."""
    assert look(BY_REFERENCE, warehouse("a", found=None), warehouse("b")) == KnownBase(BASE, NEW, "b")


def test_who_builds_the_base_tells_its_digest() -> None:
    """A build of this namespace is known before a registry is asked, whatever a Warehouse still says."""
    found = look(BY_REFERENCE, producer("python"), warehouse("w", found=OLD))
    assert found == KnownBase(BASE, NEW, producer="python")
    assert found.teller == "ManagedImage python"


def test_base_that_is_named_by_its_warehouse_is_what_the_warehouse_says() -> None:
    """Whoever names a Warehouse wants its word."""
    found = look(BY_NAME, producer("builder"), warehouse("python", found=OLD))
    assert found == KnownBase(BASE, OLD, "python")


@pytest.mark.parametrize(
    ("sentence", "view"),
    [
        ("of another namespace", producer("python", namespace="other")),
        ("that is only tracked", producer("python", role="Base")),
        ("that keeps another tag", producer("python", BASE + ".1")),
        ("of the image itself", producer("api")),
    ],
)
def test_other_images_do_not_tell_the_base(sentence: str, view: ManagedImageView) -> None:
    """The Warehouse of the namespace does."""
    assert look(BY_REFERENCE, view, warehouse("w")) == KnownBase(BASE, NEW, "w"), sentence


def test_base_that_is_not_built_yet_is_waited_for() -> None:
    """What a Warehouse finds under the tag is not what its ManagedImage will put there."""
    found = look(BY_REFERENCE, producer("python", digest=None), warehouse("w"))
    assert isinstance(found, UnknownBase)
    assert (found.problem.reason, found.reference) == ("BaseNotBuilt", BASE)
    assert "ManagedImage python" in found.problem.message


def test_warehouse_that_a_user_made_counts_before_one_that_was_made_for_bases() -> None:
    """The latter goes as soon as the former is there, and until then may be a day behind."""
    views = (warehouse("a", automatic=True, found=OLD), warehouse("z"))
    assert look(BY_REFERENCE, *views) == KnownBase(BASE, NEW, "z")
    assert [view.key.name for view in watchers_of("shop", BASE, stored(*views))] == ["z"]
    assert look(BY_REFERENCE, views[0]) == KnownBase(BASE, OLD, "a")


TRACKED: dict[str, Any] = {"role": "External", "image": {"repository": REPOSITORY, "tag": "3.12"}}


@pytest.mark.parametrize(
    "image",
    [
        {"repository": REPOSITORY, "tag": "3.12"},
        {"repository": REPOSITORY, "tag": "1-{build}", "floatingTags": ["3.12", "latest"]},
    ],
)
def test_tracked_image_is_what_its_tag_points_to(image: dict[str, Any]) -> None:
    """Its own tag, or the first floating one of an image that was built here before."""
    spec = {**TRACKED, "image": image}
    found = find_tracked(ManagedImage.model_validate(body(**spec)), stored(warehouse("w")))
    assert found == KnownBase(BASE, NEW, "w")


def test_who_builds_comes_first_then_who_has_built_or_has_an_image_then_the_oldest() -> None:
    """The order in which several that name one tag have a right to it."""
    views = [
        producer("tracks", role="Base", created="2020-01-01T00:00:00Z"),
        producer("young", created="2026-03-01T00:00:00Z"),
        producer("old", created="2026-02-01T00:00:00Z"),
        producer("oldest", digest=None, created="2021-01-01T00:00:00Z"),
        producer("unproven", build=None, created="2021-02-01T00:00:00Z"),
    ]
    found = producers_of("shop", BASE, stored(*views))
    assert [view.key.name for view in found] == ["old", "young", "unproven", "oldest", "tracks"]


@pytest.mark.parametrize(
    ("sentence", "mine", "other", "rival"),
    [
        ("nobody else builds the tag", {}, {"reference": BASE + ".1"}, False),
        ("the other only tracks it", {"digest": None}, {"role": "External"}, False),
        ("the other has built it", {"digest": None}, {"created": "2026-09-01T00:00:00Z"}, True),
        ("only we have built it", {}, {"digest": None, "created": "2020-01-01T00:00:00Z"}, False),
        ("both have, and the other is older", {}, {"created": "2025-01-01T00:00:00Z"}, True),
        (
            "neither has, and we are older",
            {"digest": None},
            {"digest": None, "created": "2027-01-01T00:00:00Z"},
            False,
        ),
    ],
)
@pytest.mark.parametrize("namespace", ["shop", "elsewhere"])
def test_one_tag_has_one_builder(
    sentence: str, mine: dict[str, Any], other: dict[str, Any], rival: bool, namespace: str
) -> None:
    """In all namespaces: the registry does not know them."""
    store = stored(producer("api", **mine), producer("other", namespace=namespace, **other))
    found = find_rival(ManagedImage.model_validate(body()), store)
    assert (found is not None) is rival, sentence


def test_builders_of_one_repository_may_have_templates_of_their_own() -> None:
    """1.4 and 1.5 are kept side by side; only the same template or floating tag is one too many."""

    def view(name: str, tag: str, created: str) -> ManagedImageView:
        made = body(image={"repository": REPOSITORY, "tag": tag})
        made["metadata"] |= {"name": name, "uid": name, "creationTimestamp": created}
        return ManagedImageView.from_body(made)

    older = view("older", "1.4-{build}", "2020-01-01T00:00:00Z")
    for tag, rival in (("1.4-{build}", True), ("1.5-{build}", False)):
        found = find_rival(
            ManagedImage.model_validate(body()), stored(older, view("api", tag, "2026-01-01T00:00:00Z"))
        )
        assert (found is not None) is rival
