"""What is decided about an image that is built from source while nothing is under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from slipway.build.builders import contract
from slipway.engine.outcome import Outcome, Settled, Stalled, Waiting
from slipway.engine.requests import Request
from slipway.kinds.managedimage.beginning import cannot_begin
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import (
    BeginAction,
    Facts,
    KnownBase,
    PromoteAction,
    Pushed,
    Running,
    UnknownBase,
)
from slipway.kinds.managedimage.situation import Situation
from slipway.kinds.managedimage.words import CANCEL, REBUILD
from tests.unit.kinds.managedimage.sources import (
    COMMIT,
    LATER,
    PUSH,
    RESULT,
    RUN,
    base,
    began,
    built,
    facts,
    failing,
    follow,
    status_of,
)
from tests.unit.kinds.managedimage.world import ASKED, BASE, NEW, NEWER, NOW, OLD, REPOSITORY, build, digest

EVICTED = Running(RUN, contract.Failed("RunnerFailed", "evicted", is_infrastructure=True))
OTHER = "registry.example.com/base/tools:1"
FLOATING: dict[str, Any] = {
    "image": {"repository": REPOSITORY, "tag": "1.4.0-{build}", "floatingTags": ["latest"]}
}


def rebuild(**more: Any) -> dict[str, Any]:
    return {"rebuild": more}


def due(plan_of: Facts, now: datetime = NOW) -> tuple[str, str, str]:
    """Phase, reason, and the sentence of the status."""
    plan = decide(plan_of, now)
    return plan.status["phase"], plan.outcome.reason, (plan.status.get("rebuild") or {}).get("message", "")


BUILT = built()
UNFOUND = UnknownBase(BASE, Waiting("WarehouseNotReady", "not found yet"))


@pytest.mark.parametrize(
    ("sentence", "read", "phase", "reason", "told"),
    [
        ("a turn is asked for", facts(), "Queued", "Queued", "waits for its turn: as many builds run as may"),
        ("it is current", facts(BUILT), "Current", "Current", ""),
        ("the commit is not known", facts(BUILT, commit=Waiting("WarehouseNotReady", "x")), "Waiting",
         "WarehouseNotReady", ""),
        ("the Dockerfile is no good", facts(BUILT, commit=Stalled("DockerfileUnreadable", "x")), "Failed",
         "DockerfileUnreadable", ""),
        ("a base is not found", facts(BUILT, UNFOUND), "Waiting", "WarehouseNotReady", ""),
        ("a base moved", facts(BUILT, base(NEWER)), "Queued", "Queued", "waits for its turn"),
        ("the branch moved", facts(BUILT, commit=PUSH), "Queued", "Queued", "waits for its turn"),
        ("a move of the base is ignored", facts(BUILT, base(NEWER), **rebuild(on={"base": "Ignore"})),
         "Current", "Current", ""),
        ("a move of the base is told", facts(BUILT, base(NEWER), **rebuild(on={"base": "Notify"})),
         "Outdated", "Outdated", "waits for a person: rebuild.on says Notify"),
        ("a push is ignored", facts(BUILT, commit=PUSH, **rebuild(on={"source": "Ignore"})),
         "Current", "Current", ""),
        ("a push is told", facts(BUILT, commit=PUSH, **rebuild(on={"source": "Notify"})),
         "Outdated", "Outdated", "waits for a person: rebuild.on says Notify"),
        ("a person decides", facts(BUILT, base(NEWER), **rebuild(policy="Manual")),
         "Outdated", "Outdated", "waits for a person: rebuild.policy is Manual"),
        ("a person decided", facts(BUILT, base(NEWER), requests=(ASKED,), **rebuild(policy="Manual")),
         "Queued", "Queued", "waits for its turn"),
        ("it is delayed", facts(BUILT, base(NEWER), **rebuild(delay="1h")),
         "Waiting", "Delayed", "its delay of 1h ends at 2026-11-21T10:00:00Z"),
        ("a request passes the delay", facts(BUILT, base(NEWER), requests=(ASKED,), **rebuild(delay="1h")),
         "Queued", "Queued", "waits for its turn"),
        ("no window is open", facts(BUILT, base(NEWER), **rebuild(
            windows=[{"schedule": "0 2 * * *", "duration": "4h"}])), "Waiting", "OutsideWindow", ""),
        ("no window is open for a request either", facts(BUILT, requests=(ASKED,), **rebuild(
            windows=[{"schedule": "0 2 * * *", "duration": "4h"}])), "Waiting", "OutsideWindow", ""),
        ("it is frozen", facts(BUILT, base(NEWER), **rebuild(freezes=[{"from": "2026-11-20T00:00:00Z",
            "until": "2026-12-01T00:00:00Z", "reason": "year end"}])), "Waiting", "Frozen", "year end"),
        ("it is suspended", facts(BUILT, base(NEWER), suspend=True), "Suspended", "Suspended", ""),
        ("the spec asks for another build", facts(BUILT, source={"git": {
            "url": "https://git.example.com/shop.git"}, "target": "slim"}), "Queued", "Queued", "its turn"),
        ("another base in the spec", facts(BUILT, bases=[{"reference": BASE}]), "Queued", "Queued", "turn"),
    ],
)  # fmt: skip
def test_verdict(sentence: str, read: Facts, phase: str, reason: str, told: str) -> None:
    """Each situation has its phase, its reason, and a sentence in the status where a build is due."""
    found = due(read)
    assert found[:2] == (phase, reason), sentence
    assert told in found[2], sentence


@pytest.mark.parametrize(
    ("sentence", "uses", "on", "phase"),
    [
        ("the final base", ["Final"], "base", "Current"),
        ("a builder stage", ["Builder"], "builderStage", "Current"),
        ("files are copied", ["CopyFrom"], "copyFrom", "Current"),
        ("the syntax counts as a builder", ["Syntax"], "builderStage", "Current"),
        ("the strongest of two uses counts", ["CopyFrom", "Final"], "copyFrom", "Queued"),
    ],
)
def test_reaction_is_that_of_the_use(sentence: str, uses: list[str], on: str, phase: str) -> None:
    """What a base is used for decides what its move leads to."""
    used = [{"stage": "0", "kind": kind} for kind in uses]

    def of(found: str) -> KnownBase:
        return replace(base(found), uses=_uses(used))

    status = built(of(NEW))
    assert due(facts(status, of(NEWER), **rebuild(on={on: "Ignore"})))[0] == phase, sentence


def _uses(used: list[dict[str, str]]) -> Any:
    document = {"bases": [{"reference": BASE, "uses": used}]}
    return facts(document).image.status.bases[0].uses


@pytest.mark.parametrize(
    ("sentence", "policy", "events"),
    [("Notify tells", "Notify", ["BaseMoved", "Outdated"]), ("Manual does not", "Manual", ["BaseMoved"])],
)
def test_each_change_is_told_once(sentence: str, policy: str, events: list[str]) -> None:
    """Looked at again, nothing is told and nothing is written."""
    first = decide(facts(BUILT, base(NEWER), **rebuild(policy=policy)), NOW)
    assert [note.reason for note in first.events] == events, sentence
    second = decide(facts(status_of(first), base(NEWER), **rebuild(policy=policy)), LATER)
    assert (second.events, second.status, second.outcome) == ((), first.status, first.outcome)


def test_more_changes_than_a_status_tells_are_told_once_too() -> None:
    """Those that do not stand in the status are no news each time."""
    references = [f"registry.example.com/base/{name}:1" for name in "abcdefgh"]
    status = built(*(base(NEW, one) for one in references))
    moved = [base(NEWER, one) for one in references]
    first = decide(facts(status, *moved, **rebuild(policy="Notify")), NOW)
    again = decide(facts(status_of(first), *moved, **rebuild(policy="Notify")), LATER)
    assert (again.events, again.status) == ((), first.status)


@pytest.mark.parametrize(("attempt", "pause"), [(1, 30), (2, 60), (3, 120), (4, 240), (7, 1800), (40, 1800)])
def test_attempts_are_further_and_further_apart(attempt: int, pause: int) -> None:
    """30 s, doubled with each attempt, up to half an hour."""
    status = failing(began(facts()), EVICTED)
    status["builds"][0]["attempts"] = attempt
    plan = decide(facts(status), NOW)
    assert plan.outcome == Waiting(
        "Retrying", plan.outcome.message, timedelta(seconds=pause), is_trouble=True
    )
    assert plan.status["rebuild"]["message"].startswith("waits until the next attempt")
    assert isinstance(decide(facts(status), NOW + timedelta(seconds=pause)).actions, BeginAction)


def test_status_tells_how_often_the_build_that_is_due_was_tried() -> None:
    """From when it is begun to when nothing is due any more; another build is counted anew."""
    assert "attempts" not in decide(facts(), NOW).status["rebuild"]
    status: dict[str, Any] = {}
    for attempt in (1, 2, 3):
        status = began(facts(status), LATER)
        assert status["rebuild"]["attempts"] == attempt
        status = failing(status)
        assert status["rebuild"]["attempts"] == attempt
        waiting = decide(facts(status), NOW).status
        assert waiting["rebuild"]["attempts"] == attempt
    assert waiting["phase"] == "Failed"
    assert "attempts" not in decide(facts(status, base(NEWER)), LATER).status["rebuild"]
    asked = facts(status, requests=(Request(REBUILD, LATER),))
    assert "attempts" not in decide(asked, LATER).status["rebuild"]
    again = began(asked, LATER, number=2)
    assert again["rebuild"]["attempts"] == 1
    done = Pushed(RESULT, None, is_unchanged=False)
    assert "attempts" not in (status_of(follow(again, done, now=LATER)).get("rebuild") or {})


def test_what_fails_by_itself_is_given_up_after_its_retries() -> None:
    """Two retries are three attempts at one build, under one number; then a person has to do something."""
    status: dict[str, Any] = {}
    for attempt in (1, 2, 3):
        status = failing(began(facts(status)))
        assert [(one["number"], one.get("attempts", 1)) for one in status["builds"]] == [(1, attempt)]
    plan = decide(facts(status), LATER)
    assert isinstance(plan.outcome, Stalled)
    assert plan.outcome.reason == "BuildFailed"
    assert "slipway.dev/rebuild" in plan.outcome.message
    assert plan.status["rebuild"]["message"].startswith("not tried again")
    assert isinstance(decide(facts(status, base(NEWER)), LATER).actions, BeginAction)


def test_failures_of_the_infrastructure_never_count() -> None:
    """Ten evictions later the same build is begun again."""
    status: dict[str, Any] = {}
    for _ in range(10):
        status = failing(began(facts(status)), EVICTED)
    assert not (status.get("rebuild") or {}).get("tried")
    assert isinstance(decide(facts(status), LATER).actions, BeginAction)


def test_what_a_person_asked_for_has_its_retries_under_policy_manual_too() -> None:
    """The request is answered when the first attempt begins; the second is for it as well."""
    manual = rebuild(policy="Manual")
    status = began(facts(BUILT, base(NEWER), requests=(ASKED,), **manual), number=2)
    status = failing(status, EVICTED, base(NEWER), **manual)
    for _ in range(2):
        assert isinstance(decide(facts(status, base(NEWER), **manual), LATER).actions, BeginAction)
        status = failing(began(facts(status, base(NEWER), **manual), LATER), EVICTED, base(NEWER), **manual)
    assert status["builds"][0]["attempts"] == 3


def test_request_for_what_is_there_is_another_build_and_has_its_retries() -> None:
    """The inputs are the same, the key is not; an eviction does not make the request forgotten."""
    status = began(facts(BUILT, requests=(ASKED,)), number=2)
    new, old = status["builds"]
    assert new["key"] != old["key"]
    status = failing(status, EVICTED)
    assert isinstance(decide(facts(status), LATER).actions, BeginAction)
    again = began(facts(status), LATER)["builds"][0]
    assert (again["number"], again["key"], again["attempts"]) == (2, new["key"], 2)


def test_request_after_a_build_that_was_given_up_has_its_retries() -> None:
    """That the inputs were tried before does not end what was asked for since."""
    status: dict[str, Any] = {}
    for _ in range(3):
        status = failing(began(facts(status)))
    status = failing(began(facts(status, requests=(ASKED,)), number=2), EVICTED)
    assert isinstance(decide(facts(status), LATER).actions, BeginAction)


def test_request_that_was_made_once_more_and_met_leaves_nothing_to_repeat() -> None:
    """The attempt that failed for the first one is nobody's wish any more."""
    status = failing(began(facts(requests=(ASKED,))), EVICTED)
    again = began(facts(status, requests=(Request(REBUILD, LATER),)), LATER, number=2)
    done = Pushed(RESULT, None, is_unchanged=False)
    current = status_of(follow(again, done, now=LATER))
    plan = decide(facts(current), LATER)
    assert (plan.status["phase"], plan.status) == ("Current", current)


