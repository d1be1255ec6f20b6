from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slipway.engine.key import Key
from slipway.engine.store import Store
from slipway.kinds.managedimage.facts import Position
from slipway.kinds.managedimage.graph import Neighbourhood
from slipway.kinds.managedimage.view import KIND, ManagedImageView

HOST = "registry.example.com"


def view(
    name: str,
    *bases: str,
    version: int = 1,
    namespace: str = "shop",
    depth: int | None = None,
    **spec: Any,
) -> ManagedImageView:
    """An image that keeps the tag `latest` of a repository of its own name."""
    image = {"repository": f"{HOST}/{name}", "tag": "1-{build}", "floatingTags": ["latest"]}
    return ManagedImageView.from_body(
        {
            "metadata": {"name": name, "namespace": namespace, "uid": name, "resourceVersion": str(version)},
            "spec": {"image": image, "bases": [{"reference": f"{HOST}/{base}"} for base in bases], **spec},
            "status": {"graph": {"depth": depth}},
        }
    )


class World:
    def __init__(self, *views: ManagedImageView) -> None:
        self.store = Store()
        self.news = 0
        self.neighbourhood = Neighbourhood(self.store, self._hear)
        for one in views:
            self.store.put(one)

    def _hear(self) -> None:
        self.news += 1

    def moved(self) -> set[str]:
        return {key.name for portion in self.neighbourhood.take_moved() for key in portion}

    def position(self, name: str, namespace: str = "shop") -> Position:
        found = self.store.get(Key(KIND, namespace, name))
        assert isinstance(found, ManagedImageView)
        return self.neighbourhood.position(found)


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (3, 2, 1, 0), (2, 0, 3, 1)])
def test_diamond_is_known_in_whatever_order_its_images_come(order: tuple[int, ...]) -> None:
    """Depth counts images, by the longest way; dependents those that stand on it directly."""
    views = [
        view("root", "external"),
        view("left", "root"),
        view("right", "root"),
        view("top", "left", "right"),
    ]
    world = World(*(views[number] for number in order))
    found = {name: world.position(name) for name in ("root", "left", "right", "top")}
    assert found == {
        "root": Position(1, 2),
        "left": Position(2, 1),
        "right": Position(2, 1),
        "top": Position(3, 0),
    }


def test_image_without_a_base_is_at_the_bottom() -> None:
    """From scratch."""
    assert World(view("root")).position("root") == Position(0, 0)


def test_cycle_names_its_images_and_ends_with_any_of_them() -> None:
    """Each stands on the next; who stands on the cycle is in none."""
    world = World(view("a", "b"), view("b", "c"), view("c", "a"), view("above", "a"))
    assert world.position("a").cycle == ("a", "b", "c")
    assert world.position("b").depth is None
    assert world.position("above").cycle == ()
    world.store.put(view("c", "external", version=2))
    assert [world.position(name).cycle for name in "abc"] == [(), (), ()]
    assert world.position("a").depth == 3


def test_image_that_stands_on_its_own_tag_is_a_cycle() -> None:
    """It could never be built."""
    assert World(view("a", "a")).position("a").cycle == ("a",)


def test_other_namespaces_play_no_part() -> None:
    """Nobody there can put an image of ours into a cycle."""
    world = World(view("a", "b"), view("b", "a", namespace="other"))
    assert world.position("a") == Position(1, 0)
    assert world.position("b", "other") == Position(1, 0)


def test_those_whose_position_moved_are_told_of() -> None:
    """And nobody is when an image changes in another way."""
    world = World(view("root", "external"))
    assert world.moved() == {"root"}
    news = world.news
    world.store.put(view("left", "root"))
    assert world.moved() == {"root", "left"}
    assert world.news == news + 1
    world.store.put(view("left", "root", version=2, suspend=True))
    assert world.news == news + 1
    world.store.remove(Key(KIND, "shop", "left"), "left", 3)
    assert world.moved() == {"root"}
    assert world.position("root").dependents == 0


def test_those_below_are_told_of_once_for_many_changes_and_not_where_they_tell_it_already() -> None:
    """A new depth of the root is that of all that stand on it."""
    world = World(view("root"), view("left", "root"), view("right", "root"), view("top", "left", "right"))
    world.moved()
    world.store.put(view("right", "root", version=2, depth=2))
    for version, base in enumerate(("one", "two", "three"), 2):
        world.store.put(view("root", base, version=version))
    assert world.moved() == {"root", "left", "top"}
    assert world.moved() == set()


def test_what_the_store_knows_already_is_taken_in() -> None:
    """The graph may come after the first list."""
    store = Store()
    store.put(view("root"))
    store.put(view("top", "root"))
    neighbourhood = Neighbourhood(store, lambda: None)
    found = store.get(Key(KIND, "shop", "top"))
    assert isinstance(found, ManagedImageView)
    assert neighbourhood.position(found) == Position(1, 0)


NAMES = st.sampled_from("abcdef")
CHANGES = st.lists(st.tuples(NAMES, st.none() | st.lists(NAMES, max_size=3, unique=True)), max_size=30)


@given(CHANGES)
def test_it_is_the_same_after_any_history(changes: list[tuple[str, list[str] | None]]) -> None:
    """As if only the images that are left had ever come."""
    world, last = World(), dict[str, ManagedImageView]()
    for version, (name, bases) in enumerate(changes, 1):
        if bases is None:
            world.store.remove(Key(KIND, "shop", name), name, version)
            last.pop(name, None)
        else:
            last[name] = view(name, *bases, version=version)
            world.store.put(last[name])
    fresh = World(*last.values())
    assert {name: world.position(name) for name in last} == {name: fresh.position(name) for name in last}
