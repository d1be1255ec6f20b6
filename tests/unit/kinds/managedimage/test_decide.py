"""What is decided about a ManagedImage, by tables of situations."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from slipway.api.managedimage import ManagedImage
from slipway.engine.key import Key
from slipway.engine.outcome import EventNote, Settled, Stalled, Waiting
from slipway.engine.reconcile import Observed
from slipway.engine.requests import Request
from slipway.engine.view import hash_status
from slipway.kinds.managedimage.builds import key_of
from slipway.kinds.managedimage.conclude import conclude, is_overtaken
from slipway.kinds.managedimage.decide import decide, needs_registry
from slipway.kinds.managedimage.facts import Built, Facts, GivenUp, KnownBase, NumberTaken, Refused, Source
from slipway.kinds.managedimage.situation import REBUILD

NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
REPOSITORY = "registry.example.com/shop/api"
BASE = "registry.example.com/base/python:3.12"


def digest(name: str) -> str:
    return "sha256:" + name.encode().hex().ljust(64, "0")


OLD, NEW, NEWER, SOURCE = digest("old"), digest("new"), digest("newer"), digest("source")


def body(status: dict[str, Any] | None = None, *, generation: int = 1, **spec: Any) -> dict[str, Any]:
    build = {"type": "None", "baseChange": "Rebase", "rebase": {"from": {"tag": "1.4.0"}}}
    return {
        "metadata": {
            "name": "api",
            "namespace": "shop",
            "uid": "u1",
            "resourceVersion": "7",
            "generation": generation,
        },
        "spec": {
            "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}"},
            "bases": [{"reference": BASE}],
            "build": build,
            **spec,
        },
        "status": {"observedGeneration": generation, **(status or {})},
    }


def facts(
    status: dict[str, Any] | None = None,
    *,
    base: Any = NEW,
    source: Any = None,
    requests: tuple[Request, ...] = (),
    observed_generation: int = 1,
    **spec: Any,
) -> Facts:
    document = body({**(status or {}), "observedGeneration": observed_generation}, **spec)
    return Facts(
        observed=Observed(
            key=Key("managedimages.slipway.dev", "shop", "api"),
            uid="u1",
            resource_version="7",
            generation=1,
            status=document["status"],
            status_hash=hash_status(document["status"]),
            annotations={},
            created_at=NOW - timedelta(days=1),
        ),
        image=ManagedImage.model_validate(document),
        base=KnownBase(BASE, base, "python-base") if isinstance(base, str) else base,
        source=source,
        requests=requests,
    )


def built_on(base: str, **more: Any) -> dict[str, Any]:
    """The status of an image whose source build stands on a base."""
    return {
        "phase": "Current",
        "image": {"reference": f"{REPOSITORY}:1.4.0", "digest": SOURCE},
        "source": {"digest": SOURCE, "baseDigest": OLD},
        "bases": [{"reference": BASE, "builtDigest": base, "latestDigest": base, "warehouse": "python-base"}],
        **more,
    }


def build(number: int, phase: str, base: str, **more: Any) -> dict[str, Any]:
    key = key_of(REPOSITORY, (BASE, base), SOURCE, allow_run=False)
    return {
        "number": number,
        "key": key,
        "phase": phase,
        "reference": f"{REPOSITORY}:1.4.0-{number}",
        "startedAt": "2026-11-21T08:00:00Z",
        "sourceDigest": SOURCE,
        "baseDigest": base,
        **more,
    }


STANDING_ON_OLD = Source(SOURCE, OLD, next_number=1)
ASKED = Request(REBUILD, NOW)


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
    assert (begun["number"], begun["phase"], begun["baseDigest"]) == (1, "Building", NEW)
    assert plan.actions is None
    assert isinstance(plan.outcome, Waiting)
    assert plan.outcome.until == timedelta(0)
    assert [note.reason for note in plan.events] == ["BaseMoved", "BuildStarted"]
    assert plan.status["image"]["digest"] == SOURCE


def test_build_under_way_goes_on_with_its_own_digests() -> None:
    """A base that moves during a build changes nothing about that build."""
    status = built_on(OLD, builds=[build(1, "Building", NEW)])
    plan = decide(facts(status, base=NEWER), NOW)
    assert plan.actions is not None
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


def test_ended_build_promotes_its_digest() -> None:
    """What was pushed becomes the image, and the build its last word."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    plan = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert plan.status["image"] == {
        "reference": f"{REPOSITORY}:1.4.0-1",
        "digest": digest("result"),
        "createdAt": "2026-11-21T09:00:00Z",
        "build": 1,
    }
    assert plan.status["builds"][0]["phase"] == "Succeeded"
    assert plan.status["bases"][0]["builtDigest"] == NEW