def test_base_that_goes_back_is_promoted_not_built() -> None:
    """The floating tags are announced, then moved, with the image."""
    second = began(facts(BUILT, base(NEWER), **FLOATING), number=2)
    done = Pushed(digest("second"), None, is_unchanged=False)
    status = status_of(follow(second, done, base(NEWER), **FLOATING))
    announced = decide(facts(status, base(NEW), **FLOATING), NOW)
    assert (announced.status["phase"], announced.actions) == ("Building", None)
    plan = decide(facts(status_of(announced), base(NEW), **FLOATING), NOW)
    assert plan.actions == PromoteAction(RESULT, 1, ("latest",))
    assert (plan.status["image"]["build"], plan.status["phase"]) == (1, "Current")
    assert plan.status["source"]["builtCommit"] == COMMIT


def test_move_that_was_announced_and_taken_back_leaves_no_tag_behind() -> None:
    """Killed after the tags moved, and the base is where it was: they are moved back."""
    halfway = {**BUILT, "phase": "Building"}
    assert decide(facts(halfway, **FLOATING), NOW).actions == PromoteAction(RESULT, 1, ("latest",))


@pytest.mark.parametrize(
    ("sentence", "read", "wanted"),
    [
        ("new in the spec", facts(BUILT, generation=2, **FLOATING), True),
        ("asked for a look", facts(BUILT, requests=(Request("reconcile", NOW),), **FLOATING), True),
        ("seen to before", facts(BUILT, **FLOATING), False),
        ("there are none", facts(BUILT, generation=2), False),
    ],
)
def test_floating_tags_are_seen_to_without_a_build(sentence: str, read: Facts, wanted: bool) -> None:
    """A floating tag that the spec names from now on points to the image at once."""
    assert (decide(read, NOW).actions is not None) is wanted, sentence


