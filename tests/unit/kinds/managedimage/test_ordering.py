"""Turns: held exactly while a build is under way, whatever goes wrong."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from slipway.engine.key import Key
from slipway.engine.outcome import Stalled
from slipway.kinds.context import Context
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.dispatches import Dispatches
from slipway.kinds.managedimage.facts import Facts
from slipway.kinds.managedimage.ordering import Orderer
from slipway.kinds.managedimage.situation import ImagePlan
from slipway.kinds.managedimage.view import ManagedImageView
from slipway.kinds.registry.access import AccessProblem
from tests.unit.kinds.managedimage.sources import FAILED, base, began, built, facts, follow
from tests.unit.kinds.managedimage.world import NEW, NEWER, NOW, body, build, built_on

ORDERING = "slipway.kinds.managedimage.ordering"


class World:
    """An orderer with one turn, and what it asks."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, limit: int = 1) -> None:
        self.woken: list[str] = []
        self.views: list[ManagedImageView] = []
        self.problem: Exception | None = None
        context = SimpleNamespace(
            settings=SimpleNamespace(builds=limit),
            clock=SimpleNamespace(now=lambda: NOW),
            children=SimpleNamespace(wake=lambda key: self.woken.append(key.name)),
            store=SimpleNamespace(of_kind=lambda _: tuple(self.views)),
        )
        monkeypatch.setattr(f"{ORDERING}.builder_for", self._builder_for)
        monkeypatch.setattr(f"{ORDERING}.image_client", self._client)
        monkeypatch.setattr(f"{ORDERING}.next_number", self._next_number)
        self.is_registry_down = False
        self.orderer = Orderer(cast("Context", context), Dispatches())

    async def _builder_for(self, *_: Any) -> Any:
        if self.problem is not None:
            raise self.problem

    async def _client(self, *_: Any) -> Any:
        if self.is_registry_down:
            msg = "down"
            raise ConnectionError(msg)

    async def _next_number(self, *_: Any) -> int:
        return 1

    def run(self, read: Facts, plan: ImagePlan | None = None) -> ImagePlan:
        return asyncio.run(self.orderer.apply(read, plan or decide(read, NOW)))


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def named(name: str, read: Facts | None = None) -> Facts:
    """The same facts of another image."""
    found = read or facts()
    return replace(found, observed=replace(found.observed, key=key_of(name)))


def key_of(name: str) -> Key:
    return Key("managedimages.slipway.dev", "shop", name)


def view_of(name: str, status: dict[str, Any]) -> ManagedImageView:
    document = body(status)
    document["metadata"]["name"] = name
    return ManagedImageView.from_body(document)


def test_turn_is_given_with_a_number_and_kept_until_the_build_ends(world: World) -> None:
    """The next one waits, and is woken by the end."""
    begun = world.run(named("one"))
    assert begun.status["phase"] == "Building"
    assert world.run(named("two")).status["phase"] == "Queued"
    assert world.woken == []
    world.run(named("one"), follow(dict(begun.status), FAILED))
    assert world.woken == ["two"]
    assert world.run(named("two")).status["phase"] == "Building"


def test_what_was_under_way_before_a_restart_has_its_turn_first(world: World) -> None:
    """Nobody is given a turn before those that the store tells of have theirs."""
    world.views = [view_of("one", began(facts()))]
    assert world.run(named("two")).status["phase"] == "Queued"


def test_rebases_take_no_turn(world: World) -> None:
    """They have a limit of their own."""
    status = built_on(NEW, builds=[build(1, "Building", NEW)])
    read = named("one", replace(facts(), image=facts(status).image))
    world.run(read, replace(decide(facts(), NOW), status=status, actions=None))
    assert world.run(named("two")).status["phase"] == "Building"


@pytest.mark.parametrize("end", ["deleted", "current", "suspended"])
def test_queued_image_that_wants_no_build_any_more_stands_in_nobodys_way(world: World, end: str) -> None:
    """Its place in the line goes with the wish, and whoever is next is woken."""
    begun = world.run(named("one"))
    world.run(named("two"))
    world.run(named("zoo"))
    if end == "deleted":
        world.orderer.forget(key_of("two"))
    else:
        world.run(named("two", facts(suspend=True) if end == "suspended" else facts(built())))
    world.run(named("one"), follow(dict(begun.status), FAILED))
    assert world.woken == ["zoo"]


def test_run_that_breaks_off_gives_back_what_it_was_given(world: World) -> None:
    """The registry does not answer when the number is asked for: others go first."""
    world.is_registry_down = True
    with pytest.raises(ConnectionError):
        world.run(named("one"))
    world.is_registry_down = False
    assert world.run(named("two")).status["phase"] == "Building"


def test_image_that_cannot_be_read_stands_in_nobodys_way(world: World) -> None:
    """It would be the first in the line for ever, and never ask."""
    begun = world.run(named("one"))
    world.run(named("two"))
    world.run(named("zoo"))
    world.run(named("one"), follow(dict(begun.status), FAILED))
    assert world.woken == ["two"]
    world.orderer.stand_back(key_of("two"))
    assert world.woken == ["two", "zoo"]


def test_image_that_cannot_be_read_keeps_the_turn_of_its_build(world: World) -> None:
    """The build goes on, whether we can read of it or not."""
    world.run(named("one"))
    world.orderer.stand_back(key_of("one"))
    assert world.run(named("two")).status["phase"] == "Queued"


def test_image_that_nobody_can_build_takes_no_turn(world: World) -> None:
    """It says so, and others build."""
    world.problem = AccessProblem(Stalled("BuilderNotConfigured", "set SLIPWAY_BUILDER_IMAGE"))
    plan = world.run(named("one", facts(built(), base(NEWER))))
    assert plan.outcome.reason == "BuilderNotConfigured"
    assert len(plan.status["builds"]) == 1
    world.problem = None
    assert world.run(named("two")).status["phase"] == "Building"