def test_refused_build_is_tried_once() -> None:
    """A refusal is remembered by its key, and stalls with its own reason until a person acts."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    ended = conclude(read, decide(read, NOW), Refused("RunNeedsAllow", "a RUN layer"), NOW)
    source = Source(SOURCE, OLD, next_number=2)
    plan = decide(facts({**ended.status}, source=source), NOW)
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == "RunNeedsAllow"
    assert "a RUN layer" in plan.outcome.message
    assert plan.status["phase"] == "Failed"
    again = decide(facts({**plan.status}, source=source), NOW + timedelta(hours=1))
    assert (again.status, again.outcome) == (plan.status, plan.outcome)


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


def test_spec_changed_during_a_build_is_looked_at() -> None:
    """A build that ends under a newer spec is kept, and what the spec wants now is decided anew."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]), observed_generation=0)
    plan = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert isinstance(plan.outcome, Waiting)
    assert needs_registry(facts({**plan.status}, base=NEW))


def test_base_that_moved_during_a_build_is_not_called_newest() -> None:
    """A build that ends on a base that has moved on meanwhile is kept, but not called current."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]), base=NEWER)
    plan = conclude(read, decide(read, NOW), Built(digest("result")), NOW)
    assert plan.status["phase"] == "Building"
    assert plan.status["image"]["digest"] == digest("result")
    assert plan.status["bases"][0]["latestDigest"] == NEWER


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


def test_build_that_cannot_go_on_makes_way_for_a_newer_base() -> None:
    """What keeps failing for outer reasons is given up once something else is wanted."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]), base=NEWER)
    assert is_overtaken(read)
    plan = conclude(read, decide(read, NOW), GivenUp("RegistryUnreachable", "refused"), NOW)
    assert plan.status["builds"][0]["reason"] == "Superseded"
    assert plan.status["bases"][0]["latestDigest"] == NEWER
    assert not is_overtaken(facts(built_on(OLD, builds=[build(1, "Building", NEW)]), base=NEW))


def test_base_that_went_back_leaves_no_reason_to_rebuild() -> None:
    """With policy Manual: the base moves and moves back; the image is current, and nothing is due."""
    manual: dict[str, Any] = {"rebuild": {"policy": "Manual"}}
    outdated = decide(facts(built_on(OLD), source=STANDING_ON_OLD, **manual), NOW)
    back = decide(facts({**outdated.status}, base=OLD, source=STANDING_ON_OLD, **manual), NOW)
    assert back.status["phase"] == "Current"
    assert "rebuild" not in back.status
    assert "changedAt" not in back.status["bases"][0]


def test_request_to_look_is_answered_in_every_state() -> None:
    """`slipway.dev/reconcile` gets its entry whatever was found."""
    look = Request("reconcile", NOW)
    manual: dict[str, Any] = {"rebuild": {"policy": "Manual"}}
    for read in (
        facts(built_on(OLD), source=STANDING_ON_OLD, requests=(look,), **manual),
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
    manual: dict[str, Any] = {"rebuild": {"policy": "Manual"}}
    plan = decide(facts(built_on(OLD), source=STANDING_ON_OLD, **manual), NOW)
    assert plan.status["phase"] == "Outdated"
    assert isinstance(plan.outcome, Settled)
    assert "slipway.dev/rebuild" in plan.outcome.message
    assert plan.status["rebuild"]["reasons"][0]["type"] == "Base"
    asked = decide(facts(built_on(OLD), source=STANDING_ON_OLD, requests=(ASKED,), **manual), NOW)
    assert asked.status["phase"] == "Building"


def test_outdated_image_does_not_churn() -> None:
    """Looking again changes neither status nor message, so an unchanged image writes nothing."""
    manual: dict[str, Any] = {"rebuild": {"policy": "Manual"}}
    first = decide(facts(built_on(OLD), source=STANDING_ON_OLD, **manual), NOW)
    later = NOW + timedelta(hours=1)
    second = decide(facts(dict(first.status), source=STANDING_ON_OLD, **manual), later)
    assert (second.status, second.outcome) == (first.status, first.outcome)


def test_taken_tag_moves_the_build_to_the_next_number() -> None:
    """A tag that somebody else pushed is never overwritten."""
    read = facts(built_on(OLD, builds=[build(1, "Building", NEW)]))
    plan = conclude(read, decide(read, NOW), NumberTaken(4), NOW)
    assert plan.status["builds"][0]["number"] == 4
    assert plan.status["builds"][0]["phase"] == "Building"


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
