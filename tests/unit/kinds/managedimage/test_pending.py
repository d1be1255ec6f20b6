from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import pytest

from slipway.engine.key import Key
from slipway.engine.outcome import Waiting
from slipway.engine.view import View
from slipway.kinds.managedimage.facts import KnownBase, UnknownBase
from slipway.kinds.managedimage.pending import foreseen, way_to_build, way_to_pending
from slipway.kinds.managedimage.view import ManagedImageView, managed_image_key
from slipway.kinds.warehouse.view import WarehouseView
from tests.unit.kinds.managedimage.views import standing_on, stored, tag_of, warehouse
from tests.unit.kinds.managedimage.world import NEW, NEWER, OLD

ME = managed_image_key("shop", "api")
WATCHED = KnownBase(tag_of("python"), NEW, "python")


class Counting:
    """A store that counts who is asked for."""

    def __init__(self, *views: View) -> None:
        self.store, self.asked = stored(*views), 0

    def get(self, key: Key) -> View | None:
        self.asked += 1
        return self.store.get(key)

    def providers(self, topic: Hashable) -> frozenset[Key]:
        return self.store.providers(topic)


def watching(name: str, found: str = NEW, namespace: str = "shop") -> WarehouseView:
    repository, _, tag = tag_of(name).rpartition(":")
    return warehouse(name, repository, tag=tag, found=found, namespace=namespace)


@pytest.mark.parametrize(
    ("sentence", "phases", "way"),
    [
        ("nothing moves in a circle", {}, []),
        ("itself", {"one": "Building"}, ["one"]),
        ("the other one of the circle", {"two": "Queued"}, ["one", "two"]),
        ("one that a member of the circle stands on", {"below": "Waiting"}, ["one", "two", "below"]),
        ("one that will not be built by itself", {"below": "Failed"}, []),
    ],
)
def test_image_is_pending_while_one_below_it_is(
    sentence: str, phases: dict[str, str], way: list[str]
) -> None:
    """Also where images stand on each other in a circle; the way tells whom it hangs on."""
    stands_on = {"one": ["two"], "two": ["one", "below"], "below": []}
    views = {
        name: standing_on(name, *bases, phase=phases.get(name, "Current"))
        for name, bases in stands_on.items()
    }
    found = way_to_build([views["one"]], stored(*views.values()))
    assert [key.name for key in found] == way, sentence


def test_each_image_below_is_looked_at_once_however_many_ways_lead_to_it() -> None:
    """Twenty diamonds on each other have a million ways down."""
    views = []
    for level in range(20):
        below = [f"left{level - 1}", f"right{level - 1}"] if level else []
        views += [standing_on(f"{side}{level}", *below) for side in ("left", "right")]
    store = Counting(*views)
    assert not way_to_build([views[-1]], store)
    assert store.asked < 200


def test_base_that_names_a_digest_never_moves() -> None:
    """Whatever a Warehouse finds under a tag of its repository."""
    pinned = f"{tag_of('python').rpartition(':')[0]}@{NEW}"
    view = standing_on("middle")
    view = ManagedImageView.from_body(
        {
            "metadata": {"name": "middle", "namespace": "shop", "resourceVersion": "1"},
            "spec": {"image": {"repository": "registry.example.com/shop/middle", "tag": "1"}},
            "status": {"bases": [{"reference": pinned, "builtDigest": NEW}]},
        }
    )
    latest = warehouse("python", pinned.partition("@")[0], tag="latest", found=OLD)
    assert way_to_build([view], stored(view, latest)) == ()


# --- who builds what a Warehouse follows


def told(*views: View, base: KnownBase = WATCHED) -> tuple[bool, bool]:
    """Whether the base has a builder, and whether that is about to build."""
    (found,) = foreseen(ME, (base,), stored(*views))
    assert isinstance(found, KnownBase)
    return found.has_builder, found.is_busy


@pytest.mark.parametrize(
    ("sentence", "change", "wanted"),
    [
        ("the registry serves its last build", {}, (True, True)),
        ("it has built another since", {"built": (NEWER, NEW), "phase": "Current"}, (True, True)),
        ("it builds nothing now", {"phase": "Current"}, (True, False)),
        ("it has built nothing", {"built": ()}, (False, False)),
        ("none of its builds is served", {"built": (OLD,)}, (False, False)),
        ("it only tracks the tag", {"role": "External"}, (False, False)),
        ("it keeps another tag", {"name": "other"}, (False, False)),
    ],
)
@pytest.mark.parametrize("namespace", ["other", "shop"])
def test_who_claims_a_tag_counts_where_the_registry_serves_its_builds(
    namespace: str, sentence: str, change: dict[str, Any], wanted: tuple[bool, bool]
) -> None:
    """A stranger may claim what it likes: the base is like any other from elsewhere then."""
    view = standing_on(**{"name": "python", "namespace": namespace, "phase": "Building", **change})
    assert told(view) == wanted, sentence


def test_image_does_not_wait_for_itself() -> None:
    """Which keeps the tag that it stands on: nobody foresees anything."""
    view = standing_on("python", phase="Building")
    (found,) = foreseen(view.key, (WATCHED,), stored(view))
    assert found == WATCHED


def test_source_build_is_no_proof() -> None:
    """Whoever writes a ManagedImage may name any image that exists as its source build."""
    view = ManagedImageView.from_body(
        {
            "metadata": {"name": "python", "namespace": "other", "resourceVersion": "1"},
            "spec": {"image": {"repository": tag_of("python").rpartition(":")[0], "tag": "1"}},
            "status": {"phase": "Building", "image": {"reference": tag_of("python"), "digest": NEW}},
        }
    )
    assert told(view) == (False, False)


def test_base_that_is_not_known_or_names_a_digest_is_foreseen_by_nobody() -> None:
    """There is nothing to wait for."""
    unknown = UnknownBase(tag_of("python"), Waiting("WarehouseNotReady", "", None))
    pinned = KnownBase(f"registry.example.com/shop/python@{NEW}", NEW)
    assert foreseen(ME, (unknown, pinned), stored(standing_on("python", phase="Building"))) == (
        unknown,
        pinned,
    )


@pytest.mark.parametrize(
    ("sentence", "seen_there", "built", "phase", "way"),
    [
        ("it is built in the third one", NEW, (NEW,), "Building", ["middle", "python"]),
        ("its Warehouse is about to look", NEW, (NEWER, NEW), "Current", ["middle", "python"]),
        ("its Warehouse has found it", NEWER, (NEWER, NEW), "Current", ["middle", "python"]),
        ("nothing moves", NEW, (NEW,), "Current", []),
        ("it is not proven", OLD, (NEW,), "Building", ["middle"]),
    ],
)
def test_way_leads_through_namespaces(
    sentence: str, seen_there: str, built: tuple[str, ...], phase: str, way: list[str]
) -> None:
    """One image is built on the other, in three namespaces, and each has a Warehouse for the next."""
    store = stored(
        standing_on("python", namespace="third", built=built, phase=phase),
        watching("python", seen_there, namespace="second"),
        standing_on("middle", "python", namespace="second"),
        watching("middle"),
    )
    base = KnownBase(tag_of("middle"), NEW, "middle")
    assert [key.name for key in way_to_pending(ME, base, store)] == way, sentence
