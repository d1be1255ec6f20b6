from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.engine.outcome import Waiting
from slipway.engine.reconcile import Observed
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.departure import Unheld
from slipway.kinds.managedimage.facts import BeginAction
from slipway.kinds.managedimage.waiting import awaited
from tests.unit.kinds.managedimage.sources import base, built, facts
from tests.unit.kinds.managedimage.world import NEW, NEWER, NOW, OLD

OTHER = "registry.example.com/base/tools:1"
WINDOW = timedelta(minutes=30)


def diamond(**other: Any) -> Any:
    """An image of two bases, one of which has moved."""
    return facts(built(base(NEW), base(OLD, OTHER)), base(NEWER), base(OLD, OTHER, **other))


@pytest.mark.parametrize(
    ("sentence", "other", "waits"),
    [
        ("from elsewhere, it may move too", {}, True),
        ("somebody builds it", {"has_builder": True, "is_busy": True}, True),
        ("somebody builds it, and not now", {"has_builder": True}, False),
    ],
)
def test_base_is_waited_for_as_its_next_move_can_be_foreseen(
    sentence: str, other: dict[str, Any], *, waits: bool
) -> None:
    """Whether its builder is of this namespace or another: the window ends it at the latest."""
    plan = decide(diamond(**other), NOW)
    assert isinstance(plan.actions, BeginAction) is not waits, sentence
    if waits:
        assert isinstance(plan.outcome, Waiting)
        assert plan.outcome.until == WINDOW
        assert plan.status["rebuild"]["blockedBy"] == [OTHER]
    later = decide(replace(diamond(**other), image=with_status(plan.status)), NOW + WINDOW)
    assert isinstance(later.actions, BeginAction)


def with_status(status: Any) -> Any:
    return facts(status).image


def test_only_bases_that_are_built_now_are_awaited() -> None:
    """What comes from elsewhere tells of itself, or does not: the end of the window is all there is."""
    read = diamond(has_builder=True, is_busy=True)
    waiting = decide(read, NOW)
    assert [one.reference for one in awaited(read, waiting)] == [OTHER]
    assert awaited(diamond(), decide(diamond(), NOW)) == ()


def test_image_that_waits_for_something_else_awaits_nobody() -> None:
    """Nor does one that is being held or let go."""
    read = diamond(has_builder=True, is_busy=True)
    suspended = replace(read, image=facts(suspend=True).image)
    plan = decide(suspended, NOW)
    assert awaited(suspended, plan) == ()
    observed: Observed = read.observed
    assert awaited(Unheld(observed, ()), decide(read, NOW)) == ()