def test_image_that_the_registry_has_lost_is_built_again() -> None:
    """Under its number, and after a pause: what was found cannot stay the image."""
    status = dict(BUILT)
    lost = {**status["builds"][0], "phase": "Failed", "reason": "ManifestNotFound"}
    read = facts({**status, "builds": [lost]})
    assert isinstance(decide(read, LATER).actions, BeginAction)
    assert began(read, LATER)["builds"][0]["number"] == 1


def test_unchanged_result_leaves_the_image_and_is_not_built_again() -> None:
    """The status says what it was built of; the base going on, and back, begins nothing by itself."""
    status = began(facts(BUILT, base(NEWER)), number=2)
    plan = follow(status, Pushed(digest("alike"), None, is_unchanged=True), base(NEWER))
    assert [one["phase"] for one in plan.status["builds"]] == ["Unchanged", "Succeeded"]
    assert plan.status["image"] == BUILT["image"]
    assert plan.status["bases"][0]["builtDigest"] == NEWER
    assert isinstance(plan.outcome, Settled)
    assert decide(facts(status_of(plan), base(NEWER)), LATER).actions is None


ALIKE = digest("alike")


def unchanged() -> dict[str, Any]:
    """The status once a build on NEWER gave what build 1 on NEW had given, and the base is back at NEW."""
    status = began(facts(BUILT, base(NEWER)), number=2)
    ended = status_of(follow(status, Pushed(ALIKE, None, is_unchanged=True), base(NEWER)))
    back = decide(facts(ended, base(NEW)), NOW)
    assert (back.status["phase"], back.status["image"]) == ("Current", BUILT["image"])
    return status_of(back)


