"""What goes wrong at which request."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from dev.api import resource_path
from dev.fault_proxy import Call
from dev.story.disturbances import (
    AnswersLost,
    Disturbance,
    EventsDoubled,
    EventsSwallowed,
    KilledAfterWrites,
    KilledBeforeWrites,
)

JOBS = resource_path("batch/v1", "jobs", "shop")
STATUS = resource_path("slipway.dev/v1alpha1", "managedimages", "shop", "api") + "/status"
CREATE, APPLY, DELETE = Call("POST", JOBS), Call("PATCH", STATUS), Call("DELETE", f"{JOBS}/api-1")
NO_STEPS = [
    Call("GET", JOBS),
    Call("POST", resource_path("batch/v1", "jobs", "other")),
    Call("POST", resource_path("events.k8s.io/v1", "events", "shop")),
    Call("PATCH", resource_path("coordination.k8s.io/v1", "leases", "shop", "slipway")),
]


@dataclass
class Victim:
    """Notes what is done to it."""

    fate: list[str] = field(default_factory=list)

    def kill(self) -> None:
        """SIGKILL."""
        self.fate.append("killed")

    def start(self) -> None:
        """Start it anew."""
        self.fate.append("started")


def test_each_write_meets_a_kill_before_it_arrives() -> None:
    """Once: the operator that comes after gets it through, and meets the next kill at the next write."""
    victim = Victim()
    disturbance = KilledBeforeWrites("shop", victim)

    arrived = [disturbance.arrives(call) for call in (CREATE, APPLY, CREATE, APPLY, APPLY, CREATE)]

    assert arrived == [False, False, True, True, False, False]
    assert victim.fate == ["killed", "started"] * 4
    assert disturbance.strikes == 4


def test_each_write_that_was_carried_out_ends_with_a_kill() -> None:
    """One that was refused changed nothing, and its answer comes."""
    victim = Victim()
    disturbance = KilledAfterWrites("shop", victim)

    answered = [disturbance.is_answered(CREATE, code) for code in (201, 409)]

    assert answered == [False, True]
    assert victim.fate == ["killed", "started"]
    assert (disturbance.strikes, disturbance.writes) == (1, 1)


def test_answers_are_lost_of_what_was_carried_out() -> None:
    """What was refused is told, and so is what is sent again: each write loses one answer."""
    disturbance = AnswersLost("shop")

    answered = [disturbance.is_answered(APPLY, code) for code in (409, 200, 409, 200, 200, 200)]

    assert answered == [True, False, True, False, True, False]
    assert disturbance.strikes == 3


@pytest.mark.parametrize("call", NO_STEPS, ids=str)
def test_what_is_no_step_of_the_story_passes(call: Call) -> None:
    """Reads, Events, the Lease, and other namespaces."""
    victim = Victim()
    for disturbance in (KilledBeforeWrites("shop", victim), KilledAfterWrites("shop", victim)):
        assert disturbance.arrives(call)
        assert disturbance.is_answered(call, 200)
        assert disturbance.writes == 0
    assert victim.fate == []


def test_what_was_made_and_deleted_is_counted() -> None:
    """By the answers: an apply may make something too, and what was refused does not count."""
    disturbance = Disturbance("shop")
    for call, code in (
        (CREATE, 201),
        (CREATE, 409),
        (APPLY, 200),
        (APPLY, 201),
        (DELETE, 200),
        (DELETE, 404),
    ):
        assert disturbance.is_answered(call, code)

    assert disturbance.effects == {"jobs made": 1, "managedimages made": 1, "jobs deleted": 1}


def test_events_come_twice_or_every_second_one_does_not() -> None:
    """Those of other namespaces are not swallowed; a bookmark has none."""
    event = {"type": "MODIFIED", "object": {"metadata": {"namespace": "shop"}}}
    bookmark = {"type": "BOOKMARK", "object": {"metadata": {}}}
    watch = Call("GET", f"{JOBS}?watch=true")
    swallowed = EventsSwallowed("shop")

    assert EventsDoubled("shop").events(watch, event) == 2
    assert [swallowed.events(watch, one) for one in (event, bookmark, event, bookmark, event)] == [
        1,
        1,
        0,
        1,
        1,
    ]
