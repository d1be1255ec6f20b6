"""Rollouts that come by themselves and are over at once are told by one status."""

from __future__ import annotations

from datetime import timedelta

import pytest

from slipway.engine.outcome import Waiting
from tests.unit.kinds.deployment.world import World, managed_offer


@pytest.fixture
def world() -> World:
    """An application that is healthy with the first build."""
    made = World(managed_offer(1))
    made.settle()
    assert made.status["phase"] == "Healthy"
    return made


def test_new_image_is_not_told_before_a_moment_has_passed(world: World) -> None:
    """The rollout begins at once; until it has lasted, the status stays, and it is looked at again then."""
    world.offer = managed_offer(2, 1)
    before, writes = dict(world.status), world.writes

    plan = world.reconcile_once()

    assert world.digest == world.offer.newest.digest if world.offer.newest else None
    assert (world.status, plan.events) == (before, ())
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.until == timedelta(seconds=4)
    assert world.writes == writes + 2  # the revision and the workload


def test_rollout_that_is_over_by_then_is_told_with_its_end(world: World) -> None:
    """One status, with both Events."""
    world.offer = managed_offer(2, 1)
    world.reconcile_once()
    world.pass_time(1)
    world.roll_out()

    plan = world.reconcile_once()

    assert [event.reason for event in plan.events] == ["RevisionCreated", "RolloutCompleted"]
    newest = world.status["history"][0]
    assert (newest["revision"], newest["outcome"]) == (2, "Promoted")
    assert newest["startedAt"] < newest["finishedAt"]


def test_rollout_that_lasts_is_told_while_it_does(world: World) -> None:
    """After the moment it is Progressing, as any other."""
    world.offer = managed_offer(2, 1)
    world.reconcile_once()
    world.pass_time(4)

    world.reconcile_once()

    assert world.status["phase"] == "Progressing"
    assert "outcome" not in world.status["history"][0]


def test_what_a_person_changed_is_told_at_once(world: World) -> None:
    """They look at it now."""
    world.change(args=["--verbose"])

    plan = world.reconcile_once()

    assert not plan.keeps_status
    assert world.status["phase"] == "Progressing"


def test_trouble_is_told_at_once(world: World) -> None:
    """Pods that cannot be created are no rollout that takes its time."""
    world.offer = managed_offer(2, 1)
    world.reconcile_once()
    world.get_stuck()

    world.reconcile_once()

    assert world.status["phase"] == "Degraded"


def test_second_image_in_the_same_moment_loses_no_history(world: World) -> None:
    """What was begun and not told yet is recorded before the next one takes its place."""
    world.offer = managed_offer(2, 1)
    world.reconcile_once()
    world.offer = managed_offer(3, 2, 1)

    world.settle()

    assert [entry["revision"] for entry in world.status["history"]] == [3, 2, 1]
    assert [entry["outcome"] for entry in world.status["history"]] == ["Promoted", "Superseded", "Promoted"]