def test_unchanged_build_whose_base_comes_back_is_not_repeated() -> None:
    """Away and back: what it was built of is settled, without a turn, and the image stays."""
    plan = decide(facts(unchanged(), base(NEWER), **FLOATING), LATER)
    assert plan.actions == PromoteAction(RESULT, 1, ("latest",))
    assert (plan.status["phase"], plan.status["image"]) == ("Current", BUILT["image"])
    assert plan.status["bases"][0]["builtDigest"] == NEWER
    assert [one["phase"] for one in plan.status["builds"]] == ["Unchanged", "Succeeded"]
    assert plan.status["source"]["digest"] == ALIKE
    assert decide(facts(status_of(plan), base(NEWER)), LATER).status["phase"] == "Current"


def test_unchanged_build_is_promoted_where_the_image_is_another_by_now() -> None:
    """What it pushed is in the registry, and nothing is built; it is the image from then on."""
    status = began(facts(unchanged(), base(OLD)), number=3)
    third = Pushed(digest("third"), None, is_unchanged=False)
    status = status_of(follow(status, third, base(OLD)))
    plan = decide(facts(status, base(NEWER)), LATER)
    assert plan.actions == PromoteAction(ALIKE, 2, ())
    assert plan.status["image"]["digest"] == ALIKE
    assert [(one["number"], one["phase"]) for one in plan.status["builds"]] == [
        (3, "Succeeded"),
        (2, "Succeeded"),
        (1, "Succeeded"),
    ]
    assert "sameAs" not in plan.status["builds"][1]


