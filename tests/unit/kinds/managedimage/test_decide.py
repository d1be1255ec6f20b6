"""What is decided about a ManagedImage, by tables of situations."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.engine.outcome import EventNote, Settled, Stalled, Waiting
from slipway.engine.requests import Request
from slipway.kinds.managedimage.decide import decide, needs_registry
from slipway.kinds.managedimage.facts import PromoteAction, RebaseAction, Source
from slipway.kinds.managedimage.words import REBUILD
from tests.unit.kinds.managedimage.world import (
    ASKED,
    BASE,
    MANUAL,
    NEW,
    NEWER,
    NOW,
    OLD,
    REPOSITORY,
    SOURCE,
    STANDING_ON_OLD,
    build,
    built_on,
    digest,
    facts,
)


def test_source_build_on_the_newest_base_is_the_image() -> None:
    """Nothing is built while the pipeline's own build stands on the newest base."""
    plan = decide(facts(base=OLD, source=STANDING_ON_OLD), NOW)
    assert isinstance(plan.outcome, Settled)
    assert plan.status["image"]["digest"] == SOURCE
    assert plan.status["bases"][0]["builtDigest"] == OLD
    assert plan.status["phase"] == "Current"
    assert plan.actions is None


def test_moved_base_begins_a_build_that_is_only_recorded() -> None:
    """A build is written down in one run and done in the next, so that a crash forgets neither."""
    plan = decide(facts(built_on(OLD), source=STANDING_ON_OLD), NOW)
    (begun,) = plan.status["builds"]
    assert (begun["number"], begun["phase"], begun["bases"][0]["digest"]) == (1, "Building", NEW)
    assert plan.actions is None
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.until == timedelta(0)
    assert [note.reason for note in plan.events] == ["BuildStarted"]
    assert plan.status["image"]["digest"] == SOURCE


def test_build_under_way_goes_on_with_its_own_digests() -> None:
    """A base that moves during a build changes nothing about that build."""
    status = built_on(OLD, builds=[build(1, "Building", NEW)])
    plan = decide(facts(status, base=NEWER), NOW)
    assert isinstance(plan.actions, RebaseAction)
    assert (plan.actions.base_digest, plan.actions.source_digest, plan.actions.tag) == (
        NEW,
        SOURCE,
        "1.4.0-1",
    )
    assert plan.actions.old_base_digest == OLD


def test_build_under_way_is_finished_although_suspended() -> None:
    """Suspending begins nothing new; what was begun ends."""
    status = built_on(OLD, builds=[build(1, "Building", NEW)])
    assert decide(facts(status, base=None, suspend=True), NOW).actions is not None


def test_suspended_image_settles_and_keeps_what_it_has() -> None:
    """Suspension keeps image, bases and builds."""
    plan = decide(facts(built_on(OLD), base=None, suspend=True), NOW)
    assert isinstance(plan.outcome, Settled)
    assert plan.outcome.reason == "Suspended"
    assert plan.status["image"]["digest"] == SOURCE


def test_failure_is_told_of_the_inputs_that_failed() -> None:
    """Of several failed builds the one of the present base speaks."""
    failed = [
        build(2, "Failed", NEWER, reason="HistoryMissing", message="second"),
        build(1, "Failed", NEW, reason="RunNeedsAllow", message="first"),
    ]
    status = built_on(OLD, builds=failed, rebuild={"tried": [one["key"] for one in failed]})
    plan = decide(facts(status, source=Source(SOURCE, OLD, next_number=3)), NOW)
    assert plan.outcome.reason == "RunNeedsAllow"
    assert "first" in plan.outcome.message


def test_build_that_the_spec_no_longer_asks_for_is_dropped() -> None:
    """Another repository in the spec ends the build under way: its result would go to the wrong place."""
    image = {"repository": "registry.example.com/new/api", "tag": "1.4.0-{build}"}
    status = built_on(OLD, builds=[build(1, "Building", NEW)])
    plan = decide(facts(status, observed_generation=0, image=image), NOW)
    assert plan.actions is None
    assert (plan.status["builds"][0]["phase"], plan.status["builds"][0]["reason"]) == ("Failed", "Superseded")
    assert "rebuild" not in plan.status or not plan.status["rebuild"]["tried"]


