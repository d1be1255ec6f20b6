"""What is decided while a build from source is under way."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from slipway.build.builders import contract
from slipway.build.evidence import Doubt
from slipway.engine.outcome import Settled, Waiting
from slipway.engine.requests import Request
from slipway.kinds.managedimage.decide import decide
from slipway.kinds.managedimage.facts import (
    BeginAction,
    CancelAction,
    NotStarted,
    PromoteAction,
    Pushed,
    RenumberAction,
    Running,
    Sight,
    StartAction,
    TagTaken,
    Unclear,
    UnknownBase,
)
from slipway.kinds.managedimage.situation import ImagePlan, Situation
from slipway.kinds.managedimage.underway import renumbered
from slipway.kinds.managedimage.words import CANCEL, REBUILD
from tests.unit.kinds.managedimage.sources import (
    FAILED,
    LATER,
    PUSH,
    RESULT,
    RUN,
    RUNNING,
    base,
    began,
    built,
    facts,
    failing,
    follow,
    status_of,
)
from tests.unit.kinds.managedimage.world import ASKED, BASE, NEW, NEWER, NOW, OLD, REPOSITORY, digest

UNDER_WAY = began(facts())
DONE = Pushed(RESULT, None, is_unchanged=False)
DOUBT = Pushed(RESULT, Doubt("BaseNotAdopted", "other layers"), is_unchanged=False)
DOWN = Unclear("BuilderUnreachable", "no answer", timedelta(seconds=15))
NOT_TAKEN = Unclear("SecretNotFound", "no Secret github", timedelta(seconds=15), is_unsent=True)
REFUSED = Unclear("KubernetesRefused", "exceeded quota", timedelta(seconds=15))
UNTOLD = Unclear("OutcomeUnknown", "the runs do not tell", timedelta(minutes=5), for_person=True)
CANCELLED = Running(RUN, contract.Cancelled())
UNKNOWN = Running(RUN, contract.Unknown("nobody tells"))
CANCEL_IT = Request(CANCEL, NOW, by="ann")
NOT_FOUND = UnknownBase(BASE, Waiting("WarehouseNotReady", "not found yet"))
SLIM: dict[str, Any] = {"source": {"git": {"url": "https://git.example.com/shop.git"}, "target": "slim"}}
ELSEWHERE: dict[str, Any] = {"image": {"repository": "registry.example.com/new/api", "tag": "1.4.0-{build}"}}
FREEZE = {"from": "2026-11-20T00:00:00Z", "until": "2026-12-01T00:00:00Z", "reason": "year end"}


IGNORED: dict[str, Any] = {"rebuild": {"on": {"source": "Ignore"}}}


def rebuild(**more: Any) -> dict[str, Any]:
    return {"rebuild": more}


def newest(plan: ImagePlan) -> tuple[str, str | None]:
    """Phase and reason of the newest build."""
    build = plan.status["builds"][0]
    return build["phase"], build.get("reason")


@pytest.mark.parametrize(
    ("sentence", "sight", "phase", "reason", "action"),
    [
        ("it is written down, and not started", NotStarted(), "Building", None, StartAction),
        ("it runs", RUNNING, "Building", None, None),
        ("nobody tells how it goes", DOWN, "Building", None, None),
        ("nobody can tell", UNKNOWN, "Building", None, None),
        ("it is in the registry", DONE, "Succeeded", None, PromoteAction),
        ("somebody else has its tag", TagTaken(), "Building", None, RenumberAction),
        ("it failed", FAILED, "Failed", "BuildFailed", None),
        ("somebody else cancelled it", CANCELLED, "Failed", "Cancelled", None),
        ("it is not on its base", DOUBT, "Failed", "BaseNotAdopted", None),
    ],
)
def test_verdict(
    sentence: str, sight: Sight, phase: str, reason: str | None, action: type[object] | None
) -> None:
    """Each sight of a build leads to one thing."""
    plan = follow(UNDER_WAY, sight)
    assert newest(plan) == (phase, reason), sentence
    assert (None if plan.actions is None else type(plan.actions)) is action, sentence


@pytest.mark.parametrize("sight", [RUNNING, NotStarted(), UNKNOWN, DOWN])
def test_build_that_goes_on_changes_no_status(sight: Sight) -> None:
    """A build costs a status when it begins and one when it ends."""
    assert follow(UNDER_WAY, sight).status == {
        key: value for key, value in UNDER_WAY.items() if key != "observedGeneration"
    }


def test_build_that_is_plainly_wanted_is_current_at_once() -> None:
    """No status in between says only that it has ended."""
    plan = follow(UNDER_WAY, DONE)
    assert isinstance(plan.outcome, Settled)
    assert plan.status["phase"] == "Current"
    image = {"reference": f"{REPOSITORY}:1.4.0-1", "digest": RESULT, "build": 1}
    assert plan.status["image"] == {**image, "createdAt": "2026-11-21T09:00:00Z"}
    assert "rebuild" not in plan.status


def test_build_that_was_asked_for_is_current_at_once_too() -> None:
    """Its key has the request in it, which is answered by then."""
    status = began(facts(built(), requests=(ASKED,)), number=2)
    assert isinstance(follow(status, DONE).outcome, Settled)


@pytest.mark.parametrize(
    ("wanted", "phase", "events"),
    [
        ("Require", "Failed", ["BuildFailed"]),
        ("Warn", "Succeeded", ["BaseNotAdopted", "BuildSucceeded"]),
        ("Ignore", "Succeeded", ["BaseNotAdopted", "BuildSucceeded"]),
    ],
)
def test_result_that_is_not_proven(wanted: str, phase: str, events: list[str]) -> None:
    """Required, it ends the build for good, as another attempt would come to the same; else it is told."""
    plan = follow(UNDER_WAY, DOUBT, verify={"baseAdopted": wanted})
    assert newest(plan)[0] == phase
    assert [note.reason for note in plan.events] == events
    assert (plan.actions is None) is (phase == "Failed")
    tried = (plan.status.get("rebuild") or {}).get("tried", [])
    assert tried == ([UNDER_WAY["builds"][0]["key"]] if phase == "Failed" else [])


@pytest.mark.parametrize(
    ("sentence", "given_up", "status", "bases", "more"),
    [
        ("the base moved", True, UNDER_WAY, (base(NEWER),), {}),
        ("the branch moved", True, UNDER_WAY, (), {"commit": PUSH}),
        ("the spec asks for another build", True, UNDER_WAY, (), SLIM),
        ("nothing moved", False, UNDER_WAY, (), {}),
        ("a move that is only told", False, UNDER_WAY, (base(NEWER),), rebuild(on={"base": "Notify"})),
        ("a push that is ignored", False, UNDER_WAY, (), {"commit": PUSH, **IGNORED}),
        ("a person decides", False, UNDER_WAY, (base(NEWER),), rebuild(policy="Manual")),
        ("it is suspended", False, UNDER_WAY, (base(NEWER),), {"suspend": True}),
        ("a base is not found", False, UNDER_WAY, (NOT_FOUND,), {}),
        ("another could not begin yet", False, UNDER_WAY, (base(NEWER),), rebuild(freezes=[FREEZE])),
        ("a request alone", False, UNDER_WAY, (), {"requests": (ASKED,)}),
    ],
)  # fmt: skip
def test_build_is_given_up_for_newer_inputs(
    sentence: str, *, given_up: bool, status: dict[str, Any], bases: tuple[Any, ...], more: dict[str, Any]
) -> None:
    """Only for what leads to another build, and could begin it now: else the image would wait longer."""
    plan = follow(status, RUNNING, *bases, **more)
    assert (newest(plan) == ("Failed", "Superseded")) is given_up, sentence
    assert isinstance(plan.actions, CancelAction) is given_up, sentence
    if given_up:
        assert not (plan.status.get("rebuild") or {}).get("tried")
        assert plan.status["builds"][0]["message"].startswith(("newer inputs are there: ", "the spec asks"))


def test_what_took_a_place_is_not_given_up_itself() -> None:
    """However often the base moves, every second build comes to its end."""
    ended = status_of(follow(UNDER_WAY, RUNNING, base(NEWER)))
    second = began(facts(ended, base(NEWER)), number=2)
    assert newest(follow(second, RUNNING, base(OLD))) == ("Building", None)


def test_build_that_is_taken_up_again_is_not_given_up_a_second_time() -> None:
    """A base that goes to and fro keeps no image from being built."""
    ended = status_of(follow(UNDER_WAY, RUNNING, base(NEWER)))
    again = began(facts(ended, base(NEW)))
    assert again["builds"][0]["attempts"] == 2
    assert newest(follow(again, RUNNING, base(NEWER))) == ("Building", None)


def test_build_after_one_that_failed_may_be_given_up() -> None:
    """Whoever mends the Dockerfile need not wait for another attempt at the old one."""
    again = began(facts(failing(UNDER_WAY)))
    assert newest(follow(again, RUNNING, commit=PUSH)) == ("Failed", "Superseded")


def test_inputs_that_failed_before_give_nothing_up() -> None:
    """They would not be built."""
    status = UNDER_WAY
    for _ in range(2):
        status = began(facts(failing(status)), LATER)
    status = began(facts(failing(status), base(NEWER)), LATER, number=2)
    assert newest(follow(status, RUNNING, base(NEW))) == ("Building", None)


def test_person_cancels_a_build() -> None:
    """It is called back, answered, and not begun again until somebody asks."""
    plan = follow(UNDER_WAY, RUNNING, requests=(CANCEL_IT,))
    assert newest(plan) == ("Cancelled", "Cancelled")
    assert plan.status["builds"][0]["message"] == "cancelled by ann"
    assert isinstance(plan.actions, CancelAction)
    assert plan.actions.run == RUN
    answers = [(one["verb"], one["result"]) for one in plan.status["handledRequests"]]
    assert answers == [(CANCEL, "Cancelled")]
    assert decide(facts(status_of(plan)), LATER).status["phase"] == "Failed"
    asked = decide(facts(status_of(plan), requests=(Request(REBUILD, LATER),)), LATER)
    assert isinstance(asked.actions, BeginAction)


def test_cancellation_is_for_what_was_asked_before_too() -> None:
    """A request that waited for the end of the build does not begin it anew."""
    plan = follow(UNDER_WAY, RUNNING, requests=(ASKED, replace(CANCEL_IT, at=LATER)))
    answers = [(one["verb"], one["result"]) for one in plan.status["handledRequests"]]
    assert answers == [(CANCEL, "Cancelled"), (REBUILD, "Cancelled")]


@pytest.mark.parametrize(
    ("sentence", "sight", "arguments"),
    [("another build is named", RUNNING, {"build": "7"}), ("it was pushed by then", DONE, {})],
)
def test_cancellation_that_is_not_for_this_build(
    sentence: str, sight: Sight, arguments: dict[str, str]
) -> None:
    """What was pushed may have its floating tags already; the next run answers."""
    plan = follow(UNDER_WAY, sight, requests=(replace(CANCEL_IT, arguments=arguments),))
    assert newest(plan)[0] in {"Building", "Succeeded"}, sentence
    assert not plan.status["handledRequests"], sentence


@pytest.mark.parametrize(
    ("sentence", "minutes", "sight", "phase", "reason"),
    [
        ("within its time", 34, RUNNING, "Building", None),
        ("over its time", 35, RUNNING, "Failed", "BuildTimedOut"),
        ("it has failed by then", 60, FAILED, "Failed", "BuildFailed"),
        ("nobody tells, within its time", 34, DOWN, "Building", None),
        ("nobody tells, over its time", 35, DOWN, "Failed", "OutcomeUnknown"),
        ("nobody takes it, for a moment", 4, NOT_TAKEN, "Building", None),
        ("nobody takes it", 5, NOT_TAKEN, "Failed", "SecretNotFound"),
        ("it is refused, for a moment", 4, NotStarted(REFUSED), "Building", None),
        ("it is refused", 5, NotStarted(REFUSED), "Failed", "KubernetesRefused"),
        ("not started yet", 4, NotStarted(), "Building", None),
        ("never started", 5, NotStarted(), "Failed", "RunnerFailed"),
    ],
)
def test_time_out(sentence: str, minutes: int, sight: Sight, phase: str, reason: str | None) -> None:
    """A build may take its time-out, and a little, for its builder ends it by itself."""
    plan = follow(UNDER_WAY, sight, now=NOW + timedelta(minutes=minutes))
    assert newest(plan) == (phase, reason), sentence
    assert isinstance(plan.actions, CancelAction) is (reason in {"BuildTimedOut", "OutcomeUnknown"}), sentence
    failures = plan.status["builds"][0].get("failures")
    assert failures == (1 if reason in {"BuildTimedOut", "BuildFailed"} else None), sentence


@pytest.mark.parametrize(
    ("sight", "is_tried"), [(DOWN, False), (UNTOLD, True)], ids=["it may be found later", "it never can be"]
)
def test_only_what_nothing_can_ever_tell_is_not_begun_again(sight: Unclear, is_tried: bool) -> None:
    """A host that is away says nothing of the inputs; a run that looks like others may be at work."""
    status = status_of(follow(UNDER_WAY, sight, now=NOW + timedelta(minutes=35)))
    assert bool((status.get("rebuild") or {}).get("tried")) is is_tried
    assert sight.message in status["builds"][0]["message"]
    after = decide(facts(status), NOW + timedelta(minutes=36))
    assert isinstance(after.actions, BeginAction) is not is_tried
    assert (after.outcome.reason == "OutcomeUnknown") is is_tried


@pytest.mark.parametrize("sight", [NOT_TAKEN, NotStarted(REFUSED)], ids=["not asked", "refused"])
def test_attempt_that_could_not_be_started_says_why(sight: Sight) -> None:
    """The reason stays for a person to read until the next attempt."""
    status = status_of(follow(UNDER_WAY, sight, now=NOW + timedelta(minutes=5)))
    told = sight.message if isinstance(sight, Unclear) else REFUSED.message
    assert told in status["builds"][0]["message"]
    after = decide(facts(status), NOW + timedelta(minutes=5, seconds=1))
    assert after.outcome.reason == "Retrying"
    assert told in after.outcome.message


@pytest.mark.parametrize("sight", [RUNNING, DONE, NotStarted()])
@pytest.mark.parametrize("role", ["Base", "External"])
def test_image_that_is_only_tracked_from_now_on_gives_its_build_up(role: str, sight: Sight) -> None:
    """Also without `build` in the spec, and whatever was pushed: its tags are those of others now."""
    plan = follow(UNDER_WAY, sight, base(OLD, f"{REPOSITORY}:1"), role=role, build=None, source=None)
    assert newest(plan) == ("Failed", "Superseded")
    assert isinstance(plan.actions, CancelAction)
    assert "image" not in plan.status


def test_build_whose_tag_is_taken_goes_on_under_the_next_number() -> None:
    """It is another attempt to whoever builds it, and the same build to whoever asked; an Event says why."""
    plan = renumbered(Situation(facts(UNDER_WAY, sight=TagTaken(), requests=(ASKED,)), LATER), 5)
    (before,), (after,) = UNDER_WAY["builds"], plan.status["builds"]
    reference, started = f"{REPOSITORY}:1.4.0-5", "2026-11-21T10:00:00Z"
    assert after == {**before, "number": 5, "reference": reference, "startedAt": started}
    assert plan.actions is None
    assert [(note.reason, note.type) for note in plan.events] == [("TagTaken", "Warning")]
    assert "Tag 1.4.0-1 is there, and nothing proves that build 1 pushed it" in plan.events[0].message
    assert plan.outcome == Waiting("Building", plan.outcome.message, timedelta(0))


def test_build_whose_tag_is_taken_can_be_cancelled() -> None:
    """There is no run to call back."""
    plan = follow(UNDER_WAY, TagTaken(), requests=(CANCEL_IT,))
    assert newest(plan) == ("Cancelled", "Cancelled")


GITHUB: dict[str, Any] = {
    "type": "GitHub",
    "github": {"owner": "a", "repository": "b", "workflow": "c.yml", "secretRef": {"name": "d"}},
}


@pytest.mark.parametrize(("before", "after"), [({"type": "Job"}, GITHUB), (GITHUB, {"type": "Job"})])
def test_build_is_given_up_where_another_builder_is_named(
    before: dict[str, Any], after: dict[str, Any]
) -> None:
    """Its run is ended by whoever it was given to, and the next build is given to the new one."""
    status = began(facts(build=before))
    assert ("pipeline" in status["builds"][0]) is (before is GITHUB)
    plan = follow(status, RUNNING, build=after, generation=2)
    assert newest(plan) == ("Failed", "Superseded")
    assert isinstance(plan.actions, CancelAction)
    assert plan.actions.run == RUN
    assert "pipeline" not in plan.status["builds"][0]
    anew = began(facts(status_of(plan), build=after), number=2)["builds"][0]
    assert (anew["number"], "pipeline" in anew) == (2, after is GITHUB)


def test_run_that_nobody_tells_of_now_is_known_by_the_status() -> None:
    """Cancelled while its server is not asked, it can be named all the same."""
    status = status_of(follow(began(facts(build=GITHUB)), RUNNING, build=GITHUB))
    plan = follow(status, DOWN, requests=(CANCEL_IT,), build=GITHUB)
    assert isinstance(plan.actions, CancelAction)
    assert plan.actions.run == RUN


def test_result_in_another_repository_than_the_spec_names_is_not_the_image() -> None:
    """The build is given up, although something has its tag there."""
    assert newest(follow(UNDER_WAY, DONE, **ELSEWHERE)) == ("Failed", "Superseded")


def test_build_is_finished_although_suspended() -> None:
    """Nothing new is begun then, and what is there is taken."""
    plan = follow(UNDER_WAY, DONE, suspend=True)
    assert plan.status["image"]["digest"] == RESULT
    assert decide(facts(status_of(plan), suspend=True), NOW).status["phase"] == "Suspended"


def test_unchanged_result_moves_no_tag() -> None:
    """It is recorded, with what it gave."""
    status = began(facts(built(), base(NEWER)), number=2)
    plan = follow(status, Pushed(digest("alike"), None, is_unchanged=True), base(NEWER))
    assert newest(plan) == ("Unchanged", None)
    assert plan.status["builds"][0]["digest"] == digest("alike")
    assert plan.actions is None


def test_push_while_the_last_attempt_is_over_is_looked_at_anew() -> None:
    """The result is taken, and the next run begins a build of what came meanwhile."""
    plan = follow(UNDER_WAY, DONE, base(NEWER))
    assert (plan.status["phase"], plan.status["image"]["digest"]) == ("Building", RESULT)
    assert plan.outcome == Waiting("Building", plan.outcome.message, timedelta(0))
    assert isinstance(decide(facts(status_of(plan), base(NEWER)), NOW).actions, BeginAction)