def test_what_is_exchanged_next_is_the_build_that_the_image_goes_back_to() -> None:
    """A branch that was reset: a rebase must not bring back what was pushed in between."""
    spec: dict[str, Any] = {"build": {"type": "Job", "baseChange": "RebaseOrRebuild"}}
    first = built(**spec)
    status = began(facts(first, commit=PUSH, **spec), number=2)
    second = Pushed(digest("second"), None, is_unchanged=False)
    status = status_of(follow(status, second, commit=PUSH, **spec))
    assert status["source"]["digest"] == digest("second")
    back = status_of(decide(facts(status, **spec), LATER))
    assert (back["source"]["digest"], back["source"]["baseDigest"]) == (RESULT, NEW)
    assert (back["source"]["commit"], back["source"]["builtCommit"]) == (COMMIT, COMMIT)
    begun = began(facts(back, base(NEWER), **spec), number=3)["builds"][0]
    assert (begun["method"], begun["sourceDigest"]) == ("Rebase", RESULT)


def test_build_from_source_ends_a_rebase_of_before() -> None:
    """With another build.type, what was under way ends: two would be under way else."""
    status = {**BUILT, "builds": [build(3, "Building", NEW)]}
    plan = decide(facts(status, base(NEWER), generation=2), NOW)
    assert [(one["phase"], one["reason"]) for one in plan.status["builds"]] == [("Failed", "Superseded")]


def test_request_to_cancel_what_is_not_under_way_is_answered() -> None:
    """It is too late, or too early."""
    plan = decide(facts(BUILT, requests=(Request(CANCEL, NOW),)), NOW)
    assert [(one["verb"], one["result"]) for one in plan.status["handledRequests"]] == [
        (CANCEL, "Superseded")
    ]