def test_build_of_another_repository_is_not_promoted() -> None:
    """What was built into the old repository is no image of the new one."""
    image = {"repository": "registry.example.com/new/api", "tag": "1.4.0-{build}"}
    ended = build(1, "Succeeded", NEW, digest=digest("result"), finishedAt="2026-11-21T08:01:00Z")
    plan = decide(facts(built_on(OLD, builds=[ended]), source=STANDING_ON_OLD, image=image), NOW)
    assert plan.status["builds"][0]["reference"] == "registry.example.com/new/api:1.4.0-1"


def test_base_that_went_back_leaves_no_reason_to_rebuild() -> None:
    """With policy Manual: the base moves and moves back; the image is current, and nothing is due."""
    outdated = decide(facts(built_on(OLD), source=STANDING_ON_OLD, **MANUAL), NOW)
    back = decide(facts({**outdated.status}, base=OLD, source=STANDING_ON_OLD, **MANUAL), NOW)
    assert back.status["phase"] == "Current"
    assert "rebuild" not in back.status
    assert "changedAt" not in back.status["bases"][0]


def test_request_to_look_is_answered_in_every_state() -> None:
    """`slipway.dev/reconcile` gets its entry whatever was found."""
    look = Request("reconcile", NOW)
    for read in (
        facts(built_on(OLD), source=STANDING_ON_OLD, requests=(look,), **MANUAL),
        facts(built_on(OLD), base=Waiting("NoWarehouse", "apply one", None), requests=(look,)),
        facts(built_on(OLD), base=None, suspend=True, requests=(look,)),
    ):
        assert [entry["verb"] for entry in decide(read, NOW).status["handledRequests"]] == ["reconcile"]


def test_person_may_ask_for_a_failed_build_again() -> None:
    """A request repeats what failed, under a new number and a new key."""
    failed = build(1, "Failed", NEW, message="a RUN layer")
    status = built_on(OLD, builds=[failed], rebuild={"tried": [failed["key"]]})
    plan = decide(facts(status, source=Source(SOURCE, OLD, next_number=2), requests=(ASKED,)), NOW)
    begun = plan.status["builds"][0]
    assert begun["number"] == 2
    assert begun["key"] != failed["key"]
    assert plan.status["handledRequests"] == [
        {"verb": REBUILD, "at": "2026-11-21T09:00:00Z", "result": "Started"}
    ]


def test_succeeded_build_is_promoted_not_repeated() -> None:
    """A base that goes back to a digest that was built on needs no new build."""
    ended = build(1, "Succeeded", NEW, digest=digest("result"), finishedAt="2026-11-21T08:01:00Z")
    plan = decide(facts(built_on(OLD, builds=[ended]), source=Source(SOURCE, OLD, next_number=2)), NOW)
    assert plan.status["image"]["digest"] == digest("result")
    assert plan.status["image"]["build"] == 1
    assert isinstance(plan.outcome, Settled)


def test_manual_policy_waits_for_a_person() -> None:
    """With policy Manual the image is Outdated, and the message says what to annotate."""
    plan = decide(facts(built_on(OLD), source=STANDING_ON_OLD, **MANUAL), NOW)
    assert plan.status["phase"] == "Outdated"
    assert isinstance(plan.outcome, Settled)
    assert "slipway.dev/rebuild" in plan.outcome.message
    assert plan.status["rebuild"]["reasons"][0]["type"] == "Base"
    asked = decide(facts(built_on(OLD), source=STANDING_ON_OLD, requests=(ASKED,), **MANUAL), NOW)
    assert asked.status["phase"] == "Building"


def test_outdated_image_does_not_churn() -> None:
    """Looking again changes neither status nor message, so an unchanged image writes nothing."""
    first = decide(facts(built_on(OLD), source=STANDING_ON_OLD, **MANUAL), NOW)
    later = NOW + timedelta(hours=1)
    second = decide(facts(dict(first.status), source=STANDING_ON_OLD, **MANUAL), later)
    assert (second.status, second.outcome) == (first.status, first.outcome)


