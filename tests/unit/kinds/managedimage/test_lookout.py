from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.kinds.managedimage.facts import KnownBase
from slipway.kinds.managedimage.lookout import Lookout
from slipway.kinds.managedimage.pending import way_to_pending
from slipway.kinds.managedimage.view import managed_image_key
from tests.unit.kinds.managedimage.views import standing_on, tag_of, warehouse
from tests.unit.kinds.managedimage.world import NEW, NEWER

TOP = managed_image_key("shop", "top")
MIDDLE = KnownBase(tag_of("middle"), NEW, producer="middle", has_builder=True, is_busy=True)
LEFT = replace(MIDDLE, reference=tag_of("left"), producer="left")


class World:
    """An image that stands on `left` and on `middle`, which stands on `right`; all are built here."""

    def __init__(self, **phases: str) -> None:
        self.store = Store()
        self.woken: list[Key] = []
        self.version = 0
        self.lookout = Lookout(self.store, self.woken.append)
        for name, base in (("left", ()), ("right", ()), ("middle", ("right",))):
            self.put(name, *base, phase=phases.get(name, "Current"))

    def put(self, name: str, *bases: str, **more: Any) -> None:
        self.version += 1
        self.store.put(standing_on(name, *bases, version=self.version, **more))

    def remove(self, name: str, namespace: str = "shop") -> None:
        self.version += 1
        key = managed_image_key(namespace, name)
        self.store.remove(key, f"{namespace}/{name}", self.version)


@pytest.mark.parametrize(
    ("sentence", "end"),
    [
        ("it fails", {"phase": "Failed"}),
        ("nothing is to be built any more", {"phase": "Current"}),
        ("it is suspended", {"phase": "Suspended", "suspend": True}),
        ("it waits for a person", {"phase": "Outdated"}),
        ("it becomes one that is only tracked", {"phase": "Current", "role": "External"}),
    ],
)
def test_end_of_a_build_further_below_wakes_who_waits(sentence: str, end: dict[str, Any]) -> None:
    """The image in between stays as it is, so that nothing else would tell."""
    world = World(right="Building")
    world.lookout.wait(TOP, (MIDDLE,))
    world.put("right", **end)
    assert world.woken == [TOP], sentence
    world.put("right", phase="Building")
    world.put("right", phase="Failed")
    assert world.woken == [TOP], "it waits no more"


def test_deletion_of_an_image_further_below_wakes_who_waits() -> None:
    """What it would have come to will never be."""
    world = World(right="Queued")
    world.lookout.wait(TOP, (MIDDLE,))
    world.remove("right")
    assert world.woken == [TOP]


def test_image_in_between_that_is_suspended_wakes_who_waits() -> None:
    """Whatever is built below it: it will not follow."""
    world = World(right="Building")
    world.lookout.wait(TOP, (MIDDLE,))
    world.put("middle", "right", suspend=True)
    assert world.woken == [TOP]


def test_build_that_ends_well_is_waited_on_with() -> None:
    """The image in between is next, and only its own end is that of the wait."""
    world = World(right="Waiting")
    world.lookout.wait(TOP, (MIDDLE,))
    for phase in ("Queued", "Building"):
        world.put("right", phase=phase)
    world.put("right", built=(NEWER, NEW))
    world.put("middle", "right", phase="Building")
    assert world.woken == []
    world.put("middle", "right", phase="Failed")
    assert world.woken == [TOP]


def test_all_bases_are_waited_for() -> None:
    """One of them that comes to nothing is not the end of the wait."""
    world = World(right="Building", left="Building")
    world.lookout.wait(TOP, (MIDDLE, LEFT))
    world.put("right", phase="Failed")
    assert world.woken == []
    world.put("left", phase="Failed")
    assert world.woken == [TOP]


def test_wait_that_ended_before_it_was_noted_wakes_at_once() -> None:
    """A run takes its time, and what it read may be another by its end."""
    world = World()
    world.lookout.wait(TOP, (MIDDLE,))
    assert world.woken == [TOP]


def test_image_that_waits_no_more_is_left_alone() -> None:
    """It has been built, or is gone."""
    world = World(right="Building")
    world.lookout.wait(TOP, (MIDDLE,))
    world.lookout.wait(TOP, ())
    world.put("right", phase="Failed")
    assert world.woken == []


def test_wait_for_another_namespace_ends_as_any_other() -> None:
    """With the build of the one that is proven to keep the tag."""
    world = World()
    world.put("python", namespace="other", phase="Building")
    base = KnownBase(tag_of("python"), NEW, "python", has_builder=True, is_busy=True)
    world.lookout.wait(TOP, (base,))
    world.put("python", namespace="other", phase="Failed")
    assert world.woken == [TOP]


def test_circle_of_namespaces_holds_nobody_up_once_nothing_moves() -> None:
    """Each stands on the other, by Warehouses."""
    world = World()
    for name, below, namespace in (("one", "two", "shop"), ("two", "one", "other")):
        repository, _, tag = tag_of(below).rpartition(":")
        world.store.put(warehouse(below, repository, tag=tag, namespace=namespace))
        world.put(name, below, namespace=namespace)
    world.put("two", "one", namespace="other", phase="Building")
    world.lookout.wait(TOP, (KnownBase(tag_of("one"), NEW, producer="one", is_busy=True),))
    assert world.woken == []
    world.put("two", "one", namespace="other", phase="Failed")
    assert world.woken == [TOP]


PHASES = st.sampled_from(["Current", "Waiting", "Building", "Failed", "Suspended"])
NAMES = st.sampled_from(["left", "right", "middle"])
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.tuples(PHASES, st.booleans())), max_size=20)


@given(CHANGES)
def test_who_waits_is_woken_exactly_when_nothing_is_to_be_waited_for(
    changes: list[tuple[str, tuple[str, bool] | None]],
) -> None:
    """After each change it is known of every wait whether it goes on."""
    world = World(right="Building", left="Building")
    world.lookout.wait(TOP, (MIDDLE, LEFT))
    for name, change in changes:
        if change is None:
            world.remove(name)
        else:
            phase, is_built = change
            bases = ("right",) if name == "middle" else ()
            world.put(name, *bases, phase=phase, built=(NEWER, NEW) if is_built else (NEW,))
        goes_on = any(way_to_pending(TOP, base, world.store) for base in (MIDDLE, LEFT))
        assert bool(world.woken) is not goes_on
        if world.woken:
            return