@pytest.mark.parametrize(
    ("sentence", "read", "told"),
    [
        ("suspended", {"suspend": True}, "waits until spec.suspend is false"),
        ("commit unknown", {"commit": Waiting("GitUnreachable", "x")}, "waits until it is known what is"),
    ],
)
def test_what_was_due_says_what_it_waits_for_now(sentence: str, read: dict[str, Any], told: str) -> None:
    """The sentence of another moment does not stay."""
    status = status_of(decide(facts(BUILT, base(NEWER), **rebuild(delay="1h")), NOW))
    rebuilt = decide(facts(status, base(NEWER), **read), NOW).status["rebuild"]
    assert rebuilt["message"].startswith(told), sentence
    assert "eligibleAt" not in rebuilt
    assert rebuilt["reasons"] == status["rebuild"]["reasons"]


def test_dockerfile_that_names_another_base_is_remembered_although_nobody_tells_it_yet() -> None:
    """The Dockerfile is read once for a commit: what it names stands in the status at once."""
    plan = decide(facts(BUILT, UnknownBase(OTHER, Waiting("WarehouseNotReady", "x")), commit=PUSH), NOW)
    assert [one["reference"] for one in plan.status["bases"]] == [OTHER]
    assert plan.status["source"]["commit"] == PUSH


def test_dockerfile_that_drops_a_base_drops_it_from_the_status() -> None:
    """And one that adds it again knows nothing of what it was built on."""
    status = built(base(NEW), base(OLD, OTHER))
    dropped = decide(facts(status, base(NEW), commit=PUSH), NOW)
    assert [one["reference"] for one in dropped.status["bases"]] == [BASE]
    added = decide(facts(status_of(dropped), base(NEW), base(OLD, OTHER), commit=PUSH), NOW)
    assert "builtDigest" not in added.status["bases"][1]


def test_bases_of_another_spec_do_not_pass_for_those_of_this_one() -> None:
    """The Dockerfile of the new spec could not be read: it is read again, and the old bases are not used."""
    plan = decide(facts(BUILT, commit=Waiting("GitUnreachable", "x"), generation=2), NOW)
    assert "commit" not in plan.status["source"]
    assert plan.status["source"]["builtCommit"] == COMMIT


def test_warehouse_of_the_spec_that_goes_on_to_another_tag_is_a_move() -> None:
    """Of several bases too: each is known by its repository then."""
    spec: dict[str, Any] = {
        "bases": [{"warehouse": {"name": name, "subscription": "base"}} for name in ("one", "two")]
    }
    first, second = f"{BASE}.1", f"{BASE}.2"
    status = built(base(NEW, first), base(OLD, OTHER), **spec)
    moved = (base(NEWER, second), base(OLD, OTHER))
    plan = decide(facts(status, *moved, **rebuild(coordinationWindow="0s"), **spec), NOW)
    assert isinstance(plan.actions, BeginAction)
    assert [one["builtDigest"] for one in plan.status["bases"]] == [NEW, OLD]


def test_nobody_who_can_build_is_no_build() -> None:
    """The status says who can help, and no build is written down that would keep a turn."""
    problem = Stalled("BuilderNotConfigured", "set SLIPWAY_BUILDER_IMAGE")
    plan = cannot_begin(Situation(facts(), NOW), problem)
    assert (plan.outcome, plan.status["phase"]) == (problem, "Failed")
    assert plan.status["rebuild"]["message"] == "cannot begin: set SLIPWAY_BUILDER_IMAGE"


def test_outcome_of_every_wait_is_the_same_when_looked_at_again() -> None:
    """The same facts lead to the same status, however late it is."""
    for read in (facts(), facts(BUILT, base(NEWER)), facts(BUILT, UNFOUND), facts(BUILT, suspend=True)):
        first = decide(read, NOW)
        again = decide(replace(read, image=_with(read, first.status)), NOW + timedelta(minutes=1))
        assert _told(again.outcome) == _told(first.outcome)
        assert again.status == first.status


def _with(read: Facts, status: Any) -> Any:
    return facts(dict(status)).image.model_copy(update={"spec": read.image.spec})


def _told(outcome: Outcome) -> tuple[str, str]:
    return outcome.reason, outcome.message