def test_missing_warehouse_keeps_the_image() -> None:
    """Without a Warehouse the image waits, and nothing that was built is lost."""
    problem = Waiting("NoWarehouse", "apply one", None)
    plan = decide(facts(built_on(OLD), base=problem), NOW)
    assert plan.outcome == problem
    assert plan.status["image"]["digest"] == SOURCE
    assert plan.status["phase"] == "Waiting"


@pytest.mark.parametrize(
    ("sentence", "status", "base", "requests", "wanted"),
    [
        ("a new object", {}, OLD, (), True),
        ("an outdated one", {**built_on(OLD), "phase": "Outdated"}, OLD, (), True),
        ("a settled one", built_on(OLD), OLD, (), False),
        ("a settled one that lost its image", {**built_on(OLD), "image": None}, OLD, (), True),
        ("a base that moved", built_on(OLD), NEW, (), True),
        ("a request", built_on(OLD), OLD, (ASKED,), True),
        ("a build under way", built_on(OLD, builds=[build(1, "Building", NEW)]), NEW, (), False),
        ("no base", built_on(OLD), Waiting("NoWarehouse", "", None), (), False),
    ],
)
def test_registry_is_asked_only_when_something_depends_on_it(
    sentence: str, status: dict[str, Any], base: Any, requests: tuple[Request, ...], wanted: bool
) -> None:
    """A ManagedImage never polls: the registry is asked when a decision needs it."""
    assert needs_registry(facts(status, base=base, requests=requests)) is wanted, sentence


def test_unreadable_request_is_told_as_an_event() -> None:
    """A request annotation with a typo is answered by an Event, not by silence."""
    note = EventNote("InvalidRequest", "Annotation slipway.dev/rebuild: no time", "Warning")
    assert note in decide(replace(facts(built_on(OLD), base=OLD), complaints=(note,)), NOW).events


def test_unreadable_request_is_told_while_a_build_is_under_way_too() -> None:
    """It is told once, so a run that keeps it to itself would keep it for good."""
    note = EventNote("InvalidRequest", "Annotation slipway.dev/rebuild: no time", "Warning")
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    assert decide(replace(read, complaints=(note,)), NOW).events == (note,)


BUILT = build(1, "Succeeded", NEW, digest=digest("result"), finishedAt="2026-11-21T08:01:00Z")
SECOND = build(2, "Succeeded", NEWER, digest=digest("second"), finishedAt="2026-11-21T08:02:00Z")
FLOATING: dict[str, Any] = {
    "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}", "floatingTags": ["latest", "1.4"]}
}


@pytest.mark.parametrize(
    ("sentence", "stands_on", "base", "action"),
    [
        ("an earlier build", NEWER, NEW, PromoteAction(digest("result"), 1, ("latest", "1.4"))),
        ("the source build", NEW, OLD, PromoteAction(SOURCE, None, ("latest", "1.4"))),
    ],
)
def test_promotion_is_announced_then_done_then_recorded(
    sentence: str, stands_on: str, base: str, action: PromoteAction
) -> None:
    """Killed at any point, the next run sees that tags may have moved, even if the base has gone back."""
    offered = {"reference": f"{REPOSITORY}:1.4.0-2", "digest": digest("second"), "build": 2}
    settled = built_on(stands_on, image=offered, builds=[SECOND, BUILT])
    source = Source(SOURCE, OLD, 3)

    announced = decide(facts(settled, base=base, source=source, **FLOATING), NOW)
    assert (announced.actions, announced.status["phase"]) == (None, "Building"), sentence
    assert announced.status["image"] == offered
    assert isinstance(announced.outcome, Waiting)
    assert announced.outcome.until == timedelta(0)
    assert needs_registry(facts(dict(announced.status), base=stands_on, **FLOATING))

    promoted = decide(facts(dict(announced.status), base=base, source=source, **FLOATING), NOW)
    assert promoted.actions == action
    assert (promoted.status["phase"], promoted.status["image"]["digest"]) == ("Current", action.digest)


def test_floating_tags_of_a_settled_image_are_seen_to_without_ado() -> None:
    """They point at what the status names already, or should, so there is nothing to announce."""
    read = facts(built_on(OLD), base=OLD, source=STANDING_ON_OLD, requests=(ASKED,), **FLOATING)
    assert decide(read, NOW).actions == PromoteAction(SOURCE, None, ("latest", "1.4"))


def test_settled_image_asks_nothing_of_the_registry() -> None:
    """Floating tags are seen to when something is decided, not at every look."""
    status = built_on(NEW, builds=[BUILT])
    assert decide(facts(status, base=NEW, **FLOATING), NOW).actions is None


def test_floating_tag_that_is_the_tag_of_a_build_is_refused() -> None:
    """It would overwrite that build; the schema cannot see it."""
    image = {"repository": REPOSITORY, "tag": "1.4.0-{build}", "floatingTags": ["latest", "1.4.0-7"]}
    for status in ({}, built_on(OLD, builds=[build(1, "Building", NEW)])):
        plan = decide(facts(status, source=STANDING_ON_OLD, image=image), NOW)
        assert isinstance(plan.outcome, Stalled)
        assert plan.outcome.reason == "InvalidSpec"
        assert "1.4.0-7" in plan.outcome.message
        assert plan.actions is None


def test_build_that_came_to_nothing_is_taken_up_again_under_its_number() -> None:
    """Attempts live under one build: its inputs are the same, and so is its key."""
    given_up = build(
        1, "Failed", NEW, reason="Superseded", message="given up", finishedAt="2026-11-21T08:01:00Z"
    )
    status = built_on(OLD, builds=[build(2, "Succeeded", NEWER, digest=digest("other")), given_up])
    plan = decide(facts(status, source=Source(SOURCE, OLD, next_number=3)), NOW)
    newest, again = plan.status["builds"]
    assert (newest["number"], again["number"], again["phase"]) == (2, 1, "Building")
    assert again["key"] == given_up["key"]
    assert again["reference"] == f"{REPOSITORY}:1.4.0-1"
    assert not {"finishedAt", "reason", "message"} & set(again)


def test_given_up_build_does_not_speak_for_the_one_that_failed() -> None:
    """What is told of inputs that failed is why they failed, not why a later attempt was given up."""
    failed = build(1, "Failed", NEW, reason="RunNeedsAllow", message="a RUN layer")
    given_up = build(2, "Failed", NEW, key="another", reason="Superseded", message="given up")
    status = built_on(OLD, builds=[given_up, failed], rebuild={"tried": [failed["key"]]})
    plan = decide(facts(status, source=Source(SOURCE, OLD, next_number=3)), NOW)
    assert plan.outcome.reason == "RunNeedsAllow"
    assert "a RUN layer" in plan.outcome.message


def test_build_that_a_person_asked_for_outlives_an_edit_that_does_not_concern_it() -> None:
    """The request is answered by then, so dropping the build would drop the request."""
    failed = build(1, "Failed", NEW, message="a RUN layer")
    status = built_on(OLD, builds=[failed], rebuild={"tried": [failed["key"]]})
    begun = decide(facts(status, source=Source(SOURCE, OLD, next_number=2), requests=(ASKED,)), NOW)
    edited = decide(facts(dict(begun.status), observed_generation=0, **FLOATING), NOW)
    assert isinstance(edited.actions, RebaseAction)
    assert edited.actions.tag == "1.4.0-2"


def test_source_build_is_looked_at_anew_for_another_base() -> None:
    """Which base it stands on was found among the digests of the former base."""
    elsewhere = {**built_on(OLD), "phase": "Waiting"}
    elsewhere["bases"] = [{**elsewhere["bases"][0], "reference": "registry.example.com/base/debian:12"}]
    waiting = decide(facts(elsewhere, source=Waiting("RegistryUnreachable", "down", None)), NOW)
    assert "source" not in waiting.status
    assert waiting.status["bases"][0]["reference"] == BASE
    assert decide(facts(built_on(OLD), source=Waiting("Timeout", "", None)), NOW).status["source"]
